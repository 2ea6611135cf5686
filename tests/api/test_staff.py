"""Letting people and programs in, and out again."""

from datetime import timedelta
from uuid import uuid4

from app.models import Role
from tests.harness.world import World

TOKENS = "/api/v1/tokens"


def test_a_token_is_shown_once_listed_with_its_last_use_and_revoked(world: World) -> None:
    client = world.web()
    made = client.post(TOKENS, json={"name": "eksport", "scopes": ["tickets:read"]})
    assert made.status_code == 201
    assert made.json()["expires_at"] == (world.now + timedelta(days=365)).isoformat().replace(
        "+00:00", "Z"
    )
    program = world.web()
    program.headers["Authorization"] = f"Bearer {made.json()['token']}"
    assert program.get("/api/v1/tickets").status_code == 200
    me = program.get("/api/v1/me").json()
    assert (me["name"], me["token"]["scopes"]) == ("Ola Vakt", ["tickets:read"])
    listed = client.get(TOKENS).json()["items"]
    shown = next(row for row in listed if row["name"] == "eksport")
    assert shown["last_used_at"] == world.now.isoformat().replace("+00:00", "Z")
    assert "token" not in shown
    assert client.delete(f"{TOKENS}/{shown['id']}").status_code == 204
    gone = program.get("/api/v1/tickets")
    assert (gone.status_code, gone.json()["title"]) == (401, "Not signed in")


def test_a_token_expires(world: World) -> None:
    client = world.web()
    end = world.now + timedelta(hours=1)
    made = client.post(TOKENS, json={"name": "kort", "expires_at": end.isoformat()}).json()
    client.headers["Authorization"] = f"Bearer {made['token']}"
    assert client.get("/api/v1/me").status_code == 200
    world.clock.move(timedelta(hours=1))
    assert client.get("/api/v1/me").status_code == 401


def test_a_token_cannot_make_one_that_may_more_than_itself(world: World) -> None:
    client = world.web(scopes=["tokens:write", "tickets:read"])
    assert client.post(TOKENS, json={"name": "alt"}).status_code == 403
    more = {"name": "mer", "scopes": ["tickets:write"]}
    assert client.post(TOKENS, json=more).status_code == 403
    same = {"name": "likt", "scopes": ["tickets:read"]}
    assert client.post(TOKENS, json=same).status_code == 201
    odd = client.post(TOKENS, json={"name": "rart", "scopes": ["cows:read"]})
    assert (odd.status_code, odd.json()["field"]) == (422, "body.scopes")


def test_nobody_sees_or_revokes_anothers_token_but_an_admin(world: World) -> None:
    made = world.web().post(TOKENS, json={"name": "olas"}).json()
    lead, admin = world.web(world.lead), world.web(world.hire("A", "a@desk.example", Role.ADMIN))
    assert lead.delete(f"{TOKENS}/{made['id']}").status_code == 404
    olas = {"agent_id": str(world.agent.id)}
    assert lead.get(TOKENS, params=olas).status_code == 403
    assert "olas" in [row["name"] for row in admin.get(TOKENS, params=olas).json()["items"]]
    assert admin.delete(f"{TOKENS}/{made['id']}").status_code == 204


def test_who_leaves_is_shut_out_at_once(world: World) -> None:
    ola = world.web()
    admin = world.web(world.hire("A", "a@desk.example", Role.ADMIN))
    path = f"/api/v1/agents/{world.agent.id}"
    tag = admin.get(path).headers["ETag"]
    gone = admin.patch(path, json={"active": False}, headers={"If-Match": tag})
    assert gone.json()["active"] is False
    assert ola.get("/api/v1/me").status_code == 401


def test_the_last_admin_cannot_be_lost(world: World) -> None:
    admin = world.hire("A", "a@desk.example", Role.ADMIN)
    client = world.web(admin)
    path = f"/api/v1/agents/{admin.id}"
    for change in ({"role": "lead"}, {"active": False}):
        answer = client.patch(path, json=change)
        assert (answer.status_code, answer.json()["remedy"]) == (
            409,
            "Give somebody else the role admin first.",
        )
    assert client.get("/api/v1/me").json()["role"] == "admin"


def test_somebody_new_is_added_and_their_team_is_named(world: World) -> None:
    client = world.web(world.hire("A", "a@desk.example", Role.ADMIN))
    new = client.post("/api/v1/agents", json={"name": "Ny", "email": "ny@desk.example"})
    assert new.status_code == 201
    path = f"/api/v1/agents/{new.json()['id']}"
    assert client.patch(path, json={"team": "kyst"}).status_code == 404
    assert client.put("/api/v1/teams/kyst", json={}).is_success
    assert client.patch(path, json={"team": "kyst"}).json()["team"] == "kyst"
    assert client.delete("/api/v1/teams/kyst").status_code == 409
    assert client.patch(path, json={"team": None}).json()["team"] is None
    assert client.delete("/api/v1/teams/kyst").status_code == 204
    assert client.patch(path, json={"name": None}).status_code == 422
    assert client.get(f"/api/v1/agents/{uuid4()}").status_code == 404
