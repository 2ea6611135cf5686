"""What every route does without its handler knowing: nothing twice, nothing over another's head."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from app.config import ApiSettings
from app.main import create_app
from app.models import Customer, KeptAnswer, Message, MessageKind, Role
from app.models.system import AuditEntry
from tests.harness.world import World, make_settings

TICKET = "/api/v1/tickets/1"
CUSTOMERS = "/api/v1/customers"
MANY = 50


@pytest.fixture
def opened(world: World) -> World:
    world.mail()
    world.process_all()
    world.postman.taken.clear()
    return world


def notes(world: World) -> list[str]:
    with world.db.reading() as session:
        query = select(Message.text).where(Message.kind == MessageKind.NOTE)
        return list(session.exec(query.order_by(col(Message.id))))


def customers(world: World) -> list[str]:
    with world.db.reading() as session:
        return list(session.exec(select(Customer.name)))


def at_once(world: World, ask: Callable[[TestClient, int], Any]) -> list[Any]:
    """Let many clients of the same person ask at the same moment."""
    token = world.web(world.lead).headers["Authorization"]
    app = create_app(world.db, world.house, world.clock)

    def one(number: int) -> Any:
        return ask(TestClient(app, headers={"Authorization": token}), number)

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(one, range(MANY)))


def test_the_same_request_with_one_key_is_done_once_and_answered_alike(opened: World) -> None:
    client = opened.web()
    key = {"Idempotency-Key": "6fd1c1a0"}
    first = client.post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key)
    again = client.post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert notes(opened) == ["Ring Kari."]


def test_another_request_under_the_same_key_is_refused(opened: World) -> None:
    client = opened.web()
    key = {"Idempotency-Key": "6fd1c1a0"}
    client.post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key)
    for path, body in ((f"{TICKET}/notes", {"text": "Ring Per."}), (f"{TICKET}/solve", {})):
        other = client.post(path, json=body, headers=key)
        assert (other.status_code, other.json()["field"]) == (422, "header.Idempotency-Key")
    assert notes(opened) == ["Ring Kari."]


def test_a_key_is_its_owners_alone_and_lasts_a_day(opened: World) -> None:
    key = {"Idempotency-Key": "6fd1c1a0"}
    for client in (opened.web(), opened.web(opened.lead)):
        client.post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key)
    assert len(notes(opened)) == 2
    opened.clock.move(timedelta(hours=24))
    opened.web().post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key)
    assert len(notes(opened)) == 3


def test_a_refusal_keeps_no_answer_and_leaves_nothing_behind(opened: World) -> None:
    client = opened.web()
    key = {"Idempotency-Key": "6fd1c1a0"}
    assert client.post(f"{TICKET}/resume", json={}, headers=key).status_code == 409
    with opened.db.reading() as session:
        assert session.exec(select(KeptAnswer)).all() == []
    client.post(f"{TICKET}/wait", json={"reason": "Hvilken nettleser?"})
    assert client.post(f"{TICKET}/resume", json={}, headers=key).status_code == 200


def test_what_a_kept_answer_says_cannot_be_read_in_the_database(opened: World) -> None:
    made = opened.web().post(
        "/api/v1/tokens", json={"name": "eksport"}, headers={"Idempotency-Key": "6fd1c1a0"}
    )
    with opened.db.reading() as session:
        (kept,) = session.exec(select(KeptAnswer)).all()
    assert made.json()["token"].encode() not in kept.body
    assert b"eksport" not in kept.body


def test_a_crash_before_the_answer_is_kept_takes_the_effect_back(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = opened.web()
    key = {"Idempotency-Key": "6fd1c1a0"}

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr("app.store.answers.keep", crash)
        with pytest.raises(RuntimeError, match="power"):
            client.post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key)
    assert notes(opened) == []
    assert (
        client.post(f"{TICKET}/notes", json={"text": "Ring Kari."}, headers=key).headers.get(
            "Idempotency-Replayed"
        )
        is None
    )
    assert notes(opened) == ["Ring Kari."]


def test_fifty_identical_requests_with_one_key_make_one_thing(world: World) -> None:
    def ask(client: TestClient, _: int) -> Any:
        return client.post(
            CUSTOMERS, json={"name": "Fjellbod AS"}, headers={"Idempotency-Key": "6fd1c1a0"}
        )

    answers = at_once(world, ask)
    assert Counter(one.status_code for one in answers) == {201: MANY}
    assert len({one.content for one in answers}) == 1
    assert sum("Idempotency-Replayed" not in one.headers for one in answers) == 1
    assert customers(world) == ["Fjellbod AS"]


def test_fifty_who_read_the_same_state_cannot_all_change_it(opened: World) -> None:
    tag = opened.web().get(TICKET).headers["ETag"]

    def ask(client: TestClient, number: int) -> Any:
        body = {"text": f"Notat {number}"}
        return client.post(f"{TICKET}/notes", json=body, headers={"If-Match": tag})

    answers = at_once(opened, ask)
    assert Counter(one.status_code for one in answers) == {200: 1, 412: MANY - 1}
    assert len(notes(opened)) == 1
    refused = next(one for one in answers if one.status_code == 412)
    assert refused.headers["ETag"] == opened.web().get(TICKET).headers["ETag"]
    assert refused.json()["current"]["version"] == opened.ticket().version


def test_fifty_who_change_one_ticket_lose_no_update(opened: World) -> None:
    before = opened.ticket().version
    tag = opened.web().get(TICKET).headers["ETag"]

    def ask(client: TestClient, number: int) -> int:
        body = {"text": f"Notat {number}"}
        own, tries = tag, 1
        # Every fifth insists on the state that it has read, and takes the current one where not.
        while True:
            headers = {"If-Match": own} if number % 5 == 0 else {}
            answer = client.post(f"{TICKET}/notes", json=body, headers=headers)
            if answer.status_code == 200:
                return tries
            assert answer.status_code == 412, answer.text
            own, tries = answer.headers["ETag"], tries + 1

    tries = at_once(opened, ask)
    assert sorted(notes(opened)) == sorted(f"Notat {number}" for number in range(MANY))
    assert opened.ticket().version == before + MANY
    assert max(tries) > 1, "nobody ever met another: this shows nothing"


def test_a_thing_that_is_no_ticket_is_kept_safe_too(world: World) -> None:
    client = world.web(world.lead)
    made = client.post(CUSTOMERS, json={"name": "Fjellbod AS"}).json()
    path = f"{CUSTOMERS}/{made['id']}"
    tag = client.get(path).headers["ETag"]
    domain = {"domain": "fjellbod.example"}
    assert client.post(f"{path}/domains", json=domain, headers={"If-Match": tag}).is_success
    again = client.post(f"{path}/sites", json={"host": "b.example"}, headers={"If-Match": tag})
    assert again.status_code == 412
    assert again.json()["current"]["domains"] == ["fjellbod.example"]
    fresh = {"If-Match": f'"other", {again.headers["ETag"]}'}
    assert client.post(f"{path}/sites", json={"host": "b.example"}, headers=fresh).is_success
    star = {"If-Match": "*"}
    assert client.post(f"{path}/sites", json={"host": "c.example"}, headers=star).is_success


@pytest.mark.parametrize("tag", ['"999"', 'W/"2"', "nonsense", ""])
def test_a_state_that_never_was_is_refused(opened: World, tag: str) -> None:
    answer = opened.web().post(f"{TICKET}/notes", json={"text": "Hei"}, headers={"If-Match": tag})
    assert answer.status_code == 412
    assert notes(opened) == []


def test_if_match_where_there_is_nothing_yet_is_refused(world: World) -> None:
    answer = world.web(world.lead).post(
        CUSTOMERS, json={"name": "Fjellbod AS"}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 412
    assert customers(world) == []


def test_only_the_fields_asked_for_are_shown(opened: World) -> None:
    client = opened.web()
    assert client.get(TICKET, params={"fields": "number, status"}).json() == {
        "number": 1,
        "status": "open",
    }
    listed = client.get("/api/v1/tickets", params={"fields": "number"}).json()
    assert listed == {"items": [{"number": 1}], "next": None}
    wrong = client.get(TICKET, params={"fields": "numbr"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "query.fields")
    assert "subject" in wrong.json()["remedy"]


def test_who_asks_too_often_is_told_for_how_long_to_wait(world: World) -> None:
    settings = make_settings(api={"requests_a_minute": 3, "requests_a_minute_of_an_address": 5})
    slow = World.__new__(World)
    slow.__dict__.update(world.__dict__)
    object.__setattr__(slow.house, "settings", settings)
    app = create_app(slow.db, slow.house, slow.clock)
    one, other = (slow.web().headers["Authorization"] for _ in range(2))

    def ask(token: str) -> Any:
        return TestClient(app, headers={"Authorization": token}).get("/api/v1/me")

    assert [ask(one).status_code for _ in range(4)] == [200, 200, 200, 429]
    # The address has been let in four times: the first of another token is the last of it.
    assert [ask(other).status_code for _ in range(2)] == [200, 429]
    refused = ask(other)
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) == 12
    assert refused.headers["RateLimit"].startswith('"address";r=0;t=60')
    assert TestClient(app).get("/healthz").status_code == 200
    slow.clock.move(timedelta(seconds=20))
    assert ask(one).status_code == 200


def test_every_answer_has_an_id_that_may_be_the_callers_own(world: World) -> None:
    client = world.web()
    assert len(client.get("/api/v1/me").headers["X-Request-ID"]) == 36
    own = client.get("/api/v1/me", headers={"X-Request-ID": "jobb-2026-11-27.1"})
    assert own.headers["X-Request-ID"] == "jobb-2026-11-27.1"
    forged = client.get("/api/v1/me", headers={"X-Request-ID": "a b; c"})
    assert forged.headers["X-Request-ID"] != "a b; c"


def test_what_no_verb_writes_down_is_written_down_all_the_same(world: World) -> None:
    """A route whose handler forgot the audit log leaves an entry by who called it."""
    client = world.web(world.lead)
    made = client.post("/api/v1/tokens", json={"name": "eksport"})
    assert made.status_code == 201
    with world.db.reading() as session:
        actors = {one.actor for one in session.exec(select(AuditEntry))}
    assert f"agent:{world.lead.id}" in actors


def test_the_default_limits_are_generous_enough_for_a_busy_page() -> None:
    assert ApiSettings().requests_a_minute >= 50 * 60
    assert Role.VIEWER in set(Role)
