"""The comparison of server and ledger, and what a watcher does about a difference."""

import os
from datetime import UTC, datetime

import pytest

from app.config import AfterCommit
from intake.imap.ledger import Position
from intake.imap.reconcile import reconcile
from tests.harness.ledger import MemoryLedger
from tests.harness.watching import watching
from tests.imap.conftest import Account, mail

pytestmark = pytest.mark.dovecot

PLACE = ("support", "INBOX")


def forget(ledger: MemoryLedger, *uids: int) -> None:
    """Lose rows, as no crash of ours should."""
    for key in [key for key in ledger.rows if key[3] in uids]:
        del ledger.rows[key]


def test_a_ledger_that_has_everything_shows_no_gap(account: Account, ledger: MemoryLedger) -> None:
    account.deliver("en", "to")
    with watching(account.watch(take_old=True), ledger):
        ledger.wait_for(2)
    with account.connect() as connection:
        gap = reconcile(connection, ledger, *PLACE)
    assert (gap.missed, gap.waiting, gap.gone, gap.is_new) == ((), (), 0, False)
    assert gap.lingering == (1, 2)


def test_each_kind_of_difference_is_told_apart(account: Account, ledger: MemoryLedger) -> None:
    account.deliver("en", "to", "tre")
    with watching(account.watch(take_old=True), ledger):
        ledger.wait_for(3)
    forget(ledger, 2)
    account.server.doveadm("expunge", "-u", account.name, "mailbox", "INBOX", "uid", "3")
    account.deliver("fire")
    with account.connect() as connection:
        gap = reconcile(connection, ledger, *PLACE)
    assert gap.missed == (2,)
    assert gap.waiting == (4,)
    assert gap.lingering == (1,)
    assert gap.gone == 1


def test_a_folder_never_looked_at_is_new(account: Account, ledger: MemoryLedger) -> None:
    account.deliver("en")
    with account.connect() as connection:
        gap = reconcile(connection, ledger, *PLACE)
    assert gap.is_new
    assert gap.waiting == (1,)
    assert r"\Seen" not in account.flags(1)


def test_mail_that_the_ledger_misses_is_taken_at_the_next_full_look(
    account: Account, ledger: MemoryLedger
) -> None:
    account.deliver("en", "to", "tre")
    with watching(account.watch(take_old=True), ledger):
        ledger.wait_for(3)
    forget(ledger, 2)
    with watching(account.watch(full_look_s=0.1, look_s=0.05), ledger) as watcher:
        ledger.wait_for(3)
        forget(ledger, 1)
        ledger.wait_for(3)
        watcher.wait_until(lambda health: health.missed == ())
    assert ledger.subjects() == ["en", "to", "tre"]


def test_old_mail_that_was_skipped_is_not_missed(account: Account, ledger: MemoryLedger) -> None:
    account.deliver("gammel", "eldre")
    settings = account.watch()
    for _ in range(2):
        with watching(settings, ledger) as watcher:
            watcher.wait_until_watching()
    assert ledger.rows == {}


def test_old_mail_that_was_skipped_stays_so_when_the_uids_lose_their_meaning(
    account: Account, ledger: MemoryLedger
) -> None:
    account.server.fill(account.name, [mail("gammel")])
    # The file's name makes it a mail of 2023 to Dovecot.
    (file,) = (account.server.folder / "mail" / account.name / "new").iterdir()
    os.utime(file, (1_700_000_000, 1_700_000_000))
    account.deliver("ny")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ledger.positions[PLACE] = Position(uid_validity=1, last_uid=9, first_uid=7, since=now)
    with watching(account.watch(), ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("nyere")
        ledger.wait_for(2)
    assert ledger.subjects() == ["ny", "nyere"]
    # A restart in the new order of UIDs takes nothing more.
    with watching(account.watch(), ledger) as watcher:
        watcher.wait_until_watching()
    assert ledger.subjects() == ["ny", "nyere"]


def test_a_mail_that_the_server_cannot_read_holds_up_none_and_is_shown_in_the_end(
    account: Account, ledger: MemoryLedger
) -> None:
    account.server.fill(account.name, [mail(str(number)) for number in range(1, 21)])
    account.server.spoil(account.name, 1)
    settings = account.watch(take_old=True, look_s=0.05, after_commit=AfterCommit.DELETE)
    with watching(settings, ledger) as watcher:
        ledger.wait_for(20)
        account.deliver("etterpå")
        ledger.wait_for(21)
        watcher.wait_until_watching()
    (empty,) = (row for row in ledger.rows.values() if row.problem)
    assert empty.uid == 2
    assert b"UID 2 under UIDVALIDITY" in empty.raw
    assert empty.truncated
    # The mail itself is still there, for whoever mends the server.
    account.server.mend(account.name, 1)
    assert account.uids() == [2]


@pytest.mark.parametrize("deed", [AfterCommit.MOVE, AfterCommit.DELETE])
def test_the_only_whole_copy_of_a_cut_mail_is_never_deleted(
    account: Account, ledger: MemoryLedger, deed: AfterCommit
) -> None:
    account.server.deliver(f"{account.name}@example.org", mail("stor", "linje\r\n" * 2000))
    account.deliver("liten")
    settings = account.watch(take_old=True, max_bytes=4000, after_commit=deed, move_to="Done")
    for _ in range(2):
        with watching(settings, ledger) as watcher:
            watcher.wait_until_watching()
            ledger.wait_for(2)
    assert account.uids() == ([1] if deed is AfterCommit.DELETE else [])


def test_a_backlog_of_ten_thousand_is_taken_once_each_with_new_mail_in_between(
    account: Account, ledger: MemoryLedger
) -> None:
    account.server.fill(account.name, [mail(f"nr {number}") for number in range(10_000)])
    settings = account.watch(take_old=True, after_commit=AfterCommit.MOVE, move_to="Done")
    with watching(settings, ledger) as watcher:
        ledger.wait_for(100)
        account.deliver("midt i")
        ledger.wait_for(10_001, seconds=120)
        watcher.wait_until_watching()
    assert ledger.doubles == 0
    assert account.uids() == []
    assert len(account.uids("Done")) == 10_001
    order = list(ledger.rows.values())
    assert order.index(next(row for row in order if b"midt i" in row.raw)) < 10_000
