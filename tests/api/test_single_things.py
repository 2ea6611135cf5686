"""What a list shows can be read alone, as the list shows it, with the state that If-Match names."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.access import OPEN, operations
from app.api.guard import resource_path
from app.api.scopes import SAFE_METHODS
from app.main import create_app
from tests.api.hidden import HIDDEN, SEEN, customer, fill_hidden, two_customers
from tests.harness.world import World

API = "/api/v1"

# Changes that are about no thing that is there before: If-Match would have nothing to name.
OF_NOTHING_YET = {
    "POST /agents",
    "POST /calls",
    "POST /customers",
    "POST /incidents",
    "POST /ladders",
    "POST /maintenance",
    "POST /policies",
    "POST /templates",
    "POST /tokens",
    "POST /views",
    "POST /webhooks",
    # Each of its rows names a version of its own.
    "POST /tickets/bulk",
    # It ends whatever session asks.
    "POST /sign-out",
}


@pytest.fixture
def full(world: World) -> World:
    """A world with something of every kind."""
    fill_hidden(two_customers(world))
    return world


def test_every_change_is_about_a_thing_whose_state_can_be_named(world: World) -> None:
    app = create_app(world.db, world.house, world.clock)
    about_none = {
        f"{one.method} {one.path.removeprefix(API)}"
        for one in operations(app)
        if one.method not in SAFE_METHODS
        and not one.path.startswith(OPEN)
        and resource_path(one.path, app.state.resources) is None
    }
    assert about_none == OF_NOTHING_YET


LISTS = (
    "/agreements",
    "/calls",
    "/call-backs",
    "/contacts",
    "/customers",
    "/deliveries",
    "/incidents",
    "/intake/mails",
    "/ladders",
    "/maintenance",
    "/notices",
    "/policies",
    "/suspicions",
    "/templates",
    "/tickets/1/messages",
    "/tickets/1/exclusions",
    "/views",
)


def test_each_row_of_a_list_is_read_alone_with_its_tag(full: World) -> None:
    web = full.web(full.lead)
    for path in LISTS:
        rows = web.get(f"{API}{path}").json()["items"]
        assert rows, path
        for row in rows:
            answer = web.get(f"{API}{path}/{row['id']}")
            assert answer.status_code == 200, answer.text
            assert answer.json().items() >= row.items() or path in {"/incidents", "/intake/mails"}
            assert answer.headers["ETag"].startswith('"')
        assert web.get(f"{API}{path}/00000000-0000-0000-0000-000000000000").status_code == 404


CHANGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PUT", "/views", {"name": "Andre", "query": {}}),
    ("DELETE", "/views", {}),
    ("POST", "/call-backs/{id}/done", {}),
    ("POST", "/suspicions/{id}/dismiss", {}),
    ("POST", "/notices/{id}/drop", {"reason": "Sagt på telefon."}),
)


def test_a_state_that_is_not_there_changes_nothing(full: World) -> None:
    web = full.web(full.lead)
    for method, path, body in CHANGES:
        listed = path.partition("/{id}")[0]
        (row,) = web.get(f"{API}{listed}").json()["items"]
        alone = f"{API}{listed}/{row['id']}"
        where = f"{API}{path.format(id=row['id'])}" if "{id}" in path else alone
        read = web.get(alone)
        asked = method, where, body
        refused = change(web, *asked, tag='"what never was"')
        assert refused.status_code == 412
        assert refused.json()["current"] == read.json()
        assert web.get(alone).json() == read.json()
        assert change(web, *asked, tag=read.headers["ETag"]).is_success
        # What was decided or removed has another state, or none.
        assert change(web, *asked, tag=read.headers["ETag"]).status_code in {404, 412}


def change(web: TestClient, method: str, path: str, body: dict[str, Any], *, tag: str) -> Any:
    return web.request(method, path, json=body, headers={"If-Match": tag})


def of(web: TestClient, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = web.get(f"{API}{path}", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_agreements_are_listed_by_customer_status_and_time(full: World) -> None:
    web = full.web(full.lead)
    mine = {"customer": customer(full, HIDDEN)}
    (one,) = of(web, "/agreements", **mine)
    assert len(of(web, "/agreements")) == 2
    suspended = f"{API}/agreements/{one['id']}/suspend"
    assert web.post(suspended, json={"reason": "Ikke betalt."}).is_success
    assert [row["id"] for row in of(web, "/agreements", status="suspended")] == [one["id"]]
    assert of(web, "/agreements", **mine, status="active") == []
    ago = full.now - timedelta(days=400)
    assert of(web, "/agreements", at=ago.isoformat()) == []
    assert len(of(web, "/agreements", at=full.now.isoformat())) == 2
    first, second = (of(web, "/agreements", limit=1), of(web, "/agreements")[1:])
    cursor = web.get(f"{API}/agreements", params={"limit": 1}).json()["next"]
    assert of(web, "/agreements", cursor=cursor) == second
    assert first != second


def test_customers_are_found_by_a_part_of_their_name(full: World) -> None:
    web = full.web()
    assert [row["name"] for row in of(web, "/customers", q="synli")] == [f"{SEEN} AS"]
    assert of(web, "/customers", q="%") == []


def test_notes_are_read_without_the_rest(full: World) -> None:
    web = full.web()
    everything = of(web, "/tickets/1/messages")
    notes = of(web, "/tickets/1/messages", kind="note")
    assert notes
    assert notes == [row for row in everything if row["kind"] == "note"]
    both = of(web, "/tickets/1/messages", kind=["note", "reply"])
    assert {row["kind"] for row in both} == {"note", "reply"}
    other = of(web, "/tickets/2/messages")[0]["id"]
    assert web.get(f"{API}/tickets/1/messages/{other}").status_code == 404
