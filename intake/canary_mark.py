"""The mark of a canary: its id and a keyed hash, which only we can make.

It stands in the Message-ID and in the subject, since some relays write a Message-ID of their own.
"""

import re
from uuid import UUID

from app.kit.ids import keyed, same
from app.models.base import Id

_MARK = re.compile(r"canary\.([0-9a-f]{32})\.([a-z2-7]{16})", re.ASCII)


def mark_of(secret: str, canary_id: Id) -> str:
    """Return the mark of a canary."""
    return f"canary.{canary_id.hex}.{keyed(secret, f'canary:{canary_id.hex}')}"


def find_canary(secret: str, text: str) -> Id | None:
    """Return the id of the canary that a Message-ID or a subject names; None for anything else."""
    match = _MARK.search(text)
    if match is None:
        return None
    name, mac = match.groups()
    return UUID(hex=name) if same(mac, keyed(secret, f"canary:{name}")) else None
