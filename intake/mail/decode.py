"""Bytes to text, leniently: a letter is never dropped, and nothing raises."""

import binascii
import re
from email.message import Message

from intake.mail.charset import codecs_of, decoded, mostly_decoded
from intake.mail.tree import base64_piece

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]+")
# RFC 2047; RFC 2231, section 5 puts a language behind the charset. Bounded, as each may be broken.
_WORD = re.compile(
    r"=\?(?P<charset>[^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?(?P<how>[bBqQ])\?"
    r"(?P<text>[^?]{0,3000}(?:\?(?!=)[^?]{0,200}){0,10})\?="
)
_MOST_WORDS = 500
# Charsets that are declared where nobody thought of any.
_SAY_NOTHING = frozenset(
    {"", "us-ascii", "ascii", "unknown-8bit", "utf-8", "utf8", "x-unknown", "unknown", "default"}
)
_BROKEN = re.compile("[\udc80-\udcff]+")
_LONGEST_MIXED = 200_000


def text_of(data: bytes, charset: str | None) -> str:
    """Return the text of ``data`` by its declared charset, else UTF-8, else Windows-1252.

    Guessing by statistics was tried and found wrong for every Norwegian sample in one byte a
    letter, so nothing is guessed.
    """
    name = (charset or "").strip().strip("\"'").lower()
    declared = "" if name in _SAY_NOTHING else name
    text = decoded(data, declared) if declared else None
    if text is not None:
        return text.removeprefix("\ufeff")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        pass
    # A charset of many bytes a letter, and one of them broken.
    text = mostly_decoded(data, declared) if declared else None
    return _utf8_or_1252(data) if text is None or declared.startswith("utf") else text


def _utf8_or_1252(data: bytes) -> str:
    """Read what is UTF-8 as such and every other byte as Windows-1252: a cut letter spoils none."""
    if len(data) <= _LONGEST_MIXED:
        return _BROKEN.sub(
            lambda found: _of_1252(found.group()), data.decode("utf-8", "surrogateescape")
        )
    return data.decode("utf-8", "replace") if _is_mostly_utf8(data) else _1252(data)


def _of_1252(letters: str) -> str:
    return _1252(letters.encode("ascii", "surrogateescape"))


def _1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        # Five bytes mean nothing in Windows-1252; Latin-1 has a letter for every byte.
        return data.decode("latin-1")


def _is_mostly_utf8(data: bytes) -> bool:
    text = data[:_LONGEST_MIXED].decode("utf-8", "replace")
    return text.count("\ufffd") * 2 < sum(letter > "\x7f" for letter in text)


# Where a message keeps its fields by name, beside how many there were.
_FIELDS = "_fields_by_name"


def every(message: Message, name: str) -> list[str]:
    """Return a header's values as they came; ``Message.get`` hides 8-bit bytes in an object."""
    fields = message.__dict__.get(_FIELDS)
    # A header is read some forty times, and so its names are put in lower case once.
    if fields is None or fields[0] != len(message):
        by_name: dict[str, list[str]] = {}
        for key, value in message.raw_items():
            by_name.setdefault(key.lower(), []).append(str(value))
        fields = message.__dict__[_FIELDS] = (len(message), by_name)
    return list(fields[1].get(name.lower(), ()))


def first(message: Message, name: str) -> str | None:
    """Return a header's first value as it came; None where there is no such header."""
    return next(iter(every(message, name)), None)


def header_text(raw: str | None) -> str:
    """Return a header's text on one line, its encoded words decoded (RFC 2047)."""
    return "" if raw is None else decoded_words(raw)


def decoded_words(text: str) -> str:
    """Return text on one line, its encoded words decoded."""
    if 0 < text.count("=?") <= _MOST_WORDS:
        text = _decoded_words(" ".join(text.split()))
    return " ".join(_CONTROLS.sub(" ", text).split())


def _decoded_words(text: str) -> str:
    """Decode encoded words; neighbours of one charset are joined first, since letters are cut."""
    found: list[str] = []
    waiting, charset, end = b"", "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        if waiting and (between.strip() or word["charset"].lower() != charset):
            found.append(text_of(waiting, charset))
            waiting = b""
        if between.strip() or not end:
            found.append(between)
        waiting += _of_word(word)
        charset, end = word["charset"].lower(), word.end()
    return "".join([*found, text_of(waiting, charset) if waiting else "", text[end:]])


def _of_word(word: re.Match[str]) -> bytes:
    inside = word["text"].encode("ascii", "replace") if word["text"].isascii() else _unencoded(word)
    if word["how"] in "qQ":
        return binascii.a2b_qp(inside, header=True)
    return base64_piece(inside)


def _unencoded(word: re.Match[str]) -> bytes:
    """Return a word whose letters somebody forgot to encode."""
    codec = next(iter(codecs_of(word["charset"])), "utf-8")
    try:
        return word["text"].encode(codec)
    except (UnicodeEncodeError, LookupError):
        return word["text"].encode("utf-8", "replace")
