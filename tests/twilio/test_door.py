"""The door that Twilio's webhooks come in by, as a router meets it."""

import threading
import time
from collections.abc import Generator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from app.api import problems
from app.kit.clock import StillClock
from app.kit.errors import BadConfig, Unavailable
from app.outbox.twilio.signature import Refusal
from app.outbox.twilio.webhook import Door, FromTwilio, promptly
from tests.harness.world import TUESDAY_TEN, make_settings

TOKEN = "t" * 32
PUBLIC = "https://desk.example/svartid"


class Desk:
    """A small application behind the door, reached as if through a proxy."""

    def __init__(self) -> None:
        twilio = {"account_sid": "AC" + "0" * 32, "number": "+4722000000", "auth_token": TOKEN}
        settings = make_settings(twilio={**twilio, "public_url": PUBLIC + "/"})
        self.clock = StillClock(TUESDAY_TEN)
        self.door = Door(settings)
        app = FastAPI()
        app.state.twilio, app.state.clock = self.door, self.clock
        problems.install(app)

        @app.api_route("/calls", methods=["GET", "POST"])
        def calls(hook: FromTwilio) -> dict[str, object]:
            return {"digits": hook.get("Digits"), "query": dict(hook.query), "token": hook.token}

        # Whatever the headers say, only the configured address counts.
        headers = {"host": "evil.example", "x-forwarded-host": "evil.example"}
        self.web = TestClient(app, headers=headers)

    def post(
        self, fields: dict[str, str], path: str = "/calls", *, signed: str | None = None
    ) -> tuple[int, dict[str, object]]:
        made = RequestValidator(TOKEN).compute_signature(PUBLIC + path, fields)
        signature = made if signed is None else signed
        answer = self.web.post(
            path,
            content=urlencode(fields),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-twilio-signature": signature,
                "i-twilio-idempotency-token": "once",
            },
        )
        return answer.status_code, answer.json()


@pytest.fixture
def desk() -> Generator[Desk]:
    made = Desk()
    with made.web:
        yield made


def test_a_signed_form_reaches_its_handler(desk: Desk) -> None:
    status, said = desk.post({"Digits": "1", "Speech": ""}, "/calls?delivery=abc%2Fd&n=1")
    assert status == 200
    assert said == {"digits": "1", "query": {"delivery": "abc/d", "n": "1"}, "token": "once"}


def test_a_signed_get_reaches_its_handler(desk: Desk) -> None:
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/calls?Digits=2", {})
    said = desk.web.get("/calls?Digits=2", headers={"x-twilio-signature": signature})
    assert said.json()["digits"] == "2"


def test_an_unsigned_and_a_wrongly_signed_one_are_refused_and_counted(desk: Desk) -> None:
    assert desk.post({"Digits": "1"}, signed="")[0] == 403
    status, said = desk.post({"Digits": "1"}, signed="c2hhMQ==")
    assert (status, said["title"]) == (403, "Not allowed")
    assert desk.door.refused == {Refusal.MISSING: 1, Refusal.WRONG: 1}


def test_refusals_leave_one_line_a_minute_that_counts_them(desk: Desk) -> None:
    with capture_logs() as lines:
        for _ in range(5):
            desk.post({"Digits": "1"}, signed="no")
        desk.clock.move(timedelta(minutes=1))
        desk.post({"Digits": "1"}, signed="no")
    told = [(line["since_last_told"], line["in_all"]) for line in lines]
    assert told == [(1, 1), (5, 6)]


def test_twilio_may_repeat_itself_but_nobody_may_an_hour_later(desk: Desk) -> None:
    assert desk.post({"Digits": "1"})[0] == 200
    desk.clock.move(timedelta(minutes=59))
    assert desk.post({"Digits": "1"})[0] == 200
    desk.clock.move(timedelta(minutes=2))
    assert desk.post({"Digits": "1"})[0] == 403
    assert desk.door.refused == {Refusal.REPLAYED: 1}


def test_an_account_without_its_token_is_refused_at_start() -> None:
    twilio = {"account_sid": "AC" + "0" * 32, "number": "+4722000000"}
    with pytest.raises(BadConfig, match="SVARTID_TWILIO__AUTH_TOKEN"):
        Door(make_settings(twilio=twilio))


@pytest.mark.anyio
async def test_a_prompt_answer_is_the_works_own() -> None:
    assert await promptly(lambda: "done", lambda: "later") == "done"


@pytest.mark.anyio
@pytest.mark.parametrize("error", [Unavailable("away"), ZeroDivisionError()])
async def test_work_that_fails_is_answered_for(error: Exception) -> None:
    def fail() -> str:
        raise error

    assert await promptly(fail, lambda: "later") == "later"


@pytest.mark.anyio
async def test_work_that_hangs_is_answered_for_in_time_however_much_of_it_there_is() -> None:
    free = threading.Event()
    began = time.monotonic()
    for _ in range(20):
        assert await promptly(free.wait, lambda: "later", within_s=0.02) == "later"
    free.set()
    assert time.monotonic() - began < 5
