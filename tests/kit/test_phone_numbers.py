"""Numbers are compared in one spelling; what is none stays as it came."""

import pytest

from app.kit.phone_numbers import in_words, is_hidden, is_mobile, parse_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("22 00 00 00", "+4722000000"),
        ("+47 912 34 567", "+4791234567"),
        ("004791234567", "+4791234567"),
        ("sip:+4791234567@pbx.example;user=phone", "+4791234567"),
        ("tel:+4791234567", "+4791234567"),
        ("+44 20 7946 0958", "+442079460958"),
        # Withheld, as telephone systems say it; the last are what Twilio posts for some carriers.
        ("anonymous", None),
        ("Restricted", None),
        ("", None),
        ("+266696687", None),
        # Short codes, extensions and names.
        ("116117", None),
        ("201", None),
        ("kari", None),
        ("9" * 500, None),
    ],
)
def test_numbers_as_they_are_written(written: str, number: str | None) -> None:
    assert parse_number(written, "NO") == number


def test_a_hidden_number_is_known_for_one() -> None:
    assert is_hidden("Anonymous")
    assert is_hidden(" ")
    assert not is_hidden("201")


def test_only_a_mobile_gets_an_sms() -> None:
    assert is_mobile("+4791234567")
    assert not is_mobile("+4722334455")
    assert not is_mobile("anonymous")


def test_a_number_is_shown_as_people_write_it() -> None:
    assert in_words("+4722000000") == "+47 22 00 00 00"
    assert in_words("anonymous") == "anonymous"
