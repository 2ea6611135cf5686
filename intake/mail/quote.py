"""The newest text and what it answers, apart; when in doubt everything is kept."""

import re

# The line above a quotation, in the languages that our customers' programs write.
_HEADINGS = re.compile(
    r"^(>?\s*)("
    r"(on|den|på|am|le)\s.{4,200}\s(wrote|skrev|skreiv|schrieb|a écrit)\s?:?"
    r"|.{4,150}\s(wrote|skrev|skreiv|schrieb)\s?:"
    r"|-{2,}\s?(original message|opprinnelig melding|opprinneleg melding|ursprungligt meddelande|"
    r"oprindelig meddelelse|ursprüngliche nachricht|videresendt melding|forwarded message)\s?-{2,}"
    r"|_{20,}"
    r")\s*$",
    re.IGNORECASE,
)
_OUTLOOK = re.compile(r"^\*?(from|fra|från|von)\*?\s?:\s?\S", re.IGNORECASE)
_OUTLOOK_NEXT = re.compile(
    r"^\*?(sent|sendt|skickat|gesendet|date|dato|datum|to|til)\*?\s?:", re.IGNORECASE
)
_SIGNATURE = re.compile(r"^(-- ?|__+)$")


def split(text: str) -> tuple[str, str]:
    """Return the newest text and the quotation below it.

    1. Below a heading or an Outlook block everything is quotation, unless lines that are not
       quoted stand between quoted ones: those are answers, and then nothing is cut.
    2. Without a heading, a last run of quoted lines is the quotation.
    """
    lines = text.splitlines()
    cut = _start_of_quote(lines)
    if cut is None:
        return text.strip(), ""
    below = lines[cut:]
    if _is_answered_inline(below):
        return text.strip(), ""
    newest = "\n".join(lines[:cut]).strip()
    quoted = "\n".join(below).strip()
    # Written below the quotation: then that is the newest text.
    if not newest:
        return text.strip(), ""
    return newest, quoted


def _start_of_quote(lines: list[str]) -> int | None:
    for number, line in enumerate(lines):
        short = line[:300]
        if _HEADINGS.match(short):
            return number
        if _OUTLOOK.match(short) and any(
            _OUTLOOK_NEXT.match(one) for one in lines[number + 1 : number + 4]
        ):
            return number
        # A heading that a program has broken over two lines.
        following = lines[number + 1][:200].rstrip() if number + 1 < len(lines) else ""
        broken = short.strip() and following.endswith(":")
        if broken and _HEADINGS.match(f"{short.rstrip()} {following}"):
            return number
    last = len(lines)
    while last and (lines[last - 1].startswith(">") or not lines[last - 1].strip()):
        last -= 1
    quoted = any(line.startswith(">") for line in lines[last:])
    return last if quoted else None


def _is_answered_inline(below: list[str]) -> bool:
    """Tell whether text that is not quoted stands below a quoted line."""
    seen_quote = False
    for line in below:
        if line.startswith(">"):
            seen_quote = True
        elif seen_quote and line.strip():
            return not _SIGNATURE.match(line)
    return False
