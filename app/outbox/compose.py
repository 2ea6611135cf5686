"""A letter becomes the bytes of a mail.

Pure, and about as fast as mail can be written (``email.message`` takes several times as long).
What comes out is RFC 5322 in CRLF lines of pure ASCII: no relay on the way has a reason to
recode it, which would break a DKIM signature (RFC 6376, section 5.3). The one exception is an
address whose local part is not ASCII (RFC 6532).

The same letter always gives the same bytes, so a mail sent again after a crash is the same mail.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from app.kit.errors import PermanentError
from app.outbox import headers

AutoSubmitted = Literal["auto-replied", "auto-generated"]

# How many References are written: the first, which names the conversation, and the last ones,
# which place the mail in it (RFC 5322, section 3.6.4, sets no limit; long ones get mail refused).
MOST_REFERENCES = 20

# Names a letter's extra headers may not use, since the composer writes them itself or, for the
# last ones, since they would reveal a hidden copy or forge a trace.
OWN_HEADERS = frozenset(
    {
        *("from", "sender", "to", "cc", "reply-to", "subject", "date", "message-id"),
        *("in-reply-to", "references", "auto-submitted", "x-auto-response-suppress"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
        *("bcc", "return-path", "received", "dkim-signature"),
    }
)

# [MS-OXCMAIL] 2.2.3.2.14: asks Exchange for no receipts and no automatic answers. "All" would
# silence the bounce as well (NDR), and then nobody hears that a mail did not arrive.
_NO_AUTOMATIC_ANSWER = "DR, RN, NRN, OOF, AutoReply"

_CONTENT_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,90}"
)
# What RFC 5322 does not allow in a text body, and no reader can show.
_CONTROLS = bytes(byte for byte in (*range(0x20), 0x7F) if byte not in b"\t\n\r")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, before it is bytes. Addresses are bare; Message-IDs are without brackets."""

    from_address: str
    from_name: str | None
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    cc: tuple[str, ...] = ()
    reply_to: str | None = None
    html: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    # None for what a person wrote; RFC 3834, section 5, for what a machine did.
    auto_submitted: AutoSubmitted | None = None
    extra_headers: tuple[tuple[str, str], ...] = ()
    # Name, content type, bytes.
    attachments: tuple[tuple[str, str, bytes], ...] = ()


def message_id(key: str, domain: str) -> str:
    """Return a Message-ID, without brackets, that the same key and domain always give again.

    ``key`` names the cause ("canary:support:2026-11-23T12:00"); it cannot be read out of the id.
    """
    mac = hashlib.sha256(f"message-id:{key}".encode()).digest()
    return f"{base64.b32encode(mac).decode().lower()[:26]}@{domain}"


def compose(letter: Letter) -> bytes:
    """Return the letter as it is handed to a mail server.

    PermanentError when an address, or the name of an extra header, cannot be written.
    """
    return b"".join((_headers(letter).encode("utf-8"), b"MIME-Version: 1.0\r\n", _body(letter)))


def _headers(letter: Letter) -> str:
    if not letter.to and not letter.cc:
        raise PermanentError("a mail needs somebody to go to.", field="to")
    own_id = headers.ids_field("Message-ID", [letter.message_id])
    if not own_id:
        raise PermanentError(f"{letter.message_id[:80]!r} cannot be a Message-ID.")
    lines = [
        headers.mailbox_field("From", letter.from_name, letter.from_address),
        headers.address_field("To", letter.to) if letter.to else "",
        headers.address_field("Cc", letter.cc) if letter.cc else "",
        headers.address_field("Reply-To", [letter.reply_to]) if letter.reply_to is not None else "",
        headers.text_field("Subject", letter.subject),
        f"Date: {format_datetime(letter.date)}\r\n",
        own_id,
        headers.ids_field("In-Reply-To", [letter.in_reply_to]) if letter.in_reply_to else "",
        headers.ids_field("References", _capped(letter)),
    ]
    if letter.auto_submitted:
        lines.append(f"Auto-Submitted: {letter.auto_submitted}\r\n")
        lines.append(f"X-Auto-Response-Suppress: {_NO_AUTOMATIC_ANSWER}\r\n")
    for name, value in letter.extra_headers:
        if name.lower() in OWN_HEADERS:
            raise PermanentError(f"{name!r} is a header that the composer writes itself.")
        lines.append(headers.extra_field(name, value))
    return "".join(lines)


def _capped(letter: Letter) -> Sequence[str]:
    """Return the conversation's ids, oldest first, the one that is answered last."""
    ids = headers.usable_ids(letter.references)
    if letter.in_reply_to:
        answered = headers.usable_ids([letter.in_reply_to])
        # RFC 5322, section 3.6.4: the parent's References, then the parent's own id.
        ids = [each for each in ids if each not in answered] + answered
    if len(ids) <= MOST_REFERENCES:
        return ids
    return [ids[0], *ids[1 - MOST_REFERENCES :]]


def _body(letter: Letter) -> bytes:
    """Return the content's own headers, an empty line, and the content."""
    content = _text_part("plain", letter.text)
    # "=_" can occur in no quoted-printable and no base64 (RFC 2045, section 6.7), and what is
    # written as it stands is looked through for it, so no boundary is ever found in a part.
    mark = hashlib.sha256(letter.message_id.encode("utf-8", "replace")).hexdigest()[:24]
    if letter.html is not None:
        parts = (content, _text_part("html", letter.html))
        content = _multipart("alternative", f"=_a{mark}", parts)
    if letter.attachments:
        files = [_attached(name, kind, data) for name, kind, data in letter.attachments]
        content = _multipart("mixed", f"=_m{mark}", (content, *files))
    return content


def _multipart(kind: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'
    # RFC 2046, section 5.1.1: the line end before a boundary belongs to the boundary.
    start = f"--{boundary}\r\n".encode()
    inner = [piece for part in parts for piece in (start, part, b"\r\n")]
    return b"".join((head.encode(), *inner, f"--{boundary}--\r\n".encode()))


def _text_part(kind: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    # Before the controls go: what stood on two sides of one was never one line end.
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = data.translate(None, _CONTROLS)
    if data and not data.endswith(b"\n"):
        data += b"\n"
    encoding, body = _encoded(data)
    head = (
        f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + body


def _encoded(data: bytes) -> tuple[str, bytes]:
    """Return the encoding that suits a text, and the text in it, in CRLF lines.

    1. As it stands, where it is short lines of ASCII that no server on the way would touch.
    2. Quoted-printable, which leaves most of a western text readable.
    3. Base64, where that is shorter.
    """
    if (
        data.isascii()
        and b"=_" not in data
        # Old mail stores put ">" before such a line.
        and b"From " not in data
        and b" \n" not in data
        and b"\t\n" not in data
        and max(map(len, data.split(b"\n"))) <= headers.LINE
    ):
        return "7bit", data.replace(b"\n", b"\r\n")
    quoted = binascii.b2a_qp(data, quotetabs=False, istext=True, header=False)
    if len(quoted) <= len(data) * 4 // 3 + 100:
        return "quoted-printable", quoted.replace(b"\n", b"\r\n")
    return "base64", _in_lines(data.replace(b"\n", b"\r\n"))


def _attached(name: str, content_type: str, data: bytes) -> bytes:
    # RFC 2046, section 5.2.1: message/rfc822 may not be base64, and a composite type may not
    # either; as plain bytes the file still opens, and nothing on the way looks inside.
    kind = content_type.lower()
    if not _CONTENT_TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    # A name that leads into a folder would be taken for one by a careless reader.
    name = name.replace("/", "_").replace("\\", "_")[:150]
    head = (
        f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment{headers.parameter('filename', name)}\r\n\r\n"
    )
    return head.encode() + _in_lines(data)


def _in_lines(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")
