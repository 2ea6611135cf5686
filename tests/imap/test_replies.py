"""Reading FETCH answers: no body under another mail's number, and nothing raises."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.imap.replies import parse_internal_date, read_answers, read_number, read_numbers
from intake.imap.terms import uid_set

DATE = b'INTERNALDATE "17-Jul-2026 02:44:25 +0200"'


def test_a_mail_comes_whole() -> None:
    data = [(b"1 (UID 7 " + DATE + b" BODY[] {5}", b"hello"), b")"]
    (answer,) = read_answers(data)
    assert (answer.uid, answer.body) == (7, b"hello")
    assert answer.internal_date == datetime(2026, 7, 17, 0, 44, 25, tzinfo=UTC)


def test_what_follows_the_body_is_read_too() -> None:
    (answer,) = read_answers([(b"1 (BODY[] {2}", b"hi"), b" UID 7 " + DATE + b")"])
    assert (answer.uid, answer.body) == (7, b"hi")
    assert answer.internal_date is not None


def test_a_change_of_flags_in_between_moves_no_body_to_another_number() -> None:
    data = [
        (b"1 (UID 7 BODY[] {1}", b"a"),
        b")",
        rb"9 (FLAGS (\Seen))",
        (b"2 (UID 8 BODY[] {1}", b"b"),
        b")",
        rb"1 (UID 7 FLAGS (\Deleted))",
    ]
    bodies = [(answer.uid, answer.body) for answer in read_answers(data)]
    assert bodies == [(7, b"a"), (None, None), (8, b"b"), (7, None)]


@pytest.mark.parametrize(
    ("told", "body"),
    [(b'BODY[] ""', b""), (b"BODY[] NIL", None), (b"BODY[]<0> NIL", None), (b"FLAGS ()", None)],
)
def test_an_empty_mail_is_told_from_none(told: bytes, body: bytes | None) -> None:
    (answer,) = read_answers([b"1 (UID 7 " + told + b")"])
    assert answer.body == body


def test_a_cut_body_is_read() -> None:
    (answer,) = read_answers([(b"1 (UID 7 BODY[]<0> {3}", b"abc"), b")"])
    assert answer.body == b"abc"


def test_a_body_that_looks_like_an_answer_is_only_a_body() -> None:
    (answer,) = read_answers([(b"1 (UID 7 BODY[] {9}", b"(UID 9)\r\n"), b")"])
    assert answer.uid == 7


pieces = st.one_of(
    st.binary(max_size=40),
    st.tuples(st.binary(max_size=40), st.binary(max_size=20)),
    st.sampled_from([b"1 (UID 7 BODY[] ", b")", b"RFC822.SIZE 3", DATE, None, 5]),
)


@given(st.lists(pieces, max_size=12))
def test_nothing_that_a_server_says_raises(data: list[object]) -> None:
    list(read_answers(data))
    read_numbers(data)
    read_number(data)


@given(st.text(max_size=40) | st.from_regex(r"\d\d?-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"))
def test_a_date_is_an_aware_instant_or_none(text: str) -> None:
    found = parse_internal_date(text)
    assert found is None or found.tzinfo is UTC


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(-720, 840))  # noqa: DTZ001  (the zone is put on below)
def test_a_date_in_any_zone_is_the_same_instant(when: datetime, minutes: int) -> None:
    when = when.replace(microsecond=0)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    text = f"{when.day:2}-{when:%b-%Y %H:%M:%S} {zone}"
    expected = datetime.strptime(f"{when:%Y-%m-%d %H:%M:%S} {zone}", "%Y-%m-%d %H:%M:%S %z")
    assert parse_internal_date(text) == expected


@given(st.sets(st.integers(1, 60)))
def test_a_set_of_uids_names_each_of_them_and_no_other(uids: set[int]) -> None:
    named: set[int] = set()
    for part in filter(None, uid_set(uids).split(",")):
        low, _, high = part.partition(":")
        named |= set(range(int(low), int(high or low) + 1))
    assert named == uids


def test_neighbours_are_joined() -> None:
    assert uid_set([3, 1, 2, 7]) == "1:3,7"
