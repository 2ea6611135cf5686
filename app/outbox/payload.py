"""A letter as the outbox keeps it: JSON, with its files by their content's hash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.outbox.compose import Letter


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a letter, whose bytes are a blob."""

    name: str
    content_type: str
    sha256: str


def to_payload(letter: Letter, files: Sequence[StoredFile] = ()) -> dict[str, object]:
    """Return the letter as JSON; its own attachments must be given as stored files."""
    if letter.attachments:
        raise ValueError("a letter in the outbox names its files by their hash")
    return {
        "from_address": letter.from_address,
        "from_name": letter.from_name,
        "to": list(letter.to),
        "cc": list(letter.cc),
        "reply_to": letter.reply_to,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "message_id": letter.message_id,
        "in_reply_to": letter.in_reply_to,
        "references": list(letter.references),
        "date": letter.date.isoformat(),
        "auto_submitted": letter.auto_submitted,
        "extra_headers": [list(pair) for pair in letter.extra_headers],
        "files": [[file.name, file.content_type, file.sha256] for file in files],
    }


def hashes(payload: Mapping[str, Any]) -> list[str]:
    """Return the hashes of the files that the letter carries."""
    return [sha256 for _, _, sha256 in payload["files"]]


def to_letter(payload: Mapping[str, Any], blobs: Mapping[str, bytes]) -> Letter:
    """Return the letter again, with its files' bytes."""
    return Letter(
        from_address=payload["from_address"],
        from_name=payload["from_name"],
        to=tuple(payload["to"]),
        cc=tuple(payload["cc"]),
        reply_to=payload["reply_to"],
        subject=payload["subject"],
        text=payload["text"],
        html=payload["html"],
        message_id=payload["message_id"],
        in_reply_to=payload["in_reply_to"],
        references=tuple(payload["references"]),
        date=datetime.fromisoformat(payload["date"]),
        auto_submitted=payload["auto_submitted"],
        extra_headers=tuple((name, value) for name, value in payload["extra_headers"]),
        attachments=tuple((name, kind, blobs[sha256]) for name, kind, sha256 in payload["files"]),
    )
