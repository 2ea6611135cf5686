"""Tickets that are one, and tickets that are two."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.models import Status
from app.sla.terms import ClockKind, ClockStatus, Severity
from tests.harness.world import KARI, World

OLE = "ole@fjellbod.example"
TICKETS = "/api/v1/tickets"


@pytest.fixture
def two(world: World) -> World:
    """A world where a colleague has written of the same fault half an hour later."""
    world.mail(subject="Skjev logo", text="Logoen er skjev.\n")
    world.clock.move(timedelta(minutes=30))
    world.mail(
        "Ser skjevt ut.\n",
        sender=f"Ole <{OLE}>",
        subject="Logo?",
        message_id="<2@fjellbod.example>",
    )
    world.process_all()
    world.postman.taken.clear()  # The receipts are other stories'.
    return world


def post(web: TestClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = web.post(f"{TICKETS}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_merged_ticket_shows_its_messages_on_the_other_and_answers_both(two: World) -> None:
    web = two.web()
    assert post(web, "2/merge", into=1)["number"] == 1
    shown = web.get(f"{TICKETS}/1/messages").json()["items"]
    assert [(one["ticket_number"], one["kind"]) for one in shown if one["kind"] == "inbound"] == [
        (1, "inbound"),
        (2, "inbound"),
    ]
    gone = two.ticket(2)
    assert (gone.status, gone.merged_into_id) == (Status.CLOSED, two.ticket(1).id)
    assert two.clock_of(ClockKind.FIRST_RESPONSE, 2).status is ClockStatus.CANCELLED
    post(web, "1/replies", text="Nå er den rett.")
    two.deliver()
    mail = two.postman.expect(KARI, saying="Nå er den rett.")
    assert OLE in str(mail["X-Test-Recipients"])


def test_what_is_merged_is_worked_on_where_it_went(two: World) -> None:
    web = two.web()
    post(web, "2/merge", into=1)
    for verb in ("replies", "work", "solve", "reopen"):
        told = post(web, f"2/{verb}", 409, **({"text": "hei"} if verb == "replies" else {}))
        assert "a part of another one" in told["detail"]
    assert post(web, "1/merge", 409, into=2)["field"] == "into"


def test_the_older_promise_is_the_one_that_counts(two: World) -> None:
    told = post(two.web(), "1/merge", 409, into=2)
    assert told["remedy"] == "Merge 2 into 1."


def test_the_worse_severity_is_the_one_that_counts(two: World) -> None:
    web = two.web()
    web.put(f"{TICKETS}/2/severity", json={"severity": "serious", "reason": "Ingen får betalt."})
    assert post(web, "2/merge", into=1)["severity"] == "serious"
    assert two.ticket().severity_reasons == ["#2: Ingen får betalt."]


def test_a_merge_opens_what_was_solved(two: World) -> None:
    web = two.web()
    post(web, "1/solve")
    assert post(web, "2/merge", into=1)["status"] == "open"


def test_tickets_of_different_customers_are_not_merged(two: World) -> None:
    lead = two.web(two.lead)
    for number, domain in ((1, "a.example"), (2, "b.example")):
        made = lead.post("/api/v1/customers", json={"name": domain, "domains": [domain]}).json()
        lead.put(f"{TICKETS}/{number}/customer", json={"customer_id": made["id"]})
    assert "different customers" in post(two.web(), "2/merge", 409, into=1)["detail"]


def test_a_merge_that_is_undone_never_was(two: World) -> None:
    web = two.web()
    before = two.clock_of(ClockKind.FIRST_RESPONSE, 2)
    due = two.ticket(2).next_due_at
    post(web, "2/merge", into=1)
    assert two.ticket(2).next_due_at is None
    two.clock.move(timedelta(hours=1))
    again = post(web, "2/undo", what="merge", reason="En annen butikk.")
    assert (again["status"], again["merged_into_id"]) == ("open", None)
    after = two.clock_of(ClockKind.FIRST_RESPONSE, 2)
    assert (after.status, after.limit_at) == (ClockStatus.RUNNING, before.limit_at)
    assert two.ticket(2).next_due_at == due
    assert [one["ticket_number"] for one in web.get(f"{TICKETS}/1/messages").json()["items"]] == [
        1,
        1,
    ]
    post(web, "2/undo", 409, what="merge", reason="Igjen.")
    two.process_all()


def test_what_waited_waits_again_after_an_undo(two: World) -> None:
    web = two.web()
    post(web, "2/wait", reason="Hvilken nettleser?")
    post(web, "2/merge", into=1)
    assert post(web, "2/undo", what="merge", reason="Feil.")["status"] == "waiting"
    assert two.clock_of(ClockKind.FIRST_RESPONSE, 2).status is ClockStatus.PAUSED
    post(web, "2/resume")
    assert two.clock_of(ClockKind.FIRST_RESPONSE, 2).status is ClockStatus.RUNNING


def test_severities_are_taken_back_one_by_one(two: World) -> None:
    web = two.web()
    first = two.ticket().severity
    for severity in ("serious", "critical"):
        web.put(f"{TICKETS}/1/severity", json={"severity": severity, "reason": "x"})
    assert post(web, "1/undo", what="severity", reason="Feil.")["severity"] == "serious"
    assert post(web, "1/undo", what="severity", reason="Feil.")["severity"] == first
    post(web, "1/undo", 409, what="severity", reason="Feil.")
    assert first is Severity.MINOR


def test_a_second_matter_becomes_a_ticket_of_its_own(two: World) -> None:
    web = two.web()
    two.mail(
        "Og fakturaen er feil.\n",
        subject="Re: Skjev logo",
        message_id="<3@fjellbod.example>",
        In_Reply_To="<1@fjellbod.example>",
    )
    said = [
        one for one in web.get(f"{TICKETS}/1/messages").json()["items"] if one["kind"] == "inbound"
    ]
    new = post(web, "1/split", 201, messages=[said[1]["id"]], subject="Faktura")
    assert (new["number"], new["subject"], new["contact_id"]) == (
        3,
        "Faktura",
        web.get(f"{TICKETS}/1").json()["contact_id"],
    )
    assert new["received_at"] == said[1]["at"]
    assert [one["id"] for one in web.get(f"{TICKETS}/3/messages").json()["items"]] == [
        said[1]["id"]
    ]
    # What answers the message goes on where the message went.
    row = two.mail(
        "Purrer.\n",
        message_id="<4@fjellbod.example>",
        In_Reply_To="<3@fjellbod.example>",
    )
    assert row.ticket_id == two.ticket(3).id
    assert "received" in two.kinds(3)
    two.process_all()


@pytest.mark.parametrize("what", ["all", "none of it", "an answer"])
def test_a_split_leaves_the_customer_something(two: World, what: str) -> None:
    web = two.web()
    said = web.get(f"{TICKETS}/1/messages").json()["items"]
    ids = {
        "all": [one["id"] for one in said if one["kind"] == "inbound"],
        "none of it": [two.web().get(f"{TICKETS}/2/messages").json()["items"][0]["id"]],
        "an answer": [one["id"] for one in said if one["kind"] != "inbound"],
    }[what]
    post(web, "1/split", 422, messages=ids)
