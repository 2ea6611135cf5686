from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.models import Role
from tests.harness.world import KARI, World
from tests.ladder.pages import told

BOB, MONITOR = "bob@shop.example", "no-reply@monitor.example"
PATH = "/api/v1/incidents"


@pytest.fixture
def two(world: World) -> World:
    """A world with an outage that a Norwegian and an English customer report."""
    world.mail("Hele nettbutikken er nede for alle kunder, ingen får betalt.", subject="Nede")
    world.mail(
        "Hello, the whole web shop is down and nobody is able to pay for their orders.",
        subject="Everything is down",
        sender=f"Bob <{BOB}>",
        message_id="<2@shop.example>",
    )
    world.process_all()
    assert [world.ticket(number).language for number in (1, 2)] == ["nb", "en"]
    world.postman.taken.clear()
    return world


def opened(web: TestClient, *numbers: int) -> str:
    made = web.post(PATH, json={"title": "Betaling er nede", "tickets": list(numbers)})
    assert made.status_code == 201, made.text
    assert made.json()["tickets"] == list(numbers)
    return str(made.json()["id"])


def test_one_update_reaches_every_customer_in_their_own_language(two: World) -> None:
    web = two.web()
    incident = opened(web, 1, 2)
    texts = {"nb": "Betaling er tilbake kl. 11.", "en": "Payments are back at 11."}
    answer = web.post(f"{PATH}/{incident}/updates", json={"texts": texts})
    assert answer.json() == {"told": 2, "untold": {}}
    two.deliver()
    two.postman.expect(KARI, saying="Betaling er tilbake kl. 11.")
    two.postman.expect(BOB, saying="Payments are back at 11.")
    shown = web.get(f"{PATH}/{incident}").json()
    assert [one["texts"] for one in shown["updates"]] == [texts]


def test_nobody_is_told_while_a_language_is_missing(two: World) -> None:
    web = two.web()
    incident = opened(web, 1, 2)
    refused = web.post(f"{PATH}/{incident}/updates", json={"texts": {"nb": "Vi er på saken."}})
    assert refused.status_code == 422
    assert "en" in refused.json()["detail"]
    two.deliver()


def test_bokmal_serves_whoever_reads_nynorsk(two: World) -> None:
    with two.db.writing() as session:
        ticket = session.merge(two.ticket(2))
        ticket.language = "nn"
    web = two.web()
    incident = opened(web, 1, 2)
    answer = web.post(f"{PATH}/{incident}/updates", json={"texts": {"nb": "Vi er på saken."}})
    assert answer.json()["told"] == 2
    two.deliver()
    two.postman.expect(KARI)
    two.postman.expect(BOB, saying="Vi er på saken.")


def test_an_update_is_a_persons_word_and_meets_what_was_promised(two: World) -> None:
    web = two.web()
    incident = opened(web, 1, 2)
    web.post(f"{PATH}/{incident}/updates", json={"texts": {"nb": "Vi er på saken.", "en": "Yes."}})
    two.deliver()
    two.postman.taken.clear()
    for number in (1, 2):
        assert "replied" in two.kinds(number)
        clocks = web.get(f"/api/v1/tickets/{number}").json()["clocks"]
        assert next(one for one in clocks if one["kind"] == "first_response")["status"] == "met"


def test_a_machine_that_reported_it_is_not_written_to_and_the_answer_says_so(two: World) -> None:
    two.mail("Butikken svarer ikke.", subject="Alarm", sender=MONITOR, message_id="<3@m.example>")
    two.process_all()
    two.postman.taken.clear()
    web = two.web()
    incident = opened(web, 1, 3)
    texts = {"nb": "Vi er på saken.", "en": "We are on it."}
    answer = web.post(f"{PATH}/{incident}/updates", json={"texts": texts}).json()
    assert answer == {"told": 1, "untold": {"3": "nobody_reads_it"}}
    two.deliver()
    two.postman.expect(KARI)


def test_taking_an_incident_takes_its_tickets_and_pages_nobody_about_later_ones(two: World) -> None:
    web = two.web()
    incident = opened(web, 1)
    assert web.post(f"{PATH}/{incident}/take").json() == {"tickets": 1}
    assert two.ticket(1).taken_by_id == two.agent.id
    assert web.post(f"{PATH}/{incident}/tickets", json={"tickets": [2]}).status_code == 200
    assert two.ticket(2).taken_by_id == two.agent.id
    two.process_all()
    two.move(minutes=60)


def test_another_agents_joining_makes_nobody_take_a_ticket(two: World) -> None:
    web = two.web()
    incident = opened(web, 1)
    web.post(f"{PATH}/{incident}/take")
    two.web(two.lead).post(f"{PATH}/{incident}/tickets", json={"tickets": [2]})
    assert two.ticket(2).taken_at is None
    two.process_all()
    two.postman.taken.clear()


def test_the_end_is_told_to_all_and_solves_every_ticket(two: World) -> None:
    web = two.web()
    incident = opened(web, 1, 2)
    texts = {"nb": "Alt virker igjen.", "en": "All is well again."}
    web.post(f"{PATH}/{incident}/resolve", json={"texts": texts})
    two.deliver()
    two.postman.expect(KARI, saying="Alt virker igjen.")
    two.postman.expect(BOB, saying="All is well again.")
    assert [two.ticket(number).status for number in (1, 2)] == ["solved", "solved"]
    assert web.get(f"{PATH}?state=open").json()["items"] == []
    two.move(hours=5)


def test_a_ticket_with_another_cause_is_taken_out_and_told_of_nothing(two: World) -> None:
    web = two.web()
    incident = opened(web, 1, 2)
    path = f"{PATH}/{incident}/tickets/2/leave"
    assert web.post(path, json={"reason": "En annen feil."}).status_code == 200
    assert told(two, "incident_left", 2)[0]["reason"] == "En annen feil."
    web.post(f"{PATH}/{incident}/updates", json={"texts": {"nb": "Vi er på saken."}})
    two.deliver()
    two.postman.expect(KARI)


def test_a_ticket_is_under_one_incident_only(two: World) -> None:
    web = two.web()
    opened(web, 1)
    again: dict[str, Any] = {"title": "Noe annet", "tickets": [1]}
    assert web.post(PATH, json=again).status_code == 409
    assert len(web.get(PATH).json()["items"]) == 1


def test_what_is_over_takes_no_more_tickets(two: World) -> None:
    web = two.web()
    incident = opened(web, 1)
    web.post(f"{PATH}/{incident}/resolve", json={"texts": {"nb": "Ferdig."}})
    two.deliver()
    two.postman.expect(KARI)
    assert web.post(f"{PATH}/{incident}/tickets", json={"tickets": [2]}).status_code == 409


def test_a_viewer_reads_incidents_and_changes_none(two: World) -> None:
    incident = opened(two.web(), 1)
    web = two.web(two.hire("Ser Bare", "ser@desk.example", Role.VIEWER))
    assert web.get(f"{PATH}/{incident}").status_code == 200
    assert web.post(f"{PATH}/{incident}/take").status_code == 403
