"""Any telephone system posts its calls, and shows that it may."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.desk.house import House
from app.kit.errors import Unavailable
from app.main import create_app
from app.models import CallOutcome
from app.sla.terms import Severity
from intake.phone import generic
from tests.harness.calls import LANDLINE, calls, phone_settings
from tests.harness.world import World

TOKEN = "t" * 32
KEY = "k" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}
URL = "/intake/phone/calls"


def client(world: World, **phone: object) -> TestClient:
    settings = phone_settings(phone={"token": TOKEN, "signing_key": KEY, **phone})
    with world.db.writing() as session:
        house = House.open(session, settings, now=world.now)
    return TestClient(create_app(world.db, house, world.clock))


def call(world: World, **changes: object) -> dict[str, Any]:
    return {
        "external_id": "7",
        "direction": "inbound",
        "from": LANDLINE,
        "to": "+4722000000",
        "started": world.now.isoformat(),
        "outcome": "missed",
        "severity": "critical",
        "queue": "support",
        **changes,
    }


def signed(world: World, body: Mapping[str, object], *, key: str = KEY) -> tuple[bytes, str]:
    raw = json.dumps(body).encode()
    stamp = str(int(world.now.timestamp()))
    mac = hmac.new(key.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return raw, f"t={stamp},v1={mac}"


def post_signed(web: TestClient, raw: bytes, signature: str) -> Response:
    return web.post(URL, content=raw, headers={"Svartid-Signature": signature})


def test_a_posted_call_is_a_ticket_when_the_answer_is_yes(world: World) -> None:
    answer = client(world).post(URL, json=call(world), headers=BEARER)
    assert answer.status_code == 200, answer.text
    (row,) = calls(world)
    assert answer.json() == {"call": str(row.id), "ticket": 1, "problems": []}
    assert (row.source, row.external_id, row.outcome) == ("generic", "7", CallOutcome.MISSED)
    assert row.extra == {"queue": "support"}
    assert world.ticket().severity is Severity.CRITICAL


def test_the_same_call_posted_twice_is_one_call(world: World) -> None:
    web = client(world)
    first, second = (web.post(URL, json=call(world), headers=BEARER).json() for _ in range(2))
    assert first == second
    assert len(calls(world)) == 1


def test_a_later_post_completes_an_earlier_one(world: World) -> None:
    web = client(world)
    web.post(URL, json=call(world, outcome=None), headers=BEARER)
    done = {"external_id": "7", "outcome": "voicemail", "transcript": "Ring meg.", "wait": 12}
    answer = web.post(URL, json=done, headers=BEARER)
    assert answer.json()["ticket"] == 1
    (row,) = calls(world)
    assert (row.outcome, row.transcript) == (CallOutcome.VOICEMAIL, "Ring meg.")
    assert row.extra == {"queue": "support", "wait": 12}


def test_a_form_is_read_as_well(world: World) -> None:
    form = {"CallType": "Missed", "Number": "22334455", "CallStartTimeUTC": "2026-11-24 09:00:00"}
    answer = client(world).post(f"{URL}?map=3cx&source=pbx1", data=form, headers=BEARER)
    assert answer.status_code == 200, answer.text
    (row,) = calls(world)
    assert (row.source, row.from_number, row.started_at) == ("pbx1", LANDLINE, world.now)


def test_a_signed_call_is_taken_and_its_replay_refused(world: World) -> None:
    web = client(world)
    raw, signature = signed(world, call(world))
    assert post_signed(web, raw, signature).status_code == 200
    assert post_signed(web, raw, signature).status_code == 409
    world.clock.move(timedelta(minutes=16))
    assert post_signed(web, raw, signature).status_code == 401
    # The same call, signed anew, is the same call.
    assert post_signed(web, *signed(world, call(world))).status_code == 200
    assert len(calls(world)) == 1


def test_a_signed_call_that_was_not_taken_may_be_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = client(world)
    raw, signature = signed(world, call(world))

    def is_away(*_: object, **__: object) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(generic, "record_call", is_away)
        answer = post_signed(web, raw, signature)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert post_signed(web, raw, signature).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (BEARER, 200),
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Svartid-Signature": "t=1,v1=00"}, 401),
        ({"Svartid-Signature": "nonsense"}, 401),
    ],
)
def test_a_stranger_is_refused(world: World, headers: dict[str, str], status: int) -> None:
    answer = client(world).post(URL, json=call(world), headers=headers)
    assert answer.status_code == status
    assert len(calls(world)) == (status == 200)


def test_a_body_that_was_altered_is_refused(world: World) -> None:
    raw, signature = signed(world, call(world))
    altered = raw.replace(b"critical", b"minor")
    assert post_signed(client(world), altered, signature).status_code == 401


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), ("wrong", 401), (None, 401)])
def test_a_system_that_can_set_no_header_bears_its_token_in_the_body(
    world: World, token: str | None, status: int
) -> None:
    body = {"token": token, "data": {"id": 1, "raw_digits": LANDLINE, "direction": "inbound"}}
    answer = client(world).post(f"{URL}?map=aircall", json=body)
    assert answer.status_code == status
    if status == 200:
        assert TOKEN not in str(calls(world)[0].extra)


def test_without_a_token_or_key_nobody_may_post(world: World) -> None:
    web = client(world, token=None, signing_key=None)
    assert web.post(URL, json=call(world), headers=BEARER).status_code == 401
    assert web.post(f"{URL}?map=aircall", json={"token": ""}).status_code == 401


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        (f"{URL}?map=4cx", "{}", "map"),
        (URL, "nonsense", "body"),
        (URL, "[]", "body"),
        (URL, "{}", "body"),
        (URL, "[" * 100_000, "body"),
    ],
)
def test_what_is_no_call_is_refused_by_its_field(
    world: World, url: str, body: str, field: str
) -> None:
    answer = client(world).post(url, content=body, headers=BEARER)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_what_is_odd_is_kept_and_said(world: World) -> None:
    body = call(world, outcome="vanished", ticket=99, weight=float("nan"))
    answer = client(world).post(URL, content=json.dumps(body), headers=BEARER)
    assert answer.status_code == 200, answer.text
    problems = answer.json()["problems"]
    assert problems == ["outcome: 'vanished' is not known", "there is no ticket 99"]
    assert calls(world)[0].extra["outcome"] == "vanished"


def test_a_call_among_ourselves_is_kept_and_is_no_tickets(world: World) -> None:
    answer = client(world).post(URL, json=call(world, direction="internal"), headers=BEARER)
    assert answer.json()["ticket"] is None
    assert len(calls(world)) == 1
