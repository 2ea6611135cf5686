"""What an SMS and a call are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.outbox.twilio.codes import Cure, follows, rank, trouble
from app.outbox.twilio.gsm import ALPHABET, fitting, parts
from app.outbox.twilio.script import LONGEST, speakable
from app.outbox.twilio.spoken import script_of
from tests.harness.twiml import read
from tests.harness.world import make_settings


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Blåbærsyltetøy på ØST", "Blåbærsyltetøy på ØST"),
        ("«Nede» – igjen…", '"Nede" - igjen...'),
        ("Det’s\u00a0alt", "Det's alt"),
        ("Nettbutikken 🔥 er nede", "Nettbutikken er nede"),
        ("Kárášjohka", "Karasjohka"),
        ("€ 100 {x}", "€ 100 {x}"),
        ("a\tb", "a b"),
        ("zero\u200bwidth", "zerowidth"),
        ("Привет", "Привет"),
        ("東京", "東京"),
    ],
)
def test_a_text_is_fitted_to_the_cheap_alphabet_where_its_meaning_allows(
    written: str, sent: str
) -> None:
    assert fitting(written) == sent


@given(st.text())
def test_fitting_twice_is_fitting_once(text: str) -> None:
    once = fitting(text)
    assert fitting(once) == once


@given(st.text(alphabet=sorted(ALPHABET - set(" \r\n\f")), min_size=1))
def test_what_fits_is_left_as_it_is(text: str) -> None:
    assert fitting(text) == text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 135, 3),
        ("", 1),
    ],
)
def test_parts_are_counted_as_they_are_paid_for(text: str, count: int) -> None:
    assert parts(text) == count


@given(st.text(max_size=900), st.sampled_from(["nb", "nn", "en", "sv", ""]), st.booleans())
def test_whatever_a_ticket_is_called_the_script_is_one_that_twilio_takes(
    text: str, language: str, page: bool
) -> None:
    payload = {"text": "Sak 1: " + text, "language": language, **({"step": "x"} if page else {})}
    script = str(script_of(make_settings(), payload, "0" * 36))
    assert len(script) <= LONGEST
    assert read(script).spoken.startswith("Sak 1:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Koden er 012345.", "Koden er 0 1 2 3 4 5."),
        ("Sak 198 er 1234", "Sak 198 er 1234"),
        ("ring +4722000000", "ring + 4 7 2 2 0 0 0 0 0 0"),
        ("a\x00b\x1b[0m\nc", "a b [0m c"),
    ],
)
def test_codes_are_said_sign_by_sign_and_control_signs_not_at_all(text: str, said: str) -> None:
    assert speakable(text) == said


@pytest.mark.parametrize(
    ("code", "status", "cure"),
    [
        (21211, 400, Cure.OTHER_NUMBER),
        (21610, 400, Cure.OTHER_NUMBER),
        (21614, 400, Cure.OTHER_NUMBER),
        (30003, 400, Cure.OTHER_NUMBER),
        (30006, 400, Cure.OTHER_NUMBER),
        (30007, 400, Cure.OTHER_CHANNEL),
        (30008, 400, Cure.ONCE_MORE),
        (30001, 400, Cure.TIME),
        (20429, 429, Cure.TIME),
        (20003, 401, Cure.SETTINGS),
        (21408, 403, Cure.SETTINGS),
        (13999, 400, Cure.SETTINGS),
        (99999, 400, Cure.SETTINGS),
        (99999, 503, Cure.TIME),
        (None, 502, Cure.TIME),
        (None, 404, Cure.SETTINGS),
    ],
)
def test_a_code_means_what_twilio_says_it_means(code: int | None, status: int, cure: Cure) -> None:
    assert trouble(code, status=status).cure is cure


@given(st.lists(st.sampled_from(["queued", "sending", "sent", "delivered", "undelivered", "x"])))
def test_a_status_never_goes_back_whatever_the_order(told: list[str]) -> None:
    state: str | None = None
    for status in told:
        before = state
        if follows(status, state):
            state = status
        assert before is None or rank(state or "") >= rank(before)
    if {"delivered", "undelivered"} & set(told):
        assert state in {"delivered", "undelivered"}
