"""The queue in the order in which promises run out, and every other list."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from app.api.search import FoundPage
from app.api.ticket_schemas import TicketOut, TicketPage
from app.models import Agent, Role, Ticket
from app.store import clocks
from tests.harness.world import World

TICKETS, VIEWS = "/api/v1/tickets", "/api/v1/views"
QUEUE = "SELECT * FROM ticket WHERE next_due_at IS NOT NULL ORDER BY next_due_at, number LIMIT 50"


@pytest.fixture
def five(world: World) -> World:
    """A world with five tickets: 2 is critical, 4 waits, 5 is solved."""
    web = world.web()
    for number in range(1, 6):
        world.mail(
            f"Logoen er skjev, sak {number}.\n",
            subject=f"Feil {number}",
            sender=f"Kunde <k{number}@shop{number % 2}.example>",
            message_id=f"<{number}@shop.example>",
        )
        world.clock.move(timedelta(minutes=1))
    web.put(f"{TICKETS}/2/severity", json={"severity": "critical", "reason": "Alt er nede."})
    web.post(f"{TICKETS}/4/wait", json={"reason": "Hvilken?"})
    web.post(f"{TICKETS}/5/solve", json={})
    world.deliver()
    world.postman.taken.clear()  # Receipts are another story's.
    return world


def numbers(web: TestClient, path: str = TICKETS, **params: Any) -> list[int]:
    """Return the numbers of a list, read two at a time."""
    found: list[int] = []
    cursor = None
    while True:
        given = {**params, "limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = web.get(path, params=given)
        assert answer.status_code == 200, answer.text
        found += [one["number"] for one in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def test_what_runs_out_first_comes_first(five: World) -> None:
    web = five.web()
    assert numbers(web, view="next") == [2, 1, 3]
    first = web.get(TICKETS, params={"view": "next"}).json()["items"][0]
    clock = next(one for one in first["clocks"] if one["kind"] == "first_response")
    assert clock["limit_at"] == first["next_due_at"]
    assert (clock["target_left_s"], clock["limit_left_s"]) == (6900 + 60, 6900 + 60)


def test_an_open_ticket_without_a_promise_comes_last_and_is_not_lost(five: World) -> None:
    web = five.web()
    for verb, body in (("replies", {"text": "Hei"}), ("work", {})):
        assert web.post(f"{TICKETS}/1/{verb}", json=body).status_code == 200
    due = web.get(f"{TICKETS}/1").json()["next_due_at"]
    assert numbers(web, view="next") == ([2, 3, 1] if due is None else [2, 1, 3])
    five.deliver()
    five.postman.taken.clear()


def test_mine_and_my_teams_are_less_than_all(five: World) -> None:
    mate = five.hire("Mate", "mate@desk.example", Role.AGENT)
    other = five.hire("Other", "other@desk.example", Role.AGENT)
    with five.db.writing() as session:
        for one in (five.agent, mate):
            session.get_one(Agent, one.id).team = "drift"
    web = five.web()
    for number, agent in ((1, five.agent), (2, mate), (3, other)):
        web.put(f"{TICKETS}/{number}/assignee", json={"agent_id": str(agent.id)})
    assert numbers(web, view="next", whose="me") == [1]
    assert numbers(web, view="next", whose="team") == [2, 1]
    assert numbers(web, view="next", whose="all") == [2, 1, 3]
    assert numbers(web, whose="team") == [5, 4, 2, 1]


def test_the_queue_is_read_from_an_index_without_closed_tickets(five: World) -> None:
    """Its cost is of what is due: on both databases the plan walks the partial index alone."""
    with five.db.reading() as session:
        connection = session.connection()
        if not five.db.is_sqlite:
            # Of five tickets the planner would rather read the whole table.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        explain = "EXPLAIN QUERY PLAN" if five.db.is_sqlite else "EXPLAIN"
        plan = connection.exec_driver_sql(f"{explain} {QUEUE}").all()
    told = " ".join(str(row) for row in plan)
    assert "ix_ticket_next_due_at" in told
    assert "TEMP B-TREE" not in told
    assert "Sort" not in told


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"sort": "number"}, [1, 2, 3, 4, 5]),
        ({"sort": "received_at"}, [1, 2, 3, 4, 5]),
        ({"sort": "-updated_at"}, None),
        ({"status": ["waiting", "solved"]}, [5, 4]),
        ({"severity": "critical"}, [2]),
        ({"channel": "phone"}, []),
        ({"mailbox": "support"}, [5, 4, 3, 2, 1]),
        ({"unassigned": "false"}, []),
        ({"taken": "false"}, [5, 4, 3, 2, 1]),
        ({"merged": "true"}, []),
        ({"received_since": "2026-11-24T09:02:00Z"}, [5, 4, 3]),
        ({"received_until": "2026-11-24T10:02:00+01:00", "sort": "number"}, [1, 2]),
        ({"created_since": "2026-11-24T09:04:00Z"}, [5]),
        ({"solved_since": "2026-11-24T09:00:00Z"}, [5]),
    ],
)
def test_a_list_is_narrowed_and_ordered(
    five: World, params: dict[str, Any], expected: list[int] | None
) -> None:
    found = numbers(five.web(), **params)
    if expected is None:
        assert sorted(found) == [1, 2, 3, 4, 5]
        assert found[-1] in {1, 3}
    else:
        assert found == expected


@pytest.mark.parametrize(
    "params",
    [
        {"sort": "subject"},
        {"received_since": "2026-11-24T09:00:00"},
        {"colour": "red"},
        {"view": "last"},
        {"cursor": "nonsense"},
    ],
)
def test_what_a_list_does_not_take_is_refused(five: World, params: dict[str, Any]) -> None:
    answer = five.web().get(TICKETS, params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_view_is_kept_and_shared(five: World) -> None:
    web, lead = five.web(), five.web(five.lead)
    body = {"name": "Venter", "query": {"status": ["waiting", "solved"], "sort": ["number"]}}
    made = web.post(VIEWS, json=body)
    assert made.status_code == 201, made.text
    key = made.json()["id"]
    assert numbers(web, f"{VIEWS}/{key}/tickets") == [4, 5]
    assert lead.get(f"{VIEWS}/{key}/tickets").status_code == 404
    assert web.post(VIEWS, json=body).status_code == 409
    assert web.put(f"{VIEWS}/{key}", json={**body, "shared": True}).status_code == 200
    assert numbers(lead, f"{VIEWS}/{key}/tickets") == [4, 5]
    assert [one["name"] for one in lead.get(VIEWS).json()["items"]] == ["Venter"]
    assert lead.delete(f"{VIEWS}/{key}").status_code == 404
    assert web.delete(f"{VIEWS}/{key}").status_code == 204
    assert web.get(VIEWS).json()["items"] == []


@pytest.mark.parametrize("query", [{"colour": ["red"]}, {"status": ["lost"]}, {"cursor": ["x"]}])
def test_a_view_is_checked_when_it_is_kept(five: World, query: dict[str, list[str]]) -> None:
    answer = five.web().post(VIEWS, json={"name": "x", "query": query})
    assert answer.status_code == 422
    assert answer.json()["field"].startswith("query")


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_list_tells_what_the_model_tells_letter_by_letter(five: World, language: str) -> None:
    """Lists are made straight of the rows: nothing may differ from what the document promises."""
    web = five.web()
    _as_different_as_can_be(five, language)
    with five.db.reading() as session:
        found = session.exec(select(Ticket).order_by(col(Ticket.number).desc())).all()
        expected = [
            TicketOut.of(row, clocks.of_ticket(session, row.id), five.now, language=language)
            for row in found
        ]
    assert web.get(TICKETS).content == TicketPage(items=expected).model_dump_json().encode()
    queue = web.get(TICKETS, params={"view": "next"})
    by_number = {row.number: row for row in expected}
    inside = [by_number[row["number"]] for row in queue.json()["items"]]
    assert queue.content == TicketPage(items=inside).model_dump_json().encode()
    page = web.get("/api/v1/search", params={"q": "logoen"})
    assert page.content == FoundPage.model_validate_json(page.content).model_dump_json().encode()
    assert {one["ticket"]["number"] for one in page.json()["items"]} == set(by_number)


def _as_different_as_can_be(world: World, language: str) -> None:
    with world.db.writing() as session:
        one, two = session.exec(select(Ticket).order_by(col(Ticket.number)).limit(2)).all()
        one.subject, one.mailbox = 'Æ "sitat" \\ \u2028 </script>\n\x7f', None
        one.severity_reasons, one.severity_confidence = ["the word 'nede'", "æøå"], 1 / 3
        one.tags, one.flags, one.suspected_exclusion = ["ål", "b"], ["unreadable"], "customer"
        one.assignee_id, one.taken_by_id, one.taken_at = world.agent.id, world.agent.id, world.now
        one.snoozed_until = world.now + timedelta(microseconds=1)
        one.received_at -= timedelta(seconds=1.5)
        two.merged_into_id, two.solved_at = one.id, world.now
        world.agent.language = language
        session.merge(world.agent)
