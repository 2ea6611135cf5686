"""Mail that somebody hands to us, by LMTP or HTTP: to the ledger, one commit, before the "yes".

What is handed over has no UID, so a random number stands in its place: handed over twice, since
our "yes" was lost, it is two rows, and the processor ends the second as a duplicate.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import compat32
from email.utils import format_datetime, getaddresses, parsedate_to_datetime

from app.config import Settings
from app.kit.clock import Clock
from app.kit.db import Database, append_row, wake_after_commit
from app.kit.ids import digest, new_id
from app.kit.wake import Topic
from app.models import Blob, InboundMail, LedgerState
from app.models.base import Id
from app.store.upsert import insert_missing

# A mail server gives up a mail after five days (RFC 5321, section 4.5.4.1); what claims to be
# older was not stamped by the one that hands it over.
LONGEST_QUEUED = timedelta(days=5)
_MOST_HEADER = 65_536
_RECEIVED = re.compile(rb"^received:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_CONTROLS = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True)
class Handed:
    """One mail for one mailbox, as it was handed over."""

    mailbox: str
    # How it came, in the place of a folder: "lmtp" or "http".
    way: str
    received_at: datetime
    raw: bytes = field(repr=False)
    # The whole mail's size, where ``raw`` holds only its beginning.
    size: int = 0
    truncated: bool = False


class HandedLedger:
    """Commits what was handed over."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self.clock = clock

    def take(self, mails: Sequence[Handed]) -> list[Id]:
        """Commit the mails together and return their ledger ids; ``Unavailable`` takes none."""
        now = self.clock.now()
        with self._db.writing() as session:
            hashes = [digest(mail.raw) for mail in mails]
            blobs = {
                sha: {"sha256": sha, "size": len(mail.raw), "data": mail.raw}
                for sha, mail in zip(hashes, mails, strict=True)
            }
            insert_missing(session, Blob, list(blobs.values()))
            ids = [new_id() for _ in mails]
            for new, sha, mail in zip(ids, hashes, mails, strict=True):
                append_row(
                    session,
                    InboundMail,
                    id=new,
                    mailbox=mail.mailbox,
                    folder=mail.way,
                    uid_validity=0,
                    uid=secrets.randbits(62),
                    received_at=min(mail.received_at, now),
                    fetched_at=now,
                    size=mail.size or len(mail.raw),
                    truncated=mail.truncated,
                    raw_sha256=sha,
                    state=LedgerState.RECEIVED,
                    reason="",
                    error=None,
                    attempts=0,
                    next_at=now,
                    processed_at=None,
                    message_id=None,
                    ticket_id=None,
                    open_anyway=False,
                )
            wake_after_commit(session, Topic.LEDGER)
        return ids


def find_mailbox(settings: Settings, address: str) -> str | None:
    """Return the mailbox that an address, also one with a "+", belongs to; None for no one of ours.

    RFC 5321, section 2.4: the local part's case is its host's matter, and these are ours.
    """
    local, _, domain = address.strip().lower().rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    for name, box in settings.mailboxes.items():
        if box.address.lower() in {plain, f"{local}@{domain}"}:
            return name
    return None


def addressees(raw: bytes) -> list[str]:
    """Return whom a mail says that it is for, the last server's word first."""
    parsed = BytesParser(policy=compat32).parsebytes(raw[:_MOST_HEADER], headersonly=True)
    values = [
        str(value)
        for name in ("Delivered-To", "X-Original-To", "To", "Cc")
        for value in parsed.get_all(name, ())
    ]
    return [address for _, address in getaddresses(values[:50]) if "@" in address]


def receipt_time(raw: bytes, *, now: datetime) -> datetime:
    """Return when the server that hands the mail over had received it; ``now`` where it says not.

    The topmost Received field is that server's own (RFC 5321, section 4.4). While we are away the
    mail waits with it, and the customer's clock runs all the same.
    """
    head = re.split(rb"\r?\n\r?\n", raw[:_MOST_HEADER], maxsplit=1)[0]
    match = _RECEIVED.search(head)
    if match is None:
        return now
    stamp = match[1].rpartition(b";")[2].decode("ascii", "replace").strip()
    try:
        at = parsedate_to_datetime(" ".join(stamp.split()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return now
    if at.tzinfo is None:
        return now
    return at.astimezone(UTC) if now - LONGEST_QUEUED <= at <= now else now


def with_trace(
    raw: bytes, *, sender: str | None, to: Sequence[str], via: str, now: datetime
) -> bytes:
    """Return the mail with what the last server writes above it.

    Return-Path keeps the envelope's sender (RFC 5321, section 4.4), Delivered-To its recipients
    (RFC 9228), which a reply address is known by. ``via`` is the rest of our own Received field.
    """
    lines = [] if sender is None else [f"Return-Path: <{_clean(sender)}>"]
    lines += [f"Delivered-To: {_clean(address)}" for address in to]
    lines.append(f"Received: {via};\r\n {format_datetime(now)}")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace") + raw


def _clean(address: str) -> str:
    return _CONTROLS.sub("", address)[:320]
