"""The ledger's front door: raw bytes in, one commit a batch, before anything looks inside.

Taking the same message twice changes nothing: a row is unique by mailbox, folder, UIDVALIDITY and
UID (RFC 9051, section 2.3.1.1), and its bytes by their hash.
"""

from collections.abc import Sequence

from sqlmodel import Session

from app.kit.clock import Clock
from app.kit.db import Database, wake_after_commit
from app.kit.ids import digest, new_id
from app.kit.wake import Topic
from app.models import Blob, InboundMail, LedgerState, MailPosition
from app.models.base import Instant
from app.store import mail
from app.store.upsert import insert_missing, insert_missing_returning
from intake.imap.ledger import Position
from intake.imap.terms import Fetched


class MailLedger:
    """What a watcher hands its mail to (``intake.imap.ledger.Ledger``); a call is a transaction."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def position(self, mailbox: str, folder: str) -> Position | None:
        """Return how far the folder has been read; None when it was never looked at."""
        with self._db.reading() as session:
            row = mail.find_position(session, mailbox, folder)
        if row is None:
            return None
        return Position(
            uid_validity=row.uid_validity,
            last_uid=row.last_uid,
            first_uid=row.first_uid,
            since=row.since,
        )

    def settle(self, mailbox: str, folder: str, position: Position) -> None:
        """Write the position at a first start and at a new UIDVALIDITY; else change nothing."""
        now = self._clock.now()
        with self._db.writing() as session:
            row = mail.find_position(session, mailbox, folder)
            if row is None:
                row = MailPosition(
                    mailbox=mailbox, folder=folder, uid_validity=0, last_uid=0, moved_at=now
                )
                session.add(row)
            if row.uid_validity == position.uid_validity:
                return
            row.uid_validity = position.uid_validity
            row.last_uid = position.last_uid
            row.first_uid = position.first_uid
            row.since = position.since
            row.moved_at = now

    def receive(
        self, mailbox: str, folder: str, uid_validity: int, batch: Sequence[Fetched]
    ) -> set[int]:
        """Commit a batch and return the UIDs that were not there before."""
        now = self._clock.now()
        with self._db.writing() as session:
            fresh = _write(session, mailbox, folder, uid_validity, batch, now=now)
            row = mail.find_position(session, mailbox, folder)
            last = max((item.uid for item in batch), default=0)
            if row is not None and row.uid_validity == uid_validity and last > row.last_uid:
                row.last_uid = last
                row.moved_at = now
            wake_after_commit(session, Topic.LEDGER)
        return fresh

    def known_uids(self, mailbox: str, folder: str, uid_validity: int) -> set[int]:
        """Return every UID of the folder that the ledger holds."""
        with self._db.reading() as session:
            return mail.known_uids(session, mailbox, folder, uid_validity)

    def truncated_uids(self, mailbox: str, folder: str, uid_validity: int) -> set[int]:
        """Return the UIDs of which only the beginning is committed."""
        with self._db.reading() as session:
            return mail.truncated_uids(session, mailbox, folder, uid_validity)


def _write(
    session: Session,
    mailbox: str,
    folder: str,
    uid_validity: int,
    batch: Sequence[Fetched],
    *,
    now: Instant,
) -> set[int]:
    hashes = [digest(item.raw) for item in batch]
    blobs = {
        sha: {"sha256": sha, "size": len(item.raw), "data": item.raw}
        for sha, item in zip(hashes, batch, strict=True)
    }
    insert_missing(session, Blob, list(blobs.values()))
    rows = [
        {
            "id": new_id(),
            "mailbox": mailbox,
            "folder": folder,
            "uid_validity": uid_validity,
            "uid": item.uid,
            # A server whose clock is ahead must not give us time we do not have.
            "received_at": min(item.internal_date, now),
            "fetched_at": now,
            "size": item.size,
            "truncated": item.truncated,
            "raw_sha256": sha,
            "state": LedgerState.RECEIVED,
            "reason": "",
            "attempts": 0,
            "next_at": now,
            "open_anyway": False,
        }
        for sha, item in zip(hashes, batch, strict=True)
    ]
    return insert_missing_returning(session, InboundMail, rows, "uid")
