"""What a watcher needs of the intake ledger; the contract is written here and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intake.imap.terms import Fetched


@dataclass(frozen=True)
class Position:
    """How far a folder has been read."""

    uid_validity: int
    last_uid: int
    # UIDs up to this one were old mail at the very first start, and are not missed.
    first_uid: int = 0
    # After a change of UIDVALIDITY: mail received before this instant was old at the very first
    # start and stays where it is. None when old mail was wanted.
    since: datetime | None = None


class Ledger(Protocol):
    """Where raw mail is committed. Any number of threads and processes may call each method.

    Every method raises ``TemporaryError`` or ``Unavailable`` while the database or the disk is
    away; nothing has then happened, and the watcher comes back.
    """

    def position(self, mailbox: str, folder: str) -> Position | None:
        """Return how far a folder has been read; None means never looked at."""
        ...

    def settle(self, mailbox: str, folder: str, position: Position) -> None:
        """Write a folder's position at its first start and at a new UIDVALIDITY.

        Nothing happens where the folder has a position of this UIDVALIDITY already: another
        watcher was first.
        """
        ...

    def receive(
        self, mailbox: str, folder: str, uid_validity: int, batch: Sequence[Fetched]
    ) -> set[int]:
        """Commit a batch, and in the same transaction move ``last_uid`` on to its highest UID.

        Returns the UIDs that were not there before: only they are moved or deleted by the caller,
        since two watchers that move one mail leave two of it behind.

        A mail that is already there (mailbox, folder, uid_validity, uid) is left as it is, and
        ``last_uid`` never moves back, so the same batch may come twice and from two watchers.
        """
        ...

    def known_uids(self, mailbox: str, folder: str, uid_validity: int) -> set[int]:
        """Return every UID of a folder that is committed."""
        ...

    def truncated_uids(self, mailbox: str, folder: str, uid_validity: int) -> set[int]:
        """Return the UIDs of which only a part is committed; such mail is never deleted."""
        ...
