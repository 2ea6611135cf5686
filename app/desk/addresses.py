"""Addresses and Message-IDs that carry a ticket's number and prove that we made them.

``support+198.k3j5…@example.no`` and ``<198.receipt.q7zd…@example.no>``: the last part before the
sign is a keyed hash of the rest, so nobody who does not hold the desk's secret can make one, and
knowing a ticket's number lets nobody write into it (RFC 5322, section 3.6.4, leaves the left side
of an id to its maker; RFC 5233 describes plus addresses).
"""

import re

from app.kit.ids import keyed, same

_MESSAGE_ID = re.compile(r"(\d{1,12})\.([a-z0-9-]{1,60})\.([a-z2-7]{16})@[^@\s]{1,255}", re.ASCII)
_PLUS = re.compile(r"[^@+\s]{1,64}\+(\d{1,12})\.([a-z2-7]{16})@[^@\s]{1,255}", re.ASCII)


def message_id(secret: str, *, number: int, part: str, address: str) -> str:
    """Return the Message-ID, without brackets, of one outgoing mail of a ticket.

    ``part`` says which: the same part of the same ticket always gets the same id, so that a mail
    sent again after a crash is recognisable as the same.
    """
    domain = address.rpartition("@")[2]
    return f"{number}.{part}.{keyed(secret, f'id:{number}.{part}')}@{domain}"


def find_number_in_message_id(secret: str, value: str) -> int | None:
    """Return the ticket number in a Message-ID of ours; None for anybody else's."""
    match = _MESSAGE_ID.fullmatch(value)
    if match is None:
        return None
    number, part, mac = match.groups()
    return int(number) if same(mac, keyed(secret, f"id:{number}.{part}")) else None


def reply_address(secret: str, *, number: int, address: str) -> str:
    """Return the address that a reply to this ticket may be sent to."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{number}.{keyed(secret, f'reply:{number}')}@{domain}"


def find_number_in_address(secret: str, value: str) -> int | None:
    """Return the ticket number in a reply address of ours; None for anybody else's."""
    match = _PLUS.fullmatch(value.lower())
    if match is None:
        return None
    number, mac = match.groups()
    return int(number) if same(mac, keyed(secret, f"reply:{number}")) else None
