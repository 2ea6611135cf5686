"""Reading a message: what its parts (``intake.mail.tree``) and its header say, and what it is.

Every pattern is linear in what it reads, and what it reads is bounded.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from intake.mail import quote, verdict
from intake.mail.addresses import addresses_of
from intake.mail.bodies import LONGEST_TEXT, Bodies
from intake.mail.bounce import read_bounce
from intake.mail.decode import every, first, header_text, text_of
from intake.mail.language import language_of
from intake.mail.parsed import Authentication, ParsedMail, Verdict
from intake.mail.tree import Part, read_tree

_ID = re.compile(r"<\s*([^<>\s]{1,500})\s*>")


def parse(raw: bytes) -> ParsedMail:
    """Read a message; what could not be read is named in ``problems``."""
    try:
        return _read(raw)
    except Exception as error:  # noqa: BLE001 - a stranger wrote these bytes
        problem = f"not readable as a mail: {type(error).__name__}: {str(error)[:200]}"
        text = text_of(raw[:LONGEST_TEXT], None)
        return ParsedMail(text=text, reply_text=text, problems=(problem,))


def _read(raw: bytes) -> ParsedMail:
    problems: list[str] = []
    message = read_tree(raw, problems)
    names = _addresses(message, "From")
    sender = next((address for _, address in names if address), None)
    if sender is None:
        problems.append("no sender")
    judged, why = verdict.judge(message, from_address=sender)
    bodies = Bodies(problems)
    bodies.read(message)
    text = bodies.text()
    newest, quoted = quote.split(text)
    text = text.replace(quote.MARK, "")
    bounce = read_bounce(message, text, raw) if judged is Verdict.BOUNCE else None
    path = first(message, "Return-Path")
    ids = _ids(message, "Message-ID")
    kind = message.get_content_type()
    return ParsedMail(
        from_address=sender,
        from_name=next((name for name, address in names if address), None)
        or ("" if sender else header_text(first(message, "From"))[:200]),
        to=_plain(message, "To"),
        cc=_plain(message, "Cc"),
        reply_to=_plain(message, "Reply-To"),
        return_path=None if path is None else header_text(path).strip("<> "),
        delivered_to=(*_plain(message, "Delivered-To"), *_plain(message, "X-Original-To")),
        subject=header_text(first(message, "Subject")),
        message_id=ids[0] if ids else None,
        in_reply_to=_ids(message, "In-Reply-To"),
        references=_ids(message, "References"),
        date=_date(message),
        text=text,
        html_source=bodies.html_source(),
        text_is_of_html=bodies.only_html(),
        reply_text=newest,
        quoted_text=quoted,
        attachments=tuple(bodies.files),
        verdict=judged,
        verdict_reason=why,
        is_auto_reply=judged is Verdict.AUTO_REPLY,
        is_bounce=judged is Verdict.BOUNCE,
        is_complaint="feedback-report" in why or why.startswith("complaint"),
        is_read_receipt="disposition-notification" in why,
        is_delivery_notice=why.startswith(verdict.DELIVERY),
        bounce=bounce,
        signed=kind == "multipart/signed",
        encrypted=kind == "multipart/encrypted" or "pkcs7-mime" in kind,
        language_hint=language_of(newest),
        authentication=tuple(_authentication(message)),
        problems=tuple(dict.fromkeys(problems)),
    )


def _addresses(message: Part, name: str) -> list[tuple[str, str]]:
    return [one for value in every(message, name) for one in addresses_of(value)]


def _plain(message: Part, name: str) -> tuple[str, ...]:
    if name not in message:
        return ()
    return tuple(dict.fromkeys(address for _, address in _addresses(message, name)))


def _ids(message: Part, name: str) -> tuple[str, ...]:
    value = first(message, name)
    return tuple(_ID.findall(header_text(value))) if value is not None else ()


def _date(message: Part) -> datetime | None:
    value = first(message, "Date")
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(header_text(value))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _authentication(message: Part) -> Iterator[Authentication]:
    for value in every(message, "Authentication-Results")[:10]:
        text = header_text(value)
        first, _, rest = text.partition(";")
        # Microsoft 365 leaves the server's name out.
        server = None if "=" in first else first.split(" ")[0].lower() or None
        clauses = [one.strip() for one in (rest if server else text).split(";")]
        results = []
        domain = None
        for clause in clauses:
            method, equals, result = clause.partition("=")
            if equals and method.strip().isascii() and result.strip():
                results.append((method.strip().lower(), result.split()[0].lower()))
            found = re.search(r"header\.from=([^\s;]{1,255})", clause)
            domain = found.group(1).lower() if found else domain
        yield Authentication(server, tuple(results), domain)
