"""Who is limited sees nothing of what is not theirs, by whatever route they ask."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.api.access import OPEN, operations
from app.api.scopes import SAFE_METHODS
from app.main import create_app
from app.models import Agent, Role
from tests.harness.world import World

# Words that stand in every text of the customer's whom nobody limited may see.
HIDDEN = "Skjultvik"
SEEN = "Synlisund"


@pytest.fixture
def two(world: World) -> World:
    """A world with two customers, a ticket of each, and one of nobody's."""
    lead = world.web(world.lead)
    for name in (HIDDEN, SEEN):
        domain = f"{name.lower()}.example"
        made = lead.post("/api/v1/customers", json={"name": f"{name} AS", "domains": [domain]})
        path = f"/api/v1/customers/{made.json()['id']}"
        lead.post(f"{path}/sites", json={"host": f"butikk.{domain}", "name": f"{name} nett"})
        assert lead.post(f"{path}/agreements", json={}).is_success
        world.mail(
            f"Hei\n\nLogoen til {name} er skjev.\n",
            sender=f"{name} <post@{domain}>",
            subject=f"Skjev logo hos {name}",
            message_id=f"<1@{domain}>",
        )
    world.mail("Hei\n\nHvem er dere?\n", sender="per@fremmed.example", message_id="<9@x>")
    for number in (1, 2):
        claim = {"kind": "customer", "reason": "Egen nettfeil.", "evidence": "Loggen."}
        answer = lead.post(f"/api/v1/tickets/{number}/exclusions", json=claim)
        assert answer.status_code in {201, 422}, answer.text
    world.process_all()
    world.postman.taken.clear()
    return world


def customer(world: World, name: str) -> str:
    rows = world.web(world.lead).get("/api/v1/customers").json()["items"]
    return str(next(row["id"] for row in rows if row["name"].startswith(name)))


def admin(world: World) -> TestClient:
    return world.web(world.hire("Admin", "admin@desk.example", Role.ADMIN))


def limited(world: World, how: str, role: Role = Role.LEAD) -> Agent:
    agent = world.hire("Liv Liten", "liv@desk.example", role)
    client = admin(world)
    change: dict[str, Any] = {"visibility": how}
    if how == "team":
        team = {"mailboxes": ["support"], "customers": [customer(world, SEEN)]}
        assert client.put("/api/v1/teams/kyst", json=team).is_success
        change["team"] = "kyst"
    else:
        change["customers"] = [customer(world, SEEN)]
    assert client.patch(f"/api/v1/agents/{agent.id}", json=change).is_success
    return agent


def numbers(client: TestClient) -> list[int]:
    return [row["number"] for row in client.get("/api/v1/tickets").json()["items"]]


def test_named_customers_and_a_teams_customers_are_seen_and_no_others(two: World) -> None:
    assert numbers(two.web()) == [3, 2, 1]
    assert numbers(two.web(limited(two, "customers"))) == [2]


def test_a_team_also_sees_what_is_nobodys_in_its_mailboxes(two: World) -> None:
    assert numbers(two.web(limited(two, "team"))) == [3, 2]


def test_what_is_assigned_to_somebody_they_can_see(two: World) -> None:
    agent = limited(two, "customers")
    two.web(two.lead).put("/api/v1/tickets/1/assignee", json={"agent_id": str(agent.id)})
    assert numbers(two.web(agent)) == [2, 1]


def ids_of_hidden(world: World) -> dict[str, str]:
    """Return what fills a path so that it points at the hidden customer's things."""
    web = world.web(world.lead)
    customer_id = customer(world, HIDDEN)
    shown = web.get(f"/api/v1/customers/{customer_id}").json()
    mail = next(
        row for row in web.get("/api/v1/intake/mails", params={"ticket": 1}).json()["items"]
    )
    return {
        "number": "1",
        "customer_id": customer_id,
        "agreement_id": shown["agreements"][0]["id"],
        "mail_id": mail["id"],
        "agent_id": str(world.lead.id),
        "name": "kyst",
        "seq": "1",
    }


@pytest.mark.parametrize("how", ["customers", "team"])
def test_no_route_tells_a_limited_lead_anything_of_a_hidden_customer(two: World, how: str) -> None:
    agent = limited(two, how)
    values = ids_of_hidden(two)
    client, everything = two.web(agent), two.web(two.lead)
    app = create_app(two.db, two.house, two.clock)
    told, hidden_in = [], 0
    for one in operations(app):
        if one.path.startswith(OPEN) or one.method not in SAFE_METHODS:
            continue
        path = one.path
        for part in one.path.split("/"):
            if part.startswith("{"):
                path = path.replace(part, values.get(part.strip("{}"), str(UUID(int=0))), 1)
        hidden_in += HIDDEN in everything.get(path).text
        answer = client.get(path)
        about_hidden = any(
            f"{{{name}}}" in one.path for name in ("number", "customer_id", "mail_id")
        )
        if HIDDEN in answer.text or values["customer_id"] in answer.text.replace(path, ""):
            told.append((one.path, answer.status_code))
        if about_hidden and answer.status_code != 404:
            told.append((one.path, answer.status_code))
    assert told == []
    assert hidden_in >= 6, "what sees all must see it, or this shows nothing"


@pytest.mark.parametrize("how", ["customers", "team"])
def test_no_route_lets_a_limited_lead_change_anything_of_a_hidden_customer(
    two: World, how: str
) -> None:
    agent = limited(two, how)
    values = ids_of_hidden(two)
    client = two.web(agent)
    before = two.ticket(1).version
    app = create_app(two.db, two.house, two.clock)
    wrong = []
    for one in operations(app):
        about = [
            name
            for name in values
            if f"{{{name}}}" in one.path and name not in {"agent_id", "name", "seq"}
        ]
        if one.path.startswith(OPEN) or one.method in SAFE_METHODS or not about:
            continue
        path = one.path
        for part in one.path.split("/"):
            if part.startswith("{"):
                path = path.replace(part, values.get(part.strip("{}"), str(UUID(int=0))), 1)
        answer = client.request(one.method, path, json={"text": "Hei", "reason": "Fordi"})
        if answer.status_code not in {404, 422}:
            wrong.append((one.method, one.path, answer.status_code))
    assert wrong == []
    assert two.ticket(1).version == before
    note = client.post("/api/v1/tickets/1/notes", json={"text": "Hei"})
    assert note.status_code == 404
    two.process_all()
    two.postman.taken.clear()
