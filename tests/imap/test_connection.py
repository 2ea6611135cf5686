"""One connection to a real Dovecot: what it reads, and that it harms nobody's mail."""

import threading
import time
from contextlib import suppress

import pytest

from app.config import Security
from app.kit.errors import PermanentError
from intake.imap.connection import Connection
from tests.harness.proxy import announcing, proxy, without
from tests.imap.conftest import Account, mail

pytestmark = pytest.mark.dovecot


@pytest.mark.parametrize("security", list(Security))
def test_each_kind_of_protection_connects(account: Account, security: Security) -> None:
    port = account.server.imaps_port if security is Security.TLS else account.server.imap_port
    with account.connect(port=port, security=security) as connection:
        assert connection.select("INBOX").exists == 0


def test_a_folder_tells_its_state(account: Account) -> None:
    account.deliver("en", "to")
    with account.connect() as connection:
        state = connection.select("INBOX")
    assert (state.uid_next, state.exists, state.read_only) == (3, 2, False)
    assert state.uid_validity > 0


def test_no_uid_at_or_below_the_mark_comes_back(account: Account) -> None:
    account.deliver("en", "to")
    with account.connect() as connection:
        connection.select("INBOX")
        assert connection.uids_above(0) == [1, 2]
        assert connection.uids_above(1) == [2]
        assert connection.uids_above(2) == []
        assert connection.uids_above(900) == []


def test_mail_comes_with_its_bytes_its_receipt_time_and_no_seen_flag(account: Account) -> None:
    before = time.time()
    account.deliver("blåbær på Grünerløkka")
    with account.connect() as connection:
        connection.select("INBOX")
        (fetched,) = connection.fetch([1], max_bytes=1_000_000)
    assert fetched.raw.endswith(mail("blåbær på Grünerløkka"))
    assert fetched.size == len(fetched.raw)
    assert not fetched.truncated
    assert fetched.internal_date.utcoffset() is not None
    assert abs(fetched.internal_date.timestamp() - before) < 60
    assert r"\Seen" not in account.flags(1)


def test_bytes_that_are_no_text_come_as_they_are(account: Account) -> None:
    body = bytes(range(1, 256)).replace(b"\n", b"").replace(b"\r", b"") * 3
    raw = b"Subject: \xe6\xf8\xe5 \xff\r\n\r\n" + body + b"\r\n"
    account.server.deliver(f"{account.name}@example.org", raw)
    with account.connect() as connection:
        connection.select("INBOX")
        (fetched,) = connection.fetch([1], max_bytes=1_000_000)
    assert fetched.raw.endswith(raw)


def test_a_mail_above_the_limit_comes_with_its_beginning_and_says_so(account: Account) -> None:
    account.server.deliver(
        f"{account.name}@example.org",
        mail("liten"),
        mail("stor", "x" * 70 + "\r\n" + "linje\r\n" * 3000),
        mail("også liten"),
    )
    with account.connect() as connection:
        connection.select("INBOX")
        small, big, other = connection.fetch([1, 2, 3], max_bytes=5000)
    assert (small.truncated, big.truncated, other.truncated) == (False, True, False)
    assert len(big.raw) == 5000
    assert b"Subject: stor" in big.raw
    assert big.size > 20_000


def test_uids_that_are_not_there_are_left_out(account: Account) -> None:
    account.deliver("en", "to", "tre")
    with account.connect() as connection:
        connection.select("INBOX")
        connection.delete([2])
        assert [m.uid for m in connection.fetch([1, 2, 3, 99], max_bytes=5000)] == [1, 3]
        assert list(connection.fetch([], max_bytes=5000)) == []


def test_a_mail_that_another_client_removes_is_left_out(account: Account) -> None:
    account.deliver("en", "to", "tre")
    with account.connect() as ours, account.connect() as other:
        ours.select("INBOX")
        other.select("INBOX")
        other.delete([2])
        assert [m.uid for m in ours.fetch([1, 2, 3], max_bytes=5000)] == [1, 3]


def test_mails_that_others_removed_do_not_keep_their_neighbours_from_moving(
    account: Account,
) -> None:
    account.deliver("en", "to", "tre")
    with account.connect() as ours, account.connect() as other:
        ours.select("INBOX")
        other.select("INBOX")
        other.delete([2])
        ours.move([1, 2, 3], "Done")
    assert account.uids() == []
    assert len(account.uids("Done")) == 2


@pytest.mark.parametrize("hidden", [(), ("MOVE",)])
def test_only_the_named_mails_are_moved_or_deleted(
    account: Account, hidden: tuple[str, ...]
) -> None:
    account.deliver("en", "to", "tre", "fire")
    with (
        proxy(account.server.imap_port, edit=without(*hidden)) as link,
        account.connect(port=link.port, security=Security.NONE) as connection,
    ):
        connection.select("INBOX")
        connection.mark([1], r"\Deleted")
        connection.move([2], "Done")
        connection.delete([3])
        connection.mark([4], r"\Seen")
        assert connection.all_uids() == [1, 4]


def test_a_folder_with_norwegian_letters_and_spaces_opens(account: Account) -> None:
    account.server.doveadm("mailbox", "create", "-u", account.name, 'Små "saker" & ærend')
    with account.connect() as connection:
        assert connection.select('Små "saker" & ærend').exists == 0


def test_reading_only_lets_nothing_change(account: Account) -> None:
    account.deliver("en")
    with account.connect() as connection:
        assert connection.select("INBOX", read_only=True).read_only
        # Dovecot answers OK to this and does nothing; other servers refuse it.
        with suppress(PermanentError):
            connection.mark([1], r"\Seen")
        with suppress(PermanentError):
            connection.delete([1])
    assert account.uids() == [1]
    assert r"\Seen" not in account.flags(1)


def test_waiting_ends_with_new_mail(account: Account) -> None:
    with account.connect() as connection:
        connection.select("INBOX")
        threading.Timer(0.1, account.deliver, ["nede"]).start()
        assert connection.wait(15, poll_s=0.1)
        assert connection.uids_above(0) == [1]


def test_waiting_ends_in_time_when_nothing_comes(account: Account) -> None:
    with account.connect() as connection:
        connection.select("INBOX")
        assert not connection.wait(0.3, poll_s=0.1)
        assert not connection.wait(0.0)


def test_waiting_hears_of_mail_by_idle_alone(account: Account) -> None:
    with account.connect() as connection:
        connection.select("INBOX")
        threading.Timer(0.1, account.deliver, ["nede"]).start()
        assert connection.wait(15, poll_s=60)


def test_a_server_that_announces_idle_and_refuses_it_is_polled(account: Account) -> None:
    def misspell(data: bytes) -> bytes:
        return data.replace(b" IDLE\r\n", b" IDLES\r\n")

    with (
        proxy(account.server.imap_port, edit_client=misspell) as link,
        account.connect(port=link.port, security=Security.NONE) as connection,
    ):
        assert "IDLE" in connection.capabilities
        connection.select("INBOX")
        threading.Timer(0.1, account.deliver, ["nede"]).start()
        assert connection.wait(15, poll_s=0.1)


def test_what_is_said_in_one_packet_with_the_idle_prompt_is_heard(account: Account) -> None:
    def edit(data: bytes) -> bytes:
        return data.replace(b"+ idling\r\n", b"+ idling\r\n* 7 EXISTS\r\n")

    with (
        proxy(account.server.imap_port, edit=edit) as link,
        account.connect(port=link.port, security=Security.NONE) as connection,
    ):
        connection.select("INBOX")
        began = time.monotonic()
        assert connection.wait(15, poll_s=60)
        assert time.monotonic() - began < 5


def test_many_mails_come_whole_and_each_under_its_own_number(account: Account) -> None:
    account.server.fill(account.name, [mail(f"nr {number}") for number in range(1, 1301)])
    with account.connect() as connection:
        connection.select("INBOX")
        fetched = list(connection.fetch(connection.all_uids(), max_bytes=10_000))
    assert [m.uid for m in fetched] == list(range(1, 1301))
    assert all(f"Subject: nr {m.uid}\r\n".encode() in m.raw for m in fetched)


def test_a_connection_can_be_used_only_within_its_block(account: Account) -> None:
    connection = Connection(account.login())
    with connection:
        connection.select("INBOX")
    with pytest.raises(Exception, match="closed"):
        connection.noop()


def test_a_login_with_norwegian_letters_is_sent_as_utf8(account: Account) -> None:
    with (
        pytest.raises(PermanentError, match="refused the password"),
        account.connect(username="kåre"),
    ):
        pass


def test_a_server_that_says_no_logins_here_names_the_setting(account: Account) -> None:
    with (
        proxy(account.server.imap_port, edit=announcing("LOGINDISABLED")) as link,
        pytest.raises(PermanentError, match="starttls or tls") as caught,
        account.connect(port=link.port, security=Security.NONE),
    ):
        pass
    assert caught.value.field == "mailboxes.support.imap.security"
