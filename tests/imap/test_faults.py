"""Links that break: whatever happens on the wire, no mail is lost and none is touched too early."""

import threading
import time
from dataclasses import replace

import pytest

from app.config import AfterCommit, Security
from app.kit.errors import BadConfig
from intake.imap.health import WatchState
from intake.imap.terms import Password, WatchSettings
from tests.harness.dovecot import PASSWORD
from tests.harness.ledger import MemoryLedger
from tests.harness.proxy import Proxy, proxy, without
from tests.harness.watching import watching
from tests.imap.conftest import Account

pytestmark = pytest.mark.dovecot

# Of a session that moves one mail, in steps that meet each command and each answer.
STEP_BYTES = 33


def through(account: Account, link: Proxy, **changes: object) -> WatchSettings:
    login = account.login(port=link.port, security=Security.NONE, timeout_s=5)
    return account.watch(imap=login, **changes)


@pytest.mark.parametrize("hidden", [(), ("MOVE",)])
def test_a_connection_cut_at_any_byte_loses_and_doubles_no_mail(
    account: Account, ledger: MemoryLedger, hidden: tuple[str, ...]
) -> None:
    delivered: list[str] = []

    def limit(number: int) -> int | None:
        """Bring one new mail to each session, and cut it a little later than the one before."""
        delivered.append(f"mail {number}")
        account.deliver(delivered[-1])
        bytes_of_it = number * STEP_BYTES
        return bytes_of_it if bytes_of_it < 4000 else None

    with proxy(account.server.imap_port, edit=without(*hidden)) as link:
        link.limit = limit
        settings = through(
            account,
            link,
            after_commit=AfterCommit.MOVE,
            move_to="Done",
            take_old=True,
            look_s=0.4,
        )
        with watching(settings, ledger) as watcher:
            healthy = watcher.wait_until(
                lambda health: health.state is WatchState.WATCHING and len(delivered) > 120,
                seconds=90,
            )
            assert healthy.problem == ""
            ledger.wait_for(len(delivered))
    assert sorted(ledger.subjects()) == sorted(delivered)
    assert account.uids() == []
    if not hidden:
        assert len(account.uids("Done")) == len(delivered)
    else:
        # Cut between copy and removal, a mail is copied once more; it is never lost.
        assert len(account.uids("Done")) >= len(delivered)


def test_a_link_that_went_silent_is_noticed_and_replaced(
    account: Account, ledger: MemoryLedger
) -> None:
    with proxy(account.server.imap_port) as link:
        settings = through(account, link)
        settings = replace(settings, imap=replace(settings.imap, timeout_s=0.5))
        with watching(settings, ledger) as watcher:
            watcher.wait_until_watching()
            link.go_silent()
            account.deliver("nede")
            told = watcher.wait_until(lambda health: health.state is WatchState.RETRYING)
            assert "0.5 s" in told.problem
            link.heal()
            ledger.wait_for(1)
    assert ledger.subjects() == ["nede"]


def test_a_server_that_throws_everybody_out_gets_its_watcher_back(
    account: Account, ledger: MemoryLedger
) -> None:
    with watching(account.watch(), ledger) as watcher:
        watcher.wait_until_watching()
        account.server.drop_connections(account.name)
        account.deliver("etterpå")
        ledger.wait_for(1)
        assert watcher.wait_until(lambda health: health.state is WatchState.RETRYING)


def test_a_server_that_is_down_is_waited_for(account: Account, ledger: MemoryLedger) -> None:
    with proxy(account.server.imap_port) as link:
        link.refuse()
        with watching(through(account, link, take_old=True), ledger) as watcher:
            told = watcher.wait_until(lambda health: health.state is WatchState.RETRYING)
            assert not told.permanent
            account.deliver("nede")
            link.heal()
            ledger.wait_for(1)


def test_a_server_without_idle_is_asked_again_and_again(
    account: Account, ledger: MemoryLedger
) -> None:
    with (
        proxy(account.server.imap_port, edit=without("IDLE")) as link,
        watching(through(account, link), ledger) as watcher,
    ):
        watcher.wait_until_watching()
        account.deliver("nede")
        ledger.wait_for(1)


def test_a_server_without_move_has_its_mail_copied_and_just_that_removed(
    account: Account, ledger: MemoryLedger
) -> None:
    account.deliver("gammel")
    with account.connect() as person:
        person.select("INBOX")
        person.mark([1], r"\Deleted")
    with proxy(account.server.imap_port, edit=without("MOVE")) as link:
        settings = through(account, link, after_commit=AfterCommit.MOVE, move_to="Done")
        with watching(settings, ledger) as watcher:
            watcher.wait_until_watching()
            account.deliver("nede")
            ledger.wait_for(1)
    assert account.uids() == [1]
    assert len(account.uids("Done")) == 1


@pytest.mark.parametrize("deed", [AfterCommit.MOVE, AfterCommit.DELETE])
def test_a_server_that_can_only_purge_is_told_of_and_its_mail_is_taken_and_left(
    account: Account, ledger: MemoryLedger, deed: AfterCommit
) -> None:
    with proxy(account.server.imap_port, edit=without("MOVE", "UIDPLUS")) as link:
        settings = through(account, link, after_commit=deed, move_to="Done")
        with watching(settings, ledger) as watcher:
            watcher.wait_until_watching()
            account.deliver("nede", "fortsatt nede")
            ledger.wait_for(2)
            told = watcher.wait_until(lambda health: health.problem != "")
    assert told.state is WatchState.WATCHING
    assert "mailboxes.support.imap.after_commit" in told.problem
    assert account.uids() == [1, 2]


def test_a_folder_to_move_to_that_is_missing_is_told_of_and_mail_is_taken_all_the_same(
    account: Account, ledger: MemoryLedger
) -> None:
    settings = account.watch(after_commit=AfterCommit.MOVE, move_to="Borte")
    with watching(settings, ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("nede")
        ledger.wait_for(1)
        told = watcher.wait_until(lambda health: health.problem != "")
    assert "mailboxes.support.imap.move_to" in told.problem
    assert account.uids() == [1]


def test_what_a_crash_left_between_commit_and_move_is_moved_at_the_next_start(
    account: Account, ledger: MemoryLedger
) -> None:
    account.deliver("en", "to")
    with watching(account.watch(take_old=True), ledger):
        ledger.wait_for(2)
    assert account.uids() == [1, 2]
    settings = account.watch(after_commit=AfterCommit.MOVE, move_to="Done")
    with watching(settings, ledger) as watcher:
        watcher.wait_until_watching()
    assert account.uids() == []
    assert len(account.uids("Done")) == 2


def test_a_folder_that_vanishes_and_comes_back_is_read_again(
    account: Account, ledger: MemoryLedger
) -> None:
    account.server.doveadm("mailbox", "create", "-u", account.name, "Saker")
    settings = account.watch(folder="Saker", take_old=True)
    with watching(settings, ledger) as watcher:
        watcher.wait_until_watching()
        account.server.doveadm("mailbox", "delete", "-u", account.name, "Saker")
        told = watcher.wait_until(lambda health: health.permanent)
        assert "mailboxes.support.imap.folders" in told.problem
        account.server.doveadm("mailbox", "create", "-u", account.name, "Saker")
        account.server.doveadm(
            "save", "-u", account.name, "-m", "Saker", str(_a_mail(account, "tilbake"))
        )
        ledger.wait_for(1)
    assert ledger.subjects() == ["tilbake"]


def _a_mail(account: Account, subject: str) -> object:
    path = account.server.folder / f"{account.name}.eml"
    path.write_text(f"From: a@example.org\nSubject: {subject}\n\nHei\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("deed", [AfterCommit.FLAG, AfterCommit.MOVE, AfterCommit.DELETE])
def test_a_login_that_may_only_read_takes_mail_in_and_tells_what_it_cannot_do(
    account: Account, ledger: MemoryLedger, deed: AfterCommit
) -> None:
    def only_reading(data: bytes) -> bytes:
        return data.replace(b"[READ-WRITE]", b"[READ-ONLY]")

    with proxy(account.server.imap_port, edit=only_reading) as link:
        settings = through(account, link, after_commit=deed, move_to="Done")
        with watching(settings, ledger) as watcher:
            told = watcher.wait_until_watching()
            account.deliver("nede")
            ledger.wait_for(1)
    assert "may only read" in told.problem
    assert told.permanent
    assert account.uids() == [1]


def test_a_folder_that_is_made_anew_while_it_is_open_is_opened_again(
    account: Account, ledger: MemoryLedger
) -> None:
    said: list[bool] = []

    def edit(data: bytes) -> bytes:
        if b"OK NOOP" in data and not said:
            said.append(True)
            return b"* OK [UIDVALIDITY 4711] new\r\n" + data
        return data

    with (
        proxy(account.server.imap_port, edit=edit) as link,
        watching(through(account, link), ledger) as watcher,
    ):
        told = watcher.wait_until(lambda health: health.state is WatchState.RETRYING)
        account.deliver("nede")
        ledger.wait_for(1)
    assert "made anew" in told.problem
    assert link.connections == 2


def test_a_password_that_cannot_be_read_is_told_of_and_asked_for_again(
    account: Account, ledger: MemoryLedger
) -> None:
    mended = threading.Event()

    def credential() -> Password:
        if not mended.is_set():
            raise BadConfig("the file cannot be read.", field="mailboxes.support.imap.password")
        return Password(PASSWORD)

    settings = account.watch(imap=account.login(credential=credential))
    with watching(settings, ledger) as watcher:
        assert watcher.wait_until(lambda health: health.permanent).problem
        mended.set()
        watcher.wait_until_watching()


def test_a_dead_link_does_not_keep_the_house_from_stopping(
    account: Account, ledger: MemoryLedger
) -> None:
    with proxy(account.server.imap_port) as link:
        settings = through(account, link)
        settings = replace(settings, imap=replace(settings.imap, timeout_s=30))
        with watching(settings, ledger) as watcher:
            watcher.wait_until_watching()
            link.go_silent()
            watcher.stop.wait(0.3)
            began = time.monotonic()
            watcher.stop.set()
            watcher.thread.join(10)
            assert time.monotonic() - began < 2
