"""What staff keep on tickets: links, tags, time, drafts, mentions, templates; and bulk."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.harness.world import KARI, World

TICKETS = "/api/v1/tickets"


@pytest.fixture
def three(world: World) -> World:
    """A world with three tickets."""
    for number in range(1, 4):
        world.mail(
            f"Logoen er skjev, sak {number}.\n",
            subject=f"Feil {number}",
            message_id=f"<{number}@fjellbod.example>",
        )
    world.process_all()
    world.postman.taken.clear()  # Receipts are another story's.
    return world


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def items(web: TestClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(web.get(path))["items"]
    return found


def test_a_link_is_told_at_both_ends(three: World) -> None:
    web = three.web()
    body = {"to": 2, "kind": "caused_by"}
    ok(web.post(f"{TICKETS}/1/links", json=body), 204)
    for number, far, first in ((1, 2, True), (2, 1, False)):
        (one,) = items(web, f"{TICKETS}/{number}/links")
        assert (one["number"], one["kind"], one["first"]) == (far, "caused_by", first)
        assert "linked" in three.kinds(number)
    ok(web.post(f"{TICKETS}/1/links", json=body), 409)
    ok(web.post(f"{TICKETS}/1/links", json={"to": 1}), 422)
    ok(web.post(f"{TICKETS}/1/links", json={"to": 99}), 404)
    ok(web.delete(f"{TICKETS}/2/links/1/caused_by"), 204)
    ok(web.delete(f"{TICKETS}/2/links/1/caused_by"), 404)
    assert items(web, f"{TICKETS}/1/links") == []


def test_tags_are_words_that_tickets_are_found_by(three: World) -> None:
    web = three.web()
    ok(web.put(f"{TICKETS}/1/tags", json={"tags": ["Faktura", " nett  butikk ", "faktura"]}))
    ok(web.put(f"{TICKETS}/2/tags", json={"tags": ["faktura"]}))
    assert ok(web.get(f"{TICKETS}/1"))["tags"] == ["faktura", "nett butikk"]
    assert items(web, "/api/v1/tags") == [
        {"tag": "faktura", "tickets": 2},
        {"tag": "nett butikk", "tickets": 1},
    ]

    def tagged(*tags: str) -> list[int]:
        found = ok(web.get(TICKETS, params={"tag": list(tags)}))["items"]
        return [one["number"] for one in found]

    assert tagged("faktura") == [2, 1]
    assert tagged("FAKTURA", "nett butikk") == [1]
    version = three.ticket().version
    ok(web.put(f"{TICKETS}/1/tags", json={"tags": ["faktura", "nett butikk"]}))
    assert three.ticket().version == version
    ok(web.put(f"{TICKETS}/1/tags", json={"tags": []}))
    assert tagged("nett butikk") == []
    ok(web.put(f"{TICKETS}/1/tags", json={"tags": ["a,b"]}), 422)


def test_time_adds_up_and_what_was_wrong_is_withdrawn(three: World) -> None:
    web, lead = three.web(), three.web(three.lead)
    path = f"{TICKETS}/1/time"
    first = ok(web.post(path, json={"minutes": 30, "note": "Feilsøking"}), 201)
    ok(web.post(path, json={"minutes": 15, "billable": False}), 201)
    ok(lead.post(path, json={"minutes": 5}), 201)
    page = ok(web.get(path))
    assert (page["minutes"], page["billable_minutes"]) == (50, 35)
    assert page["items"][0]["note"] == "Feilsøking"
    ok(web.delete(f"{path}/{page['items'][2]['id']}"), 403)
    ok(lead.delete(f"{path}/{first['id']}"), 204)
    ok(lead.delete(f"{path}/{first['id']}"), 409)
    page = ok(web.get(path))
    assert (page["minutes"], len(page["items"])) == (20, 3)
    ahead = (three.now + timedelta(hours=1)).isoformat()
    ok(web.post(path, json={"minutes": 5, "at": ahead}), 422)


def test_whoever_opens_a_ticket_sees_that_somebody_is_writing(three: World) -> None:
    ola, ingrid = three.web(), three.web(three.lead)
    path = f"{TICKETS}/1/draft"
    version = three.ticket().version
    assert ok(ola.put(path, json={"text": "Hei Kari"}))["others"] == []
    (seen,) = ok(ingrid.get(f"{TICKETS}/1"))["writing"]
    assert seen["name"] == "Ola Vakt"
    assert ok(ola.get(f"{TICKETS}/1"))["writing"] == []
    assert [one["name"] for one in ok(ingrid.put(path, json={}))["others"]] == ["Ola Vakt"]
    assert three.ticket().version == version
    three.clock.move(timedelta(seconds=61))
    assert ok(ingrid.get(f"{TICKETS}/1"))["writing"] == []
    # What was written so far is kept, and ends with the reply.
    assert ok(ola.get(path))["text"] == "Hei Kari"
    ok(ola.post(f"{TICKETS}/1/replies", json={"text": "Hei Kari, det er mendet."}))
    assert ok(ola.get(path)) == {
        "text": "",
        "since": None,
        "others": [],
    }
    three.deliver()
    three.postman.expect(KARI)


def test_whoever_is_mentioned_in_a_note_is_mailed(three: World) -> None:
    web = three.web()
    text = "@ingrid kan du se på dette? Skriv ikke til kari@fjellbod.example."
    ok(web.post(f"{TICKETS}/1/notes", json={"text": text}))
    three.deliver()
    mail = three.postman.expect("ingrid@desk.example", saying="Ola Vakt nevnte deg i sak 1")
    assert "kan du se" in str(mail)
    named = {"text": "Se på dette.", "mentions": [str(three.lead.id), str(three.agent.id)]}
    ok(web.post(f"{TICKETS}/1/notes", json=named))
    three.deliver()
    three.postman.expect("ingrid@desk.example", saying="Se på dette.")
    wrong = {"text": "x", "mentions": ["01970000-0000-7000-8000-000000000000"]}
    ok(web.post(f"{TICKETS}/1/notes", json=wrong), 422)


def test_a_template_is_answered_with_its_names_filled_in(three: World) -> None:
    web, lead = three.web(), three.web(three.lead)
    body = {
        "name": "Mottatt",
        "text": "Hei {{ first_name }}! Sak {{number}}: {{ subject }}. {{ agent_name }}",
    }
    ok(web.post("/api/v1/templates", json=body), 403)
    made = ok(lead.post("/api/v1/templates", json=body), 201)
    ok(lead.post("/api/v1/templates", json=body), 409)
    wrong = {"name": "x", "text": "{{ password }}"}
    assert "first_name" in ok(lead.post("/api/v1/templates", json=wrong), 422)["remedy"]
    path = f"{TICKETS}/1/templates/{made['id']}"
    assert ok(web.get(path))["text"] == "Hei Kari! Sak 1: Feil 1. Ola Vakt"
    reply = {"template_id": made["id"], "then": "solve"}
    assert ok(web.post(f"{TICKETS}/1/replies", json=reply))["status"] == "solved"
    three.deliver()
    three.postman.expect(KARI, saying="Hei Kari! Sak 1: Feil 1.")
    ok(web.post(f"{TICKETS}/1/replies", json={"text": "x", "template_id": made["id"]}), 422)
    ok(web.post(f"{TICKETS}/1/replies", json={}), 422)
    ok(lead.put(f"/api/v1/templates/{made['id']}", json={**body, "text": "Takk."}))
    assert ok(web.get(path))["text"] == "Takk."
    ok(lead.delete(f"/api/v1/templates/{made['id']}"), 204)
    assert items(web, "/api/v1/templates") == []


def bulk(web: TestClient, numbers: list[int], **action: Any) -> list[tuple[int, int]]:
    rows = [{"number": number} for number in numbers]
    told = ok(web.post(f"{TICKETS}/bulk", json={"tickets": rows, "action": action}))
    assert told["done"] + told["failed"] == len(numbers)
    return [(row["number"], row["status"]) for row in told["rows"]]


def test_each_of_many_tickets_is_answered_on_its_own(three: World) -> None:
    web = three.web()
    ok(web.post(f"{TICKETS}/2/solve", json={}))
    assert bulk(web, [1, 2, 99, 3], verb="solve") == [(1, 200), (2, 409), (99, 404), (3, 200)]
    assert bulk(web, [1, 2], verb="reopen") == [(1, 200), (2, 200)]
    agent = str(three.lead.id)
    assert bulk(web, [1, 2], verb="assign", agent_id=agent) == [(1, 200), (2, 200)]
    assert bulk(web, [1, 2], verb="severity", severity="serious", reason="x")[0] == (1, 200)
    assert bulk(web, [1], verb="tag", tags=["a", "b"]) == [(1, 200)]
    assert bulk(web, [1], verb="untag", tags=["a"]) == [(1, 200)]
    assert three.ticket().tags == ["b"]
    assert bulk(web, [1, 2], verb="note", text="Samme feil.") == [(1, 200), (2, 200)]
    assert bulk(web, [1, 3], verb="take") == [(1, 200), (3, 409)]
    assert bulk(web, [2, 1], verb="merge", into=1) == [(2, 200), (1, 422)]
    three.process_all()
    three.postman.taken.clear()  # What the ladder says is another story's.


def test_a_row_that_has_changed_is_left_alone(three: World) -> None:
    web = three.web()
    rows = [{"number": 1, "version": three.ticket().version}, {"number": 2, "version": 999}]
    body = {"tickets": rows, "action": {"verb": "wait", "reason": "Hvilken?"}}
    told = ok(web.post(f"{TICKETS}/bulk", json=body))
    assert [row["status"] for row in told["rows"]] == [200, 412]
    assert told["rows"][1]["problem"]["remedy"] == "Read it again."
    assert three.ticket(2).status.value == "open"


def test_a_thousand_are_taken_and_no_more(three: World) -> None:
    web = three.web()
    action = {"verb": "tag", "tags": ["x"]}
    rows = [{"number": 1 + number % 3} for number in range(1000)]
    assert ok(web.post(f"{TICKETS}/bulk", json={"tickets": rows, "action": action}))["done"] == 1000
    more = {"tickets": [*rows, {"number": 1}], "action": action}
    ok(web.post(f"{TICKETS}/bulk", json=more), 422)
    ok(web.post(f"{TICKETS}/bulk", json={"tickets": rows[:1], "action": {"verb": "x"}}), 422)
