"""What of a message is a person's and nobody's severity: taken out before it leaves the house.

Addresses, telephone, card and account numbers, machines' addresses, what stands behind the "?" of a
web address, and names where they can be told: after a greeting, below a closing, and those that
the mail names as its sender's. What is left reads as before, with a word in brackets in each place.
A name in the middle of a sentence stays: nothing tells it from a shop's.
"""

import re
from collections.abc import Iterable

# A web address keeps its page, which tells what is down; who was there is in the rest.
_URL = re.compile(
    r"\b(https?://)(?:[^\s/@<>\"']{1,200}@)?([^\s?#<>\"']{1,500})(?:[?#][^\s<>\"']*)?"
)
_MAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}")
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b")
_IPV4 = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_IPV6 = re.compile(
    r"\b(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,5})?|"
    r"\b(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\b",
    re.IGNORECASE,
)
# Cards have 13 to 19 digits, Norwegian accounts and identity numbers 11, telephones 8 or more.
_PHONE = re.compile(r"(?<![\w.,])(?:\+|00)\d(?:[ ()/.-]{0,2}\d){6,14}(?![\w])")
_LONG = re.compile(r"(?<![\w+])\d(?:[ .-]?\d){7,18}(?![\w])")
# Written as a name, whatever the case of what stands around it: "HEI ALT ER NEDE" greets nobody.
_WORD = r"(?-i:[A-ZÆØÅÄÖÜÉ][a-zæøåäöüßéèáóíü'’-]+)"
_NAME = rf"{_WORD}(?:[ -]{_WORD}){{0,3}}"
_GREETINGS = """
hei heisann hallo halla hello hi hey dear kjære kære hej tjena liebe lieber god_morgen god_dag
god_kveld good_morning good_afternoon good_evening guten_tag guten_morgen sehr_geehrte sehr_geehrter
"""
_CLOSINGS = """
hilsen helsing mvh vh mfg regards best cheers sincerely hälsningar beste_hilsener vennlig_hilsen
med_vennlig_hilsen venleg_helsing med_venleg_helsing venlig_hilsen med_venlig_hilsen vänlig_hälsning
vänliga_hälsningar med_vänlig_hälsning med_vänliga_hälsningar kind_regards best_regards warm_regards
yours_sincerely yours_truly yours_faithfully mit_freundlichen_grüßen viele_grüße beste_grüße
liebe_grüße
"""


def _either(words: str) -> str:
    longest_first = sorted(words.split(), key=len, reverse=True)
    return "|".join(one.replace("_", " ") for one in longest_first)


_GREETING = re.compile(
    rf"^(\W*(?:{_either(_GREETINGS)})(?: (?:herr|frau|mr|mrs|ms)\.?)?) {_NAME}"
    r"(?=\s*[,!.:–-]|\s*$)",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = re.compile(rf"^\W*(?:{_either(_CLOSINGS)})\b[,.!:]?[ \t]*", re.IGNORECASE)
# So many lines below a closing, of so many words, are who wrote it.
_SIGNED = 5
_WORDS = 5


def masked(text: str, *, names: Iterable[str] = ()) -> str:
    """Return a text without what is a person's; ``names`` are known to be somebody's."""
    text = _URL.sub(r"\1\2", text)
    text = _MAIL.sub("[address]", text)
    text = _IBAN.sub(lambda found: "[number]" if _digits(found[0]) >= 9 else found[0], text)
    text = _IPV6.sub("[machine]", _IPV4.sub("[machine]", text))
    text = _LONG.sub("[number]", _PHONE.sub("[phone]", text))
    text = _GREETING.sub(r"\1 [name]", text)
    text = _without_signatures(text)
    words = {word for name in names for word in re.findall(r"\w[\w'’-]+", name) if len(word) > 2}
    if words:
        either = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        text = re.sub(rf"\b(?:{either})\b", "[name]", text, flags=re.IGNORECASE)
    return text


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)


def _without_signatures(text: str) -> str:
    """Put a word for what stands behind and below a closing, where it looks like a name."""
    lines = text.split("\n")
    below = 0
    for number, line in enumerate(lines):
        closing = _CLOSING.match(line)
        rest = line[closing.end() :].strip() if closing else ""
        if closing and (not rest or _looks_signed(rest)):
            below = _SIGNED
            lines[number] = f"{closing[0].rstrip()} [name]" if rest else line
        elif below and line.strip():
            below -= 1
            # A sentence below it is a postscript, and may be the fault itself.
            lines[number] = "[name]" if _looks_signed(line) else line
    return "\n".join(lines)


def _looks_signed(line: str) -> bool:
    words = line.split()
    return len(words) <= _WORDS and all(_is_named(word) for word in words)


def _is_named(word: str) -> bool:
    return not word[0].islower() and word[-1] not in "!?" and (len(word) < 4 or not word.isupper())
