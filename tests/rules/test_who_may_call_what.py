"""Every route, and the least role that may call it: reviewed by a person, line by line.

A new route without a line here fails, and so does a line whose route is gone. For each route and
each role the answer is asked of the running application: allow or deny. Without a token nobody
gets in, and a token whose scopes are others gets nowhere.
"""

from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from app.api.access import OPEN, Operation, check_every_route, operations
from app.api.context import Reader
from app.kit.db import Database
from app.main import create_app
from app.models import Role
from tests.harness.world import World

V, A, L, X = Role.VIEWER, Role.AGENT, Role.LEAD, Role.ADMIN

LEAST = {
    "GET /agents": V,
    "POST /agents": X,
    "GET /agents/{agent_id}": V,
    "PATCH /agents/{agent_id}": X,
    "GET /agents/{agent_id}/leave": V,
    "POST /agents/{agent_id}/leave": A,
    "DELETE /agents/{agent_id}/leave/{leave_id}": A,
    "GET /agents/{agent_id}/leave/{leave_id}": V,
    "GET /agents/{agent_id}/methods": V,
    "POST /agents/{agent_id}/methods": A,
    "PUT /agents/{agent_id}/methods/order": A,
    "DELETE /agents/{agent_id}/methods/{method_id}": A,
    "GET /agents/{agent_id}/methods/{method_id}": V,
    "POST /agents/{agent_id}/methods/{method_id}/code": A,
    "POST /agents/{agent_id}/methods/{method_id}/verify": A,
    "PUT /agents/{agent_id}/quiet-hours": A,
    "GET /agreements/{agreement_id}": V,
    "GET /agreements": V,
    "POST /agreements/{agreement_id}/end": L,
    "POST /agreements/{agreement_id}/resume": L,
    "POST /agreements/{agreement_id}/suspend": L,
    "GET /audit": L,
    "GET /calendars": V,
    "GET /call-backs": V,
    "GET /call-backs/{call_back_id}": V,
    "POST /call-backs/{call_back_id}/done": A,
    "GET /calls": V,
    "GET /calls/{call_id}": V,
    "POST /calls": A,
    "GET /contacts": V,
    "GET /contacts/{contact_id}": V,
    "PUT /contacts/{contact_id}": A,
    "POST /contacts/{contact_id}/merge": A,
    "PUT /contacts/{contact_id}/phone": A,
    "GET /customers": V,
    "POST /customers": L,
    "GET /customers/{customer_id}": V,
    "PUT /customers/{customer_id}": L,
    "POST /customers/{customer_id}/agreements": L,
    "GET /customers/{customer_id}/contacts": V,
    "POST /customers/{customer_id}/contacts": A,
    "POST /customers/{customer_id}/domains": L,
    "POST /customers/{customer_id}/sites": L,
    "GET /deliveries": V,
    "GET /deliveries/{delivery_id}": V,
    "POST /deliveries/{delivery_id}/cancel": A,
    "POST /deliveries/{delivery_id}/retry": A,
    "GET /events": V,
    "GET /exclusions/proposed": V,
    "GET /incidents": V,
    "POST /incidents": A,
    "GET /incidents/{incident_id}": V,
    "POST /incidents/{incident_id}/resolve": A,
    "POST /incidents/{incident_id}/take": A,
    "POST /incidents/{incident_id}/tickets": A,
    "POST /incidents/{incident_id}/tickets/{number}/leave": A,
    "POST /incidents/{incident_id}/updates": A,
    "POST /incidents/{incident_id}/work": A,
    "GET /intake/canaries": V,
    "GET /intake/mails": V,
    "GET /intake/mails/counts": V,
    "GET /intake/mails/{mail_id}": V,
    "GET /intake/mails/{mail_id}/raw": V,
    "POST /intake/mails/{mail_id}/retry": A,
    "POST /intake/mails/{mail_id}/ticket": A,
    "GET /ladders": V,
    "POST /ladders": L,
    "GET /ladders/{ladder_id}": V,
    "GET /ladders/{ladder_id}/toml": V,
    "GET /mailboxes": V,
    "GET /maintenance": V,
    "POST /maintenance": L,
    "GET /maintenance/{window_id}": V,
    "POST /maintenance/{window_id}/cancel": L,
    "GET /me": V,
    "PUT /me/password": V,
    "GET /me/sessions": V,
    "DELETE /me/sessions/{session_id}": V,
    "POST /me/totp": V,
    "POST /me/totp/confirm": V,
    "POST /me/totp/remove": V,
    "GET /metrics": V,
    "GET /notices": V,
    "GET /notices/{notice_id}": V,
    "POST /notices/{notice_id}/approve": L,
    "POST /notices/{notice_id}/drop": L,
    "GET /policies": V,
    "GET /policies/{policy_id}": V,
    "POST /policies": L,
    "GET /policies/{policy_id}/toml": V,
    "GET /schedules": V,
    "GET /schedules/{name}": V,
    "PUT /schedules/{name}": L,
    "GET /schedules/{name}/gaps": V,
    "GET /schedules/{name}/overrides": V,
    "POST /schedules/{name}/overrides": A,
    "PUT /schedules/{name}/overrides/{override_id}": A,
    "DELETE /schedules/{name}/overrides/{override_id}": A,
    "GET /schedules/{name}/shifts": V,
    "POST /schedules/{name}/swaps": A,
    "GET /search": V,
    "POST /sign-out": V,
    "GET /reports/attainment": V,
    "GET /suspicions": V,
    "GET /suspicions/{suspicion_id}": V,
    "POST /suspicions/{suspicion_id}/confirm": A,
    "POST /suspicions/{suspicion_id}/dismiss": A,
    "GET /tags": V,
    "GET /teams": V,
    "GET /teams/{name}": V,
    "PUT /teams/{name}": X,
    "DELETE /teams/{name}": X,
    "GET /templates": V,
    "POST /templates": L,
    "GET /templates/{template_id}": V,
    "PUT /templates/{template_id}": L,
    "DELETE /templates/{template_id}": L,
    "GET /tickets": V,
    "POST /tickets/bulk": A,
    "GET /tickets/{number}": V,
    "PUT /tickets/{number}/assignee": A,
    "GET /tickets/{number}/attachments/{attachment_id}": V,
    "POST /tickets/{number}/call": A,
    "GET /tickets/{number}/calls": V,
    "GET /tickets/{number}/clocks": V,
    "GET /tickets/{number}/downtime": V,
    "PUT /tickets/{number}/customer": A,
    "GET /tickets/{number}/deliveries": V,
    "GET /tickets/{number}/draft": V,
    "PUT /tickets/{number}/draft": A,
    "DELETE /tickets/{number}/draft": A,
    "GET /tickets/{number}/escalations": V,
    "GET /tickets/{number}/exclusions": V,
    "POST /tickets/{number}/exclusions": A,
    "GET /tickets/{number}/exclusions/{exclusion_id}": V,
    "POST /tickets/{number}/exclusions/{exclusion_id}/approve": A,
    "POST /tickets/{number}/exclusions/{exclusion_id}/end": A,
    "POST /tickets/{number}/exclusions/{exclusion_id}/refuse": A,
    "POST /tickets/{number}/exclusions/{exclusion_id}/withdraw": A,
    "POST /tickets/{number}/hand-back": A,
    "POST /tickets/{number}/hand-on": A,
    "GET /tickets/{number}/links": V,
    "POST /tickets/{number}/links": A,
    "DELETE /tickets/{number}/links/{other}/{kind}": A,
    "POST /tickets/{number}/merge": A,
    "GET /tickets/{number}/messages": V,
    "GET /tickets/{number}/messages/{message_id}": V,
    "POST /tickets/{number}/notes": A,
    "PUT /tickets/{number}/policy": L,
    "POST /tickets/{number}/reopen": A,
    "POST /tickets/{number}/replies": A,
    "POST /tickets/{number}/resume": A,
    "PUT /tickets/{number}/severity": A,
    "POST /tickets/{number}/snooze": A,
    "POST /tickets/{number}/solve": A,
    "POST /tickets/{number}/split": A,
    "POST /tickets/{number}/take": A,
    "PUT /tickets/{number}/tags": A,
    "GET /tickets/{number}/templates/{template_id}": V,
    "GET /tickets/{number}/time": V,
    "POST /tickets/{number}/time": A,
    "DELETE /tickets/{number}/time/{entry_id}": A,
    "GET /tickets/{number}/timeline": V,
    "PUT /tickets/{number}/timeline/{seq}/time": L,
    "POST /tickets/{number}/undo": A,
    "POST /tickets/{number}/wait": A,
    "POST /tickets/{number}/work": A,
    "GET /tokens": V,
    "POST /tokens": V,
    "GET /tokens/{token_id}": V,
    "DELETE /tokens/{token_id}": V,
    "GET /views": V,
    "GET /views/{view_id}": V,
    "POST /views": A,
    "PUT /views/{view_id}": A,
    "DELETE /views/{view_id}": A,
    "GET /views/{view_id}/tickets": V,
    "GET /webhooks": L,
    "POST /webhooks": L,
    "DELETE /webhooks/{webhook_id}": L,
    "GET /webhooks/{webhook_id}": L,
    "PATCH /webhooks/{webhook_id}": L,
    "GET /webhooks/{webhook_id}/deliveries": L,
    "POST /webhooks/{webhook_id}/disable": L,
    "POST /webhooks/{webhook_id}/enable": L,
    "POST /webhooks/{webhook_id}/replay": L,
    "POST /webhooks/{webhook_id}/secret": L,
}
# Routes that any token may call, whatever its scopes.
WITHOUT_SCOPE = {
    "GET /me",
    "PUT /me/password",
    "GET /me/sessions",
    "DELETE /me/sessions/{session_id}",
    "POST /me/totp",
    "POST /me/totp/confirm",
    "POST /me/totp/remove",
    "POST /sign-out",
}
ROLES = (V, A, L, X)


@pytest.fixture
def house(sqlite_db: Database) -> World:
    return World(sqlite_db)


def guarded_operations(world: World) -> list[Operation]:
    app = create_app(world.db, world.house, world.clock)
    return [one for one in operations(app) if not one.path.startswith(OPEN)]


def name_of(one: Operation) -> str:
    return f"{one.method} {one.path.removeprefix('/api/v1')}"


def filled(path: str, agent_id: UUID) -> str:
    """Return the path with ids of nothing in it, but for the caller's own."""
    values = {
        "agent_id": str(agent_id),
        "number": "999",
        "seq": "999",
        "name": "nobody",
        "other": "998",
    }
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, values.get(part.strip("{}"), str(uuid4())), 1)
    return path


def test_every_route_has_a_line_and_every_line_a_route(house: World) -> None:
    routes = {name_of(one): one.role for one in guarded_operations(house)}
    assert routes == LEAST


def test_each_role_is_let_in_or_kept_out_as_the_table_says(house: World) -> None:
    wrong = []
    for role in ROLES:
        agent = house.hire(f"En {role.value}", f"{role.value}@desk.example", role)
        client = house.web(agent)
        for one in guarded_operations(house):
            answer = client.request(one.method, filled(one.path, agent.id))
            denied = answer.status_code in {401, 403}
            expected = ROLES.index(role) < ROLES.index(LEAST[name_of(one)])
            if denied is not expected:
                wrong.append((role.value, name_of(one), answer.status_code))
    assert wrong == []


def test_without_a_token_nobody_gets_in(house: World) -> None:
    client = house.web()
    client.headers.pop("Authorization")
    for one in guarded_operations(house):
        answer = client.request(one.method, filled(one.path, house.agent.id))
        assert answer.status_code == 401, name_of(one)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_of_other_scopes_gets_nowhere(house: World) -> None:
    admin = house.hire("En admin", "admin@desk.example", X)
    client = house.web(admin, scopes=[])
    for one in guarded_operations(house):
        answer = client.request(one.method, filled(one.path, admin.id))
        assert (answer.status_code != 403) is (name_of(one) in WITHOUT_SCOPE), name_of(one)


def test_a_token_of_the_right_scope_is_let_in_and_write_includes_read(house: World) -> None:
    reads = house.web(scopes=["tickets:read"])
    writes = house.web(scopes=["tickets:write"])
    note = "/api/v1/tickets/999/notes"
    assert reads.get("/api/v1/tickets").status_code == 200
    assert reads.post(note, json={"text": "Hei"}).status_code == 403
    assert writes.get("/api/v1/tickets").status_code == 200
    assert writes.post(note, json={"text": "Hei"}).status_code == 404
    assert writes.get("/api/v1/customers").status_code == 403


def test_a_route_that_says_not_who_may_call_it_keeps_the_service_from_starting(
    house: World,
) -> None:
    app = create_app(house.db, house.house, house.clock)
    careless = APIRouter()

    @careless.get("/secrets")
    def secrets() -> str:
        return "everything"

    app.include_router(careless, prefix="/api/v1")
    with pytest.raises(RuntimeError, match=r"GET /api/v1/secrets says not who may call it"):
        check_every_route(app)


def test_a_route_that_goes_round_the_guard_keeps_the_service_from_starting(house: World) -> None:
    app = create_app(house.db, house.house, house.clock)
    careless = APIRouter(tags=["tickets"])

    @careless.post("/secrets")
    def secrets(context: Reader) -> str:
        return context.agent.name

    app.include_router(careless, prefix="/api/v1")
    with pytest.raises(RuntimeError, match=r"POST /api/v1/secrets has no guard"):
        check_every_route(app)


def test_every_list_answers_a_page(house: World) -> None:
    app = create_app(house.db, house.house, house.clock)
    paths = TestClient(app).get("/openapi.json").json()["paths"]
    bare = [
        path
        for path, methods in paths.items()
        if "get" in methods
        for content in methods["get"]["responses"]["200"].get("content", {}).values()
        if content.get("schema", {}).get("type") == "array"
    ]
    assert bare == []
