"""``svartid doctor`` says what is wrong with the way to Twilio and back, and how to mend it."""

from collections.abc import Generator

import pytest

from app.kit.errors import BadConfig
from app.phone_checks import phone_checks
from tests.harness.fake_twilio import FakeTwilio, fake_twilio
from tests.harness.world import TUESDAY_TEN, make_settings
from tests.twilio.conftest import twilio_settings

RIGHT = {
    "sms_url": "https://desk.example/twilio/sms#rc=5&rp=all",
    "voice_url": "https://desk.example/twilio/line",
    "status_callback": "https://desk.example/twilio/line/status",
    "voice_fallback_url": "https://handler.twilio.com/twiml/EH1",
}


@pytest.fixture
def twilio() -> Generator[FakeTwilio]:
    with fake_twilio(lambda: TUESDAY_TEN) as made:
        made.number_settings = dict(RIGHT)
        yield made
        assert not made.complaints


def check(twilio: FakeTwilio, name: str, **changes: object) -> str:
    settings = make_settings(twilio=twilio_settings(twilio.url, **changes))
    return dict(phone_checks(settings))[f"Twilio {name}"]()


def test_all_is_well(twilio: FakeTwilio) -> None:
    assert check(twilio, "account") == "signed in, and active"
    assert "hands its SMS to us" in check(twilio, "number")
    assert "come to us" in check(twilio, "line")


def test_a_wrong_token_is_named(twilio: FakeTwilio) -> None:
    with pytest.raises(BadConfig, match=r"twilio\.auth_token.*auth token is wrong"):
        check(twilio, "account", auth_token="another")


def test_a_suspended_account_is_named(twilio: FakeTwilio) -> None:
    twilio.standing = "suspended"
    with pytest.raises(BadConfig, match="the account is suspended"):
        check(twilio, "account")


def test_a_number_of_somebody_elses_is_named(twilio: FakeTwilio) -> None:
    with pytest.raises(BadConfig, match=r"twilio\.number: the account has no number \+4799999999"):
        check(twilio, "number", number="+4799999999")


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("sms_url", "", "goes to nobody"),
        ("sms_url", "https://demo.twilio.com/welcome/sms/reply", "goes to https://demo"),
        ("voice_fallback_url", "", "hears an error"),
        ("voice_fallback_url", "https://desk.example/twilio/line", "is ourselves"),
    ],
)
def test_a_number_that_is_set_up_wrongly_is_told_with_the_remedy(
    twilio: FakeTwilio, setting: str, value: str, says: str
) -> None:
    twilio.number_settings[setting] = value
    with pytest.raises(BadConfig, match=says) as raised:
        check(twilio, "number")
    assert raised.value.remedy


@pytest.mark.parametrize("url", ["http://desk.example", "https://localhost:8443"])
def test_an_address_that_twilio_cannot_reach_is_told(twilio: FakeTwilio, url: str) -> None:
    with pytest.raises(BadConfig, match=r"twilio\.public_url: Twilio cannot reach"):
        check(twilio, "webhooks", public_url=url)


def test_an_address_that_nobody_answers_is_told_and_is_not_wrong(twilio: FakeTwilio) -> None:
    assert "is not reached from here" in check(
        twilio, "webhooks", public_url="https://desk.invalid"
    )


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("voice_url", "", "is empty, and not ours"),
        ("voice_url", "https://demo.twilio.com/welcome", "is https://demo"),
        ("status_callback", "", "is empty, and not ours"),
    ],
)
def test_a_line_whose_calls_do_not_come_to_us_is_told_with_the_remedy(
    twilio: FakeTwilio, setting: str, value: str, says: str
) -> None:
    twilio.number_settings[setting] = value
    with pytest.raises(BadConfig, match=says) as raised:
        check(twilio, "line")
    assert raised.value.remedy
