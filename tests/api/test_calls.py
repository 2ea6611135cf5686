"""Calls by the API: written down in one step, listed, called back, and seen to be one incident."""

from collections.abc import Generator
from datetime import timedelta

import pytest

from app.kit.db import Database
from app.models import CallOutcome, Role
from app.sla.terms import ClockKind, ClockStatus, Severity
from tests.harness.calls import (
    KARIS_MOBILE,
    LANDLINE,
    TOMS_MOBILE,
    call_backs,
    kari,
    phone_settings,
    phoned,
    tom,
)
from tests.harness.world import KARI, World

MISSED = CallOutcome.MISSED


@pytest.fixture
def world(db: Database) -> Generator[World]:
    made = World(db, phone_settings())
    yield made
    made.deliver()
    made.postman.taken.clear()
    made.phones["sms"].taken.clear()
    made.expect_silence()


def test_an_agent_writes_a_call_down_in_one_step(world: World) -> None:
    kari(world)
    body = {"number": "912 34 567", "severity": "serious", "note": "Kassen er treg for noen."}
    answer = world.web().post("/api/v1/calls", json=body)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert (said["ticket"], said["from_number"], said["agent"]) == (1, KARIS_MOBILE, "Ola Vakt")
    ticket = world.ticket()
    assert (ticket.severity, ticket.confirm_severity) == (Severity.SERIOUS, False)
    assert world.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.MET
    world.deliver()
    world.phones["sms"].expect(KARIS_MOBILE, "nummer 1 (alvorlig)")
    world.postman.expect(KARI, saying="Takk for at du ringte")


def test_the_agents_choice_counts_and_not_what_the_note_sounds_like(world: World) -> None:
    body = {"number": LANDLINE, "severity": "minor", "note": "Alt er nede, men bare på staging."}
    world.web().post("/api/v1/calls", json=body)
    assert world.ticket().severity is Severity.MINOR


def test_a_call_about_a_known_ticket_is_written_on_it(world: World) -> None:
    phoned(world, outcome=MISSED, severity=Severity.MINOR, from_number=LANDLINE)
    web = world.web()
    answer = web.post("/api/v1/calls", json={"number": "", "ticket": 1, "note": "Fra sjefen."})
    assert answer.json()["ticket"] == 1
    told = web.get("/api/v1/tickets/1/calls").json()["items"]
    assert [one["outcome"] for one in told] == ["missed", "answered"]
    assert web.post("/api/v1/calls", json={"ticket": 99}).status_code == 404


def test_calls_are_listed_page_by_page_newest_first(world: World) -> None:
    for _ in range(3):
        phoned(world, outcome=MISSED, from_number=LANDLINE)
    web = world.web()
    first = web.get("/api/v1/calls?limit=2").json()
    second = web.get(f"/api/v1/calls?limit=2&cursor={first['next']}").json()
    ids = [one["id"] for one in (*first["items"], *second["items"])]
    assert len(set(ids)) == 3
    assert ids == sorted(ids, reverse=True)
    assert second["next"] is None
    assert web.get("/api/v1/calls?outcome=answered").json()["items"] == []
    assert web.get("/api/v1/calls?direction=sideways").status_code == 422


def test_a_task_to_call_back_is_ticked_off_once(world: World) -> None:
    phoned(world, outcome=MISSED, from_number=LANDLINE, severity=Severity.SERIOUS)
    web = world.web()
    (task,) = web.get("/api/v1/call-backs").json()["items"]
    assert (task["ticket"], task["number"]) == (1, LANDLINE)
    done = web.post(f"/api/v1/call-backs/{task['id']}/done")
    assert done.status_code == 200, done.text
    assert done.json()["flags"] == []
    assert web.get("/api/v1/call-backs").json()["items"] == []
    assert call_backs(world)[0].done_by_id == world.agent.id
    assert web.post(f"/api/v1/call-backs/{task['id']}/done").status_code == 409


def test_a_viewer_reads_calls_and_writes_none_down(world: World) -> None:
    viewer = world.hire("Vera Vis", "vera@desk.example", Role.VIEWER)
    web = world.web(viewer)
    assert web.get("/api/v1/calls").status_code == 200
    assert web.post("/api/v1/calls", json={}).status_code == 403


def two_customers_phone(world: World) -> None:
    kari(world)
    tom(world)
    phoned(world, outcome=MISSED, severity=Severity.CRITICAL)
    phoned(world, outcome=MISSED, severity=Severity.CRITICAL, from_number=TOMS_MOBILE)


def test_one_action_makes_an_incident_of_a_suspicion(world: World) -> None:
    two_customers_phone(world)
    web = world.web()
    (seen,) = web.get("/api/v1/suspicions").json()["items"]
    assert (seen["tickets"], seen["state"]) == ([1, 2], "open")
    title = {"title": "Betaling er nede"}
    said = web.post(f"/api/v1/suspicions/{seen['id']}/confirm", json=title)
    assert said.status_code == 200, said.text
    incident = said.json()["incident_id"]
    assert web.get(f"/api/v1/incidents/{incident}").json()["tickets"] == [1, 2]
    assert "suspected_incident" not in world.ticket(1).flags
    assert web.post(f"/api/v1/suspicions/{seen['id']}/confirm", json={}).status_code == 409


def test_whoever_phones_after_that_is_put_under_the_same_incident(world: World) -> None:
    two_customers_phone(world)
    web = world.web()
    (seen,) = web.get("/api/v1/suspicions").json()["items"]
    incident = web.post(f"/api/v1/suspicions/{seen['id']}/confirm", json={}).json()["incident_id"]
    world.clock.move(timedelta(minutes=4))
    phoned(world, outcome=MISSED, severity=Severity.SERIOUS, from_number=LANDLINE)
    (again,) = web.get("/api/v1/suspicions").json()["items"]
    assert again["tickets"] == [1, 2, 3]
    said = web.post(f"/api/v1/suspicions/{again['id']}/confirm", json={}).json()
    assert said["incident_id"] == incident
    assert web.get(f"/api/v1/incidents/{incident}").json()["tickets"] == [1, 2, 3]


def test_a_suspicion_that_is_dismissed_is_not_raised_again_by_the_same_tickets(
    world: World,
) -> None:
    two_customers_phone(world)
    web = world.web()
    (seen,) = web.get("/api/v1/suspicions").json()["items"]
    assert web.post(f"/api/v1/suspicions/{seen['id']}/dismiss").json()["state"] == "dismissed"
    phoned(world, outcome=MISSED, severity=Severity.CRITICAL)
    assert web.get("/api/v1/suspicions").json()["items"] == []


def test_a_contacts_number_makes_them_known_when_they_call(world: World) -> None:
    web = world.web(world.lead)
    customer = web.post("/api/v1/customers", json={"name": "Fjellbod AS"}).json()["id"]
    body = {"name": "Kari Fjeld", "email": KARI.upper(), "phone": "22 33 44 55"}
    made = web.post(f"/api/v1/customers/{customer}/contacts", json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["phone"], made.json()["email"]) == (LANDLINE, KARI)
    assert web.post(f"/api/v1/customers/{customer}/contacts", json=body).status_code == 409
    number = f"/api/v1/contacts/{made.json()['id']}/phone"
    assert web.put(number, json={"phone": "nonsense"}).status_code == 422
    assert web.put(number, json={"phone": "912 34 567"}).json()["phone"] == KARIS_MOBILE
    listed = web.get(f"/api/v1/customers/{customer}/contacts").json()["items"]
    assert [one["phone"] for one in listed] == [KARIS_MOBILE]
    phoned(world, outcome=MISSED)
    assert str(world.ticket().customer_id) == customer
