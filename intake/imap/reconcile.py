"""Comparing what the server has with what the ledger has, mail by mail."""

from dataclasses import dataclass

from intake.imap.connection import Connection
from intake.imap.ledger import Ledger


@dataclass(frozen=True)
class Gap:
    """The difference between a folder and the ledger; empty tuples mean that nothing is missed."""

    uid_validity: int
    # On the server, at or below the position, and not in the ledger: lost, were it not for this.
    missed: tuple[int, ...]
    # On the server, above the position: not taken yet.
    waiting: tuple[int, ...]
    # In the ledger and still in the folder: to be moved or deleted, if that is the setting.
    lingering: tuple[int, ...]
    # In the ledger and no longer in the folder; moved, deleted, or removed by a person.
    gone: int
    # The ledger knows another UIDVALIDITY or none, so everything in the folder counts as waiting.
    is_new: bool


def reconcile(connection: Connection, ledger: Ledger, mailbox: str, folder: str) -> Gap:
    """Open a folder, reading only, and compare it with the ledger."""
    state = connection.select(folder, read_only=True)
    return compare(connection, ledger, mailbox, folder, state.uid_validity)


def compare(
    connection: Connection, ledger: Ledger, mailbox: str, folder: str, uid_validity: int
) -> Gap:
    """Compare the open folder with the ledger.

    The server is asked first: a mail that another watcher commits meanwhile is then not taken for
    missed.
    """
    there = set(connection.all_uids())
    known = ledger.known_uids(mailbox, folder, uid_validity)
    position = ledger.position(mailbox, folder)
    is_new = position is None or position.uid_validity != uid_validity
    last = 0 if position is None or is_new else position.last_uid
    first = 0 if position is None or is_new else position.first_uid
    not_known = sorted(there - known)
    return Gap(
        uid_validity=uid_validity,
        missed=tuple(uid for uid in not_known if first < uid <= last),
        waiting=tuple(uid for uid in not_known if uid > last),
        lingering=tuple(sorted(there & known)),
        gone=len(known - there),
        is_new=is_new,
    )
