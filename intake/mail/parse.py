"""Reading a message: the standard library's parser, with our own care around what it hands over.

Bounds that a hostile message meets: parts beyond ``MOST_PARTS`` and below ``DEEPEST`` are left in
the raw file, and every pattern is linear in what it reads.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesFeedParser, BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime

from intake.mail import html, quote, verdict
from intake.mail.bounce import read_bounce
from intake.mail.decode import every, first, header_text, text_of
from intake.mail.language import language_of
from intake.mail.parsed import Attachment, Authentication, ParsedMail, Verdict
from intake.mail.sniff import sniffed_type

MOST_PARTS = 500
DEEPEST = 30
LONGEST_TEXT = 2_000_000
PIECE = 1 << 18
_ID = re.compile(r"<\s*([^<>\s]{1,500})\s*>")
_PARSER = BytesParser(policy=compat32)


def parse(raw: bytes) -> ParsedMail:
    """Read a message; what could not be read is named in ``problems``."""
    try:
        return _read(_message(raw), raw)
    except Exception as error:  # noqa: BLE001 - a stranger wrote these bytes
        problem = f"not readable as a mail: {type(error).__name__}: {str(error)[:200]}"
    try:
        # Such as one nested a thousand parts deep: its header is read, and its body as text.
        read = _read(_PARSER.parsebytes(raw[:LONGEST_TEXT], headersonly=True), raw)
        return replace(read, problems=(problem, *read.problems))
    except Exception:  # noqa: BLE001 - and this is the last resort
        text = text_of(raw[:LONGEST_TEXT], None)
        return ParsedMail(text=text, reply_text=text, problems=(problem,))


def _message(raw: bytes) -> Message:
    """Parse in pieces: a second copy of a large mail, as text, is never made."""
    parser = BytesFeedParser(policy=compat32)
    for start in range(0, len(raw), PIECE):
        parser.feed(raw[start : start + PIECE])
    return parser.close()


def _read(message: Message, raw: bytes) -> ParsedMail:
    problems = sorted({type(defect).__name__ for defect in message.defects})
    names = _addresses(message, "From")
    sender = next((address for _, address in names if address), None)
    if sender is None:
        problems.append("no sender")
    judged, why = verdict.judge(message, from_address=sender)
    bodies = _Bodies(problems)
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
        is_delivery_notice="delivery-status" in why,
        bounce=bounce,
        signed=kind == "multipart/signed",
        encrypted=kind == "multipart/encrypted" or "pkcs7-mime" in kind,
        language_hint=language_of(newest),
        authentication=tuple(_authentication(message)),
        problems=tuple(dict.fromkeys(problems)),
    )


class _Bodies:
    """The readable parts and the files of a message."""

    def __init__(self, problems: list[str]) -> None:
        self.files: list[Attachment] = []
        self._plain: list[str] = []
        self._html: list[str] = []
        self._problems = problems
        self._parts = 0

    def read(self, part: Message, depth: int = 0) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS or depth > DEEPEST:
            self._problems.append("too many parts" if depth <= DEEPEST else "nested too deep")
            return
        inner = part.get_payload()
        kind = part.get_content_type()
        if kind == "message/rfc822":
            self._keep(part, kind)
        elif isinstance(inner, list):
            for one in inner:
                if self._parts > MOST_PARTS:
                    self._problems.append("too many parts")
                    return
                if isinstance(one, Message):
                    self.read(one, depth + 1)
        else:
            self._leaf(part, kind)

    def text(self) -> str:
        if not self.only_html():
            return "\n".join(self._plain).replace("\r\n", "\n")
        return "\n".join(html.as_text(one) for one in self._html)

    def only_html(self) -> bool:
        return not any(one.strip() for one in self._plain)

    def html_source(self) -> str | None:
        return "\n".join(self._html) if self._html else None

    def _leaf(self, part: Message, kind: str) -> None:
        disposition = (part.get_content_disposition() or "").lower()
        if kind in {"text/plain", "text/html"} and disposition != "attachment":
            text = text_of(self._bytes(part), part.get_content_charset())
            (self._plain if kind == "text/plain" else self._html).append(text)
            # A letter that is also a file, which some programs make of a pasted one.
            if not part.get_filename():
                return
        self._keep(part, kind)

    def _keep(self, part: Message, kind: str) -> None:
        data = self._bytes(part)
        name = header_text(part.get_filename()) or f"part-{self._parts}"
        content_id = header_text(first(part, "Content-ID")).strip("<> ") or None
        self.files.append(
            Attachment(
                name=name.replace("/", "_").replace("\\", "_")[:200],
                declared_type=kind,
                sniffed_type=sniffed_type(data, kind),
                size=len(data),
                content_id=content_id,
                inline=content_id is not None or part.get_content_disposition() == "inline",
                data=data,
            )
        )

    def _bytes(self, part: Message) -> bytes:
        try:
            if part.is_multipart():
                inner = part.get_payload()
                return b"\n".join(one.as_bytes() for one in inner if isinstance(one, Message))
            data = part.get_payload(decode=True)
        except Exception as error:  # noqa: BLE001 - a stranger wrote this part
            self._problems.append(f"a part could not be decoded: {type(error).__name__}")
            return b""
        return data if isinstance(data, bytes) else b""


def _addresses(message: Message, name: str) -> list[tuple[str, str]]:
    values = [header_text(value) for value in every(message, name)]
    try:
        pairs = getaddresses(values)
    except Exception:  # noqa: BLE001 - a stranger wrote this header
        return []
    return [(shown.strip(), address.strip().lower()) for shown, address in pairs if "@" in address]


def _plain(message: Message, name: str) -> tuple[str, ...]:
    if name not in message:
        return ()
    return tuple(dict.fromkeys(address for _, address in _addresses(message, name)))


def _ids(message: Message, name: str) -> tuple[str, ...]:
    value = first(message, name)
    return tuple(_ID.findall(header_text(value))) if value is not None else ()


def _date(message: Message) -> datetime | None:
    value = first(message, "Date")
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(header_text(value))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _authentication(message: Message) -> Iterator[Authentication]:
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
