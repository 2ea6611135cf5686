"""A ledger in memory that keeps the contract of ``intake.imap.ledger`` and can be made to fail."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from app.kit.errors import Unavailable
from intake.imap.ledger import Position
from intake.imap.terms import Fetched

Place = tuple[str, str]


class MemoryLedger:
    """Rows and positions in two dictionaries, behind one lock."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, int, int], Fetched] = {}
        self.positions: dict[Place, Position] = {}
        # How many mails came that were there already.
        self.doubles = 0
        # While set, the database is away.
        self.away = threading.Event()
        self.refusals = 0
        self._changed = threading.Condition()

    def position(self, mailbox: str, folder: str) -> Position | None:
        with self._changed:
            self._stand()
            return self.positions.get((mailbox, folder))

    def settle(self, mailbox: str, folder: str, position: Position) -> None:
        with self._changed:
            self._stand()
            there = self.positions.get((mailbox, folder))
            if there is None or there.uid_validity != position.uid_validity:
                self.positions[mailbox, folder] = position

    def receive(
        self, mailbox: str, folder: str, uid_validity: int, batch: Sequence[Fetched]
    ) -> set[int]:
        with self._changed:
            self._stand()
            fresh = {mail.uid for mail in batch} - self.known_uids(mailbox, folder, uid_validity)
            for mail in batch:
                key = (mailbox, folder, uid_validity, mail.uid)
                self.doubles += key in self.rows
                self.rows.setdefault(key, mail)
            position = self.positions[mailbox, folder]
            last = max(position.last_uid, *(mail.uid for mail in batch))
            self.positions[mailbox, folder] = replace(position, last_uid=last)
            self._changed.notify_all()
            return fresh

    def known_uids(self, mailbox: str, folder: str, uid_validity: int) -> set[int]:
        with self._changed:
            self._stand()
            here = (mailbox, folder, uid_validity)
            return {key[3] for key in self.rows if key[:3] == here}

    def truncated_uids(self, mailbox: str, folder: str, uid_validity: int) -> set[int]:
        with self._changed:
            here = (mailbox, folder, uid_validity)
            return {key[3] for key, mail in self.rows.items() if key[:3] == here and mail.truncated}

    def wait_for(self, count: int, *, seconds: float = 20) -> None:
        """Wait until ``count`` rows are there; fails when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.rows) >= count, seconds)
            assert came, f"{len(self.rows)} of {count} mails came in {seconds} s"

    def wait_for_subject(self, wanted: str, *, seconds: float = 20) -> None:
        """Wait until a mail with this subject is there."""
        with self._changed:
            came = self._changed.wait_for(lambda: wanted in self.subjects(), seconds)
            assert came, f"{wanted!r} is not among {self.subjects()}"

    def subjects(self) -> list[str]:
        """Return the subjects of all rows, in the order of their keys."""
        with self._changed:
            return [subject(self.rows[key].raw) for key in sorted(self.rows)]

    def _stand(self) -> None:
        if self.away.is_set():
            self.refusals += 1
            self._changed.notify_all()
            raise Unavailable("the database is away.")

    def wait_for_refusals(self, count: int, *, seconds: float = 20) -> None:
        """Wait until somebody has been refused ``count`` times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.refusals >= count, seconds)


def subject(raw: bytes) -> str:
    """Return a raw mail's subject, as it stands."""
    for line in raw.splitlines():
        if line.lower().startswith(b"subject:"):
            return line.split(b":", 1)[1].strip().decode()
    return ""
