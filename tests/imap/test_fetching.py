"""Fetching in bulk from a server that does not play fair; the server here is a plain function."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import PermanentError, TemporaryError
from intake.imap.fetching import FETCH_BYTES, FETCH_MAILS, Fetching
from intake.imap.replies import Answer
from intake.imap.terms import Fetched

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


class Server:
    """Mails by UID, and what is wrong with some of them."""

    def __init__(self, mails: dict[int, bytes]) -> None:
        self.mails = mails
        self.refuses: set[int] = set()
        # Told of in the list of sizes, and gone when asked for.
        self.vanishing: set[int] = set()
        self.withholds: set[int] = set()
        self.told_sizes: dict[int, int] = {}
        self.tells_dates = True
        self.is_alive = True
        self.noise: list[Answer] = []
        self.asked: list[tuple[list[int], str]] = []

    def ask(self, uids: Sequence[int], what: str) -> Iterator[Answer]:
        self.asked.append((list(uids), what))
        if "BODY" not in what:
            yield from self.noise
            for uid in uids:
                if uid in self.mails or uid in self.vanishing:
                    size = self.told_sizes.get(uid, len(self.mails.get(uid, b"")))
                    yield Answer(uid, size, None, None)
            return
        if self.refuses.intersection(uids):
            raise PermanentError("the server refused FETCH: broken file")
        yield from self.noise
        limit = int(what.split("<0.")[1].rstrip(">")) if "<0." in what else None
        for uid in uids:
            if uid in self.mails and uid not in self.withholds:
                date = RECEIVED if self.tells_dates else None
                yield Answer(uid, None, date, self.mails[uid][:limit])

    def fetch(self, uids: Sequence[int], max_bytes: int = 1_000_000) -> list[Fetched]:
        run = Fetching(
            ask=self.ask,
            alive=lambda: self.is_alive,
            present=lambda some: [uid for uid in some if uid in self.mails],
            now=lambda: NOW,
            max_bytes=max_bytes,
        )
        return list(run.mails(uids))

    def body_commands(self) -> list[list[int]]:
        return [uids for uids, what in self.asked if "BODY" in what]


def letters(count: int) -> dict[int, bytes]:
    return {uid: b"mail %d" % uid for uid in range(1, count + 1)}


def test_one_mail_that_is_refused_comes_with_the_reason_and_its_neighbours_whole() -> None:
    server = Server(letters(5))
    server.refuses = {3}
    fetched = server.fetch(range(1, 6))
    assert [mail.uid for mail in fetched] == [1, 2, 3, 4, 5]
    assert [mail.uid for mail in fetched if mail.problem] == [3]
    assert "broken file" in fetched[2].problem
    assert fetched[2].raw == b""
    assert fetched[3].raw == b"mail 4"


def test_a_mail_that_the_server_tells_of_and_does_not_bring_is_a_problem() -> None:
    server = Server(letters(3))
    server.withholds = {2}
    assert [bool(mail.problem) for mail in server.fetch([1, 2, 3])] == [False, True, False]


def test_a_mail_that_goes_while_it_is_asked_for_is_none() -> None:
    server = Server(letters(3))
    server.vanishing = {2, 9}
    del server.mails[2]
    assert [mail.uid for mail in server.fetch([1, 2, 3, 9])] == [1, 3]


@pytest.mark.parametrize("uids", [[1, 2], [1]])
def test_a_refusal_on_a_dead_link_is_the_links_fault(uids: list[int]) -> None:
    server = Server(letters(2))
    server.refuses = {1}
    server.is_alive = False
    with pytest.raises(PermanentError):
        server.fetch(uids)


def test_a_broken_link_is_told_as_it_is() -> None:
    def ask(uids: Sequence[int], what: str) -> Iterator[Answer]:
        raise TemporaryError("cut")

    run = Fetching(ask, alive=lambda: False, present=list, now=lambda: NOW, max_bytes=9)
    with pytest.raises(TemporaryError):
        list(run.mails([1, 2]))


def test_other_peoples_changes_in_between_change_nothing() -> None:
    server = Server(letters(3))
    server.noise = [
        Answer(None, 5, None, b"stray"),
        Answer(77, 5, None, None),
        Answer(2, None, None, None),
    ]
    fetched = server.fetch([1, 2, 3])
    assert [mail.raw for mail in fetched] == [b"mail 1", b"mail 2", b"mail 3"]


def test_a_size_that_is_not_the_mails_is_put_right() -> None:
    server = Server(letters(2))
    server.told_sizes = {1: 4000, 2: 0}
    assert [(mail.size, mail.truncated) for mail in server.fetch([1, 2])] == [
        (6, False),
        (6, False),
    ]


def test_a_mail_that_is_larger_than_the_server_told_is_cut_at_the_limit_and_says_so() -> None:
    server = Server({1: b"x" * 500, 2: b"y" * 50})
    server.told_sizes = {1: 10}
    big, small = server.fetch([1, 2], max_bytes=100)
    assert (len(big.raw), big.size, big.truncated) == (100, 500, True)
    assert not small.truncated


def test_a_server_that_tells_no_receipt_time_gets_the_time_of_fetching() -> None:
    server = Server(letters(1))
    server.tells_dates = False
    (mail,) = server.fetch([1])
    assert mail.internal_date == NOW


@given(
    st.dictionaries(st.integers(1, 400), st.integers(0, FETCH_BYTES * 2), max_size=250),
    st.integers(1, FETCH_BYTES * 2),
)
def test_no_command_asks_for_more_than_fits_in_memory(sizes: dict[int, int], limit: int) -> None:
    server = Server(dict.fromkeys(sizes, b"x"))
    server.told_sizes = sizes
    fetched = server.fetch(list(sizes), max_bytes=limit)
    assert [mail.uid for mail in fetched] == sorted(sizes)
    for uids in server.body_commands():
        weight = sum(sizes[uid] for uid in uids)
        assert len(uids) == 1 or (len(uids) <= FETCH_MAILS and weight <= FETCH_BYTES)
        assert len(uids) == 1 or all(sizes[uid] <= limit for uid in uids)
