"""Reading what a server answers to FETCH; pure, and never raises.

imaplib hands an answer over as a flat list in which a mail is a pair (what came before the literal,
the literal) followed by what came after it, and unasked-for lines about other mails stand anywhere
between. Pairing them blindly puts one mail's body under another's number, so each answer is put
together again here and known by its own UID.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_UID = re.compile(rb"[( ]UID (\d{1,18})", re.IGNORECASE)
_SIZE = re.compile(rb"[( ]RFC822\.SIZE (\d{1,18})", re.IGNORECASE)
_DATE = re.compile(rb'[( ]INTERNALDATE "([^"]*)"', re.IGNORECASE)
_BODY = re.compile(rb"[( ]BODY\[\](?:<\d+>)? ?$", re.IGNORECASE)
# Some servers send an empty mail as a quoted string, not as a literal. NIL is no mail at all:
# Dovecot says it of one that was removed a moment ago.
_EMPTY_BODY = re.compile(rb'[( ]BODY\[\](?:<\d+>)? ""', re.IGNORECASE)
_LITERAL = re.compile(rb"\{\d+\+?\}$")
_INTERNAL_DATE = re.compile(
    r"\s*(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})"
)


@dataclass(frozen=True)
class Answer:
    """What one FETCH line said; None where it did not say."""

    uid: int | None
    size: int | None
    internal_date: datetime | None
    body: bytes | None


def read_answers(data: Sequence[object]) -> Iterator[Answer]:
    """Put imaplib's list together again, an answer a mail, in the server's order."""
    words: list[bytes] = []
    body: bytes | None = None
    for item in data:
        if isinstance(item, tuple):
            before, literal = bytes(item[0]), bytes(item[1])
            before = _LITERAL.sub(b"", before)
            words.append(before)
            if _BODY.search(before):
                body = literal
        elif isinstance(item, bytes):
            words.append(item)
            yield _answer(b" ".join(words), body)
            words, body = [], None
    if words:
        yield _answer(b" ".join(words), body)


def _answer(words: bytes, body: bytes | None) -> Answer:
    uid, size, date = (pattern.search(words) for pattern in (_UID, _SIZE, _DATE))
    if body is None and _EMPTY_BODY.search(words):
        body = b""
    return Answer(
        uid=int(uid[1]) if uid else None,
        size=int(size[1]) if size else None,
        internal_date=parse_internal_date(date[1].decode("ascii", "replace")) if date else None,
        body=body,
    )


def parse_internal_date(text: str) -> datetime | None:
    """Read ``17-Jul-2026 02:44:25 +0200`` (RFC 3501, date-time) as UTC; None when it is none."""
    match = _INTERNAL_DATE.fullmatch(text)
    if not match or match[2].lower() not in MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    zone = timezone(-offset if match[7] == "-" else offset) if offset < timedelta(days=1) else UTC
    try:
        # Servers pass a leap second on as :60.
        here = datetime(
            year, MONTHS.index(match[2].lower()) + 1, day, hour, minute, min(second, 59), 0, zone
        )
        return here.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_numbers(data: Sequence[object]) -> list[int]:
    """Read the answer to SEARCH, which a server may spread over several lines."""
    return [
        int(word)
        for line in data
        if isinstance(line, bytes)
        for word in line.split()
        if word.isdigit() and len(word) < 19
    ]


def read_number(data: Sequence[object]) -> int | None:
    """Read one number, such as UIDNEXT's; None when there is none."""
    last = data[-1] if data else None
    return int(last) if isinstance(last, bytes) and last[:19].isdigit() and len(last) < 19 else None
