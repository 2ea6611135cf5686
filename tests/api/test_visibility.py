"""Who is limited sees nothing of what is not theirs, by whatever route they ask."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.api.access import OPEN, Operation, operations
from app.api.scopes import SAFE_METHODS
from app.kit.db import Database
from app.main import create_app
from app.models import Agent, Role
from tests.api import hidden
from tests.api.hidden import HIDDEN, SEEN, customer, fill_hidden, ids_of_hidden, two_customers
from tests.harness.world import World, make_settings

# What tells of no customer: of the house, of its people, or of whoever asks.
OF_THE_HOUSE = {
    "/metrics",
    "/agents",
    "/agents/{agent_id}",
    "/agents/{agent_id}/leave",
    "/agents/{agent_id}/leave/{leave_id}",
    "/agents/{agent_id}/methods",
    "/agents/{agent_id}/methods/{method_id}",
    "/calendars",
    "/intake/canaries",
    "/ladders",
    "/ladders/{ladder_id}",
    "/ladders/{ladder_id}/toml",
    "/mailboxes",
    "/me",
    "/me/sessions",
    "/policies",
    "/policies/{policy_id}",
    "/policies/{policy_id}/toml",
    "/schedules",
    "/schedules/{name}",
    "/schedules/{name}/gaps",
    "/schedules/{name}/overrides",
    "/schedules/{name}/shifts",
    "/teams",
    "/teams/{name}",
    "/templates",
    "/templates/{template_id}",
    "/tokens",
    "/tokens/{token_id}",
    "/views",
    "/views/{view_id}",
    "/webhooks",
    "/webhooks/{webhook_id}",
    "/webhooks/{webhook_id}/deliveries",
}
# What is of the customer's and shows neither their name nor an id: other tests read it.
WITHOUT_NAMES = {
    "/suspicions/{suspicion_id}",
    "/intake/mails/counts",
    "/tickets/{number}/clocks",
    "/tickets/{number}/downtime",
    "/tickets/{number}/escalations",
}
ASKED_WITH = {
    "/api/v1/search": {"q": HIDDEN},
    "/api/v1/reports/attainment": {"month": "2026-11"},
    "/api/v1/events": {"limit": "200"},
}


@pytest.fixture
def two(db: Database) -> World:
    """A world with two customers, a ticket of each, and one of nobody's."""
    needs_approval = {"catch_all": "alle@desk.example", "exclusions_need_approval": True}
    return two_customers(World(db, make_settings(policy=needs_approval)))


@pytest.fixture
def full(two: World) -> World:
    """The same with something of every kind on the ticket of one of them."""
    fill_hidden(two)
    return two


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


def filled(path: str, values: dict[str, str]) -> str:
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, values.get(part.strip("{}"), str(UUID(int=0))), 1)
    return path


def reads(world: World) -> list[Operation]:
    """Return every route that reads something and asks who it is for."""
    app = create_app(world.db, world.house, world.clock)
    return [
        one
        for one in operations(app)
        if one.method in SAFE_METHODS and not one.path.startswith(OPEN)
    ]


@pytest.mark.parametrize("how", ["customers", "team"])
def test_no_route_tells_a_limited_lead_anything_of_a_hidden_customer(full: World, how: str) -> None:
    agent = limited(full, how)
    values = ids_of_hidden(full)
    client, everything = full.web(agent), full.web(full.lead)
    about = {f"{{{name}}}" for name in values.keys() - hidden.OF_THE_HOUSE}
    told, silent = [], []
    for one in reads(full):
        path = filled(one.path, values)
        # An id in the address comes back in a refusal.
        words = {HIDDEN.lower(), *(id_ for id_ in values.values() if len(id_) == 36)}
        words -= {str(full.lead.id), values["template_id"], values["view_id"], *path.split("/")}
        asked = ASKED_WITH.get(one.path)
        shown = everything.get(path, params=asked)
        short = one.path.removeprefix("/api/v1")
        if not any(word in shown.text.lower() for word in words):
            silent.append(short)
        answer = client.get(path, params=asked)
        if any(word in answer.text.lower() for word in words):
            told.append((one.path, answer.status_code))
        if any(name in one.path for name in about) and answer.status_code != 404:
            told.append((one.path, answer.status_code))
    assert told == []
    assert client.get("/api/v1/tickets/2/links").json()["items"] == []
    # What sees all sees it by each of the other routes, or this would show nothing.
    assert set(silent) == OF_THE_HOUSE | WITHOUT_NAMES


@pytest.mark.parametrize("how", ["customers", "team"])
def test_no_route_lets_a_limited_lead_change_anything_of_a_hidden_customer(
    full: World, how: str
) -> None:
    agent = limited(full, how)
    values = ids_of_hidden(full)
    client = full.web(agent)
    before = full.ticket(1).version
    app = create_app(full.db, full.house, full.clock)
    wrong = []
    for one in operations(app):
        about = [name for name in values.keys() - hidden.OF_THE_HOUSE if f"{{{name}}}" in one.path]
        if one.path.startswith(OPEN) or one.method in SAFE_METHODS or not about:
            continue
        answer = client.request(
            one.method, filled(one.path, values), json={"text": "Hei", "reason": "Fordi"}
        )
        if answer.status_code not in {404, 422}:
            wrong.append((one.method, one.path, answer.status_code))
    assert wrong == []
    assert full.ticket(1).version == before
    note = client.post("/api/v1/tickets/1/notes", json={"text": "Hei"})
    assert note.status_code == 404
