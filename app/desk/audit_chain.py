"""Chaining the audit log, so that whoever changes it afterwards breaks the chain.

An entry is written by the transaction of the change it tells of, and sealed within a second by a
loop: it gets the next position, and a hash over the hash before it and its own words. Sealing
inside the change itself would make every change wait for the one before it
(``docs/decisions/007-audit-chain.md``).

The chain shows that an entry was changed, taken out or put in between. That its end was cut off
shows only against a hash that was noted elsewhere: ``svartid audit verify --head``.
"""

import hashlib
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from app.kit.clock import Clock
from app.kit.db import Database
from app.models import AuditEntry
from app.store import audit

GENESIS = "0" * 64
BATCH = 2000
# No transaction lives as long as this; what it drew a number for is committed by then, or never.
LONGEST = timedelta(hours=1)


def words_of(entry: AuditEntry) -> bytes:
    """Return an entry as it is hashed: the same bytes on both databases, whatever they store."""
    return json.dumps(
        [
            entry.seq,
            entry.at.astimezone(UTC).isoformat(),
            entry.actor,
            entry.action,
            entry.subject,
            str(entry.subject_id) if entry.subject_id else None,
            entry.before,
            entry.after,
        ],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode()


def next_hash(before: str, entry: AuditEntry) -> str:
    """Return the hash of an entry's link, which covers all links before it."""
    return hashlib.sha256(before.encode() + words_of(entry)).hexdigest()


class Sealer:
    """The loop that seals what was written."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        # Everything up to here is sealed, or was never committed.
        self._settled = 0
        self._sealed: deque[tuple[datetime, int]] = deque()

    def pass_once(self) -> int:
        """Seal a batch; return how many entries that were, 0 where another process is at it."""
        now = self._clock.now()
        while self._sealed and now - self._sealed[0][0] > LONGEST:
            self._settled = max(self._settled, self._sealed.popleft()[1])
        with self._db.reading() as session:
            if not audit.unsealed(session, after=self._settled, most=1):
                return 0
        with self._db.writing() as session:
            count, newest = seal(session, now=now, after=self._settled)
        if newest:
            self._sealed.append((now, newest))
        return count


def seal(session: Session, *, now: datetime, after: int = 0) -> tuple[int, int]:
    """Seal a batch of what was written after ``after``; return how many, and the highest number."""
    if not audit.is_my_turn(session):
        return 0, 0
    entries = audit.unsealed(session, after=after, most=BATCH)
    last = audit.last_link(session)
    position, link = (last.position, last.hash) if last else (0, GENESIS)
    links: list[dict[str, object]] = []
    for entry in entries:
        position, link = position + 1, next_hash(link, entry)
        links.append({"position": position, "seq": entry.seq, "hash": link, "sealed_at": now})
    if links:
        audit.add_links(session, links)
    return len(links), max((entry.seq or 0 for entry in entries), default=0)


@dataclass(frozen=True)
class Verdict:
    """What became of checking the chain."""

    # How many links are right, from the first on.
    checked: int
    # The hash of the last of them.
    head: str
    # The first link that is not as it was sealed, and why; None for a sound chain.
    broken: str | None
    # Entries that are not sealed yet.
    waiting: int
    # Whether the hash that was asked for is in the chain; None where none was.
    has_head: bool | None


def verify(session: Session, *, head: str | None = None) -> Verdict:
    """Walk the whole chain, and stop at the first link that is not as it was sealed."""
    position, link, found = 0, GENESIS, None if head is None else False
    broken: str | None = None
    while broken is None:
        page = audit.chain(session, after=position, limit=BATCH)
        if not page:
            break
        for row, entry in page:
            if row.position != position + 1:
                broken = f"link {position + 1} is gone: the next one is {row.position}"
            elif entry is None:
                broken = f"link {row.position} is of entry {row.seq}, which is gone"
            elif next_hash(link, entry) != row.hash:
                what = f"{entry.action}, {entry.at:%Y-%m-%d %H:%M}"
                broken = f"link {row.position}: entry {row.seq} ({what}) is not as it was sealed"
            if broken is not None:
                break
            position, link = row.position, row.hash
            if link == head:
                found = True
        session.expunge_all()
    return Verdict(position, link, broken, audit.count_unsealed(session), found)
