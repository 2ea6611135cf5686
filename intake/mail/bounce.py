"""What a report of non-delivery says (RFC 3464): who, why, for good or for now, of which mail."""

import re
from email.message import Message

from intake.mail.decode import first, header_text
from intake.mail.parsed import Bounce

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ID = re.compile(r"<([^<>\s]{3,250})>")
_ADDRESS = re.compile(r"[^\s<>;,]{1,64}@[^\s<>;,]{1,255}")


def read_bounce(message: Message) -> Bounce | None:
    """Return what the report says; None where it has no machine-readable part."""
    recipients: list[str] = []
    status: str | None = None
    actions: list[str] = []
    original: str | None = None
    found = False
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            found = True
            for block in _blocks(part):
                who = _ADDRESS.search(header_text(first(block, "Final-Recipient")))
                if who is None:
                    continue
                recipients.append(who.group().lower())
                code = _STATUS.search(header_text(first(block, "Status")))
                status = status or (code.group(1) if code else None)
                actions.append(header_text(first(block, "Action")).lower())
        elif kind in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            original = original or _message_id(part)
    if not found:
        return None
    temporary = status.startswith("4") if status else None
    if actions and all(action == "delayed" for action in actions):
        temporary = True
    return Bounce(tuple(dict.fromkeys(recipients)), status, temporary, original)


def _blocks(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _message_id(part: Message) -> str | None:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        match = _ID.search(header_text(first(payload[0], "Message-ID")))
        return match.group(1) if match else None
    text = payload if isinstance(payload, str) else ""
    for line in text[:20_000].splitlines():
        if line.lower().startswith("message-id:"):
            match = _ID.search(line)
            return match.group(1) if match else None
    return None
