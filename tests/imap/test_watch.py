"""The watcher against a real Dovecot: everything reaches the ledger, and only then is touched."""

import threading
import time
from typing import Any

import pytest

from app.config import AfterCommit
from intake.imap import fetching
from intake.imap.health import WatchState
from tests.harness.ledger import MemoryLedger
from tests.harness.watching import watching
from tests.imap.conftest import Account

pytestmark = pytest.mark.dovecot


def test_mail_reaches_the_ledger_while_the_watcher_waits(
    account: Account, ledger: MemoryLedger
) -> None:
    with watching(account.watch(), ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("nede")
        ledger.wait_for(1)
        account.deliver("fortsatt nede")
        ledger.wait_for(2)
    assert ledger.subjects() == ["nede", "fortsatt nede"]


def test_a_first_start_leaves_old_mail_where_it_is(account: Account, ledger: MemoryLedger) -> None:
    account.deliver("i fjor")
    with watching(account.watch(), ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("i dag")
        ledger.wait_for(1)
    assert ledger.subjects() == ["i dag"]


def test_a_first_start_takes_old_mail_in_where_that_is_wanted(
    account: Account, ledger: MemoryLedger
) -> None:
    account.deliver("en", "to", "tre")
    with watching(account.watch(take_old=True), ledger):
        ledger.wait_for(3)
    assert ledger.subjects() == ["en", "to", "tre"]


def test_an_outage_of_ours_is_caught_up_even_with_mail_that_people_have_read(
    account: Account, ledger: MemoryLedger
) -> None:
    with watching(account.watch(), ledger) as watcher:
        watcher.wait_until_watching()
    account.deliver("en", "to")
    with account.connect() as person:
        person.select("INBOX")
        person.mark([1, 2], r"\Seen")
    with watching(account.watch(), ledger):
        ledger.wait_for(2)
    assert ledger.subjects() == ["en", "to"]


def test_mail_is_left_alone_by_default(account: Account, ledger: MemoryLedger) -> None:
    account.deliver("en")
    with watching(account.watch(take_old=True), ledger) as watcher:
        watcher.wait_until_watching()
    assert len(ledger.rows) == 1
    assert account.uids() == [1]
    assert r"\Seen" not in account.flags(1)


@pytest.mark.parametrize("deed", [AfterCommit.FLAG, AfterCommit.MOVE, AfterCommit.DELETE])
def test_taken_mail_is_dealt_with_and_other_peoples_deleted_mail_survives(
    account: Account, ledger: MemoryLedger, deed: AfterCommit
) -> None:
    account.deliver("gammel")
    with account.connect() as person:
        person.select("INBOX")
        person.mark([1], r"\Deleted")
    settings = account.watch(after_commit=deed, move_to="Done")
    with watching(settings, ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("ny", "nyere")
        ledger.wait_for(2)
    left = {AfterCommit.FLAG: [1, 2, 3], AfterCommit.MOVE: [1], AfterCommit.DELETE: [1]}
    assert account.uids() == left[deed]
    assert len(account.uids("Done")) == (2 if deed is AfterCommit.MOVE else 0)
    if deed is AfterCommit.FLAG:
        assert r"\Seen" in account.flags(2)
        assert r"\Seen" in account.flags(3)


@pytest.mark.parametrize("deed", [AfterCommit.FLAG, AfterCommit.MOVE, AfterCommit.DELETE])
def test_nothing_is_touched_at_the_server_while_the_ledger_is_away(
    account: Account, ledger: MemoryLedger, deed: AfterCommit
) -> None:
    settings = account.watch(after_commit=deed, move_to="Done")
    with watching(settings, ledger) as watcher:
        watcher.wait_until_watching()
        ledger.away.set()
        account.deliver("nede")
        ledger.wait_for_refusals(3)
        assert account.uids() == [1]
        assert r"\Seen" not in account.flags(1)
        assert watcher.wait_until(lambda health: health.state is WatchState.RETRYING).problem
        ledger.away.clear()
        ledger.wait_for(1)
    assert ledger.subjects() == ["nede"]


def test_a_stop_is_answered_within_a_second_while_waiting(
    account: Account, ledger: MemoryLedger
) -> None:
    with watching(account.watch(poll_s=60.0), ledger) as watcher:
        watcher.wait_until_watching()
        began = time.monotonic()
        watcher.stop.set()
        watcher.thread.join(5)
        assert time.monotonic() - began < 1
    assert watcher.told[-1].state is WatchState.STOPPED


def test_two_watchers_on_one_mailbox_lose_and_double_nothing(
    account: Account, ledger: MemoryLedger
) -> None:
    settings = account.watch(after_commit=AfterCommit.MOVE, move_to="Done")
    with watching(settings, ledger) as one, watching(settings, ledger) as other:
        one.wait_until_watching()
        other.wait_until_watching()
        for number in range(10):
            account.deliver(f"a{number}", f"b{number}")
        ledger.wait_for(20)
    assert len(ledger.rows) == 20
    assert len(set(ledger.subjects())) == 20
    assert account.uids() == [], one.told + other.told
    assert len(account.uids("Done")) == 20


def test_mail_that_is_expunged_during_a_run_holds_nothing_up(
    account: Account, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "FETCH_MAILS", 1)
    account.deliver(*(str(number) for number in range(6)))
    removed = threading.Event()
    take_in = ledger.receive

    def receive(*words: Any) -> set[int]:
        if not removed.is_set():
            removed.set()
            account.server.doveadm("expunge", "-u", account.name, "mailbox", "INBOX", "uid", "3:5")
        return take_in(*words)

    ledger.receive = receive  # type: ignore[method-assign]
    with watching(account.watch(take_old=True, batch_mails=1), ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("ny")
        ledger.wait_for_subject("ny")
    # The first two were fetched when the three behind them went.
    assert ledger.subjects() == ["0", "1", "5", "ny"]


def test_a_folder_with_another_uidvalidity_is_read_again_from_the_start(
    account: Account, ledger: MemoryLedger
) -> None:
    account.deliver("en", "to")
    settings = account.watch(take_old=True)
    with watching(settings, ledger):
        ledger.wait_for(2)
    account.server.doveadm("mailbox", "update", "-u", account.name, "--uid-validity", "77", "INBOX")
    account.deliver("tre")
    with watching(settings, ledger):
        ledger.wait_for(5)
    # What has a UID under both values comes twice; the processor knows it by its Message-ID.
    assert ledger.subjects() == ["en", "to", "tre", "en", "to"]
    assert [key[2] for key in sorted(ledger.rows)][:3] == [77, 77, 77]
