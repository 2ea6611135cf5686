"""Whoever a provider vouches for is let in, in the role their groups give; nobody else is."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

from app.kit.db import Database
from app.main import create_app
from tests.harness.oidc import CLIENT, SECRET, Provider, provider
from tests.harness.world import World, make_settings

START = "/api/v1/sign-in/firma"
OLA = {"sub": "u1", "email": "Ola@desk.example", "email_verified": True, "name": "Ola Vakt"}


class Firm:
    """A world whose people are known at a provider."""

    def __init__(self, db: Database, there: Provider, world: World) -> None:
        self.there = there
        self.world = world
        self.client = TestClient(create_app(db, world.house, world.clock))

    def sign_in(self, **person: Any) -> Any:
        """Walk to the provider and back, as a browser would."""
        self.there.person = {**OLA, **person}
        away = self.client.get(START, follow_redirects=False)
        assert away.status_code == 303, away.text
        back = httpx2.get(away.headers["location"], follow_redirects=False)
        where = urlsplit(back.headers["location"])
        self.back = f"{where.path}?{where.query}"
        return self.client.get(self.back)


@pytest.fixture
def firm(db: Database, request: pytest.FixtureRequest) -> Generator[Firm]:
    more = getattr(request, "param", {})
    clock: list[World] = []
    with provider(lambda: clock[0].now) as there:
        settings = {
            "issuer": there.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "roles": {"support": "agent", "sjefer": "lead"},
            **more,
        }
        world = World(db, make_settings(sign_in={"providers": {"firma": settings}}))
        clock.append(world)
        yield Firm(db, there, world)


def test_a_person_is_let_in_and_their_groups_decide_the_role(firm: Firm) -> None:
    answer = firm.sign_in(groups=["support", "lunsj"])
    assert answer.status_code == 200, answer.text
    me = firm.client.get("/api/v1/me").json()
    assert (me["email"], me["role"]) == ("ola@desk.example", "agent")
    # Later they are known by who they are there, not by their address.
    assert firm.sign_in(groups=["support", "sjefer"], email="ny@desk.example").status_code == 200
    me = firm.client.get("/api/v1/me").json()
    assert (me["email"], me["role"]) == ("ola@desk.example", "lead")


@pytest.mark.parametrize(
    ("person", "says"),
    [
        ({"groups": ["lunsj"]}, "groups"),
        ({"groups": ["support"], "email_verified": False}, "verified"),
        ({"groups": ["support"], "email": "per@desk.example"}, "works here"),
    ],
)
def test_whoever_is_not_of_ours_is_not_let_in(firm: Firm, person: Any, says: str) -> None:
    answer = firm.sign_in(**person)
    assert answer.status_code == 403
    assert says in answer.json()["detail"]
    assert "svartid_session" not in firm.client.cookies


@pytest.mark.parametrize("firm", [{"new_agents": True}], indirect=True)
def test_somebody_new_is_let_in_where_that_is_wanted(firm: Firm) -> None:
    new = {"sub": "u9", "email": "per@desk.example", "name": "Per Ny"}
    assert firm.sign_in(groups=["support"], **new).status_code == 200
    assert firm.client.get("/api/v1/me").json()["name"] == "Per Ny"


@pytest.mark.parametrize(
    "lie",
    [{"iss": "https://evil.example"}, {"aud": "somebody else"}, {"nonce": "old"}, {"exp": 1}],
)
def test_a_token_that_is_not_for_us_now_proves_nothing(firm: Firm, lie: dict[str, Any]) -> None:
    firm.there.lies = lie
    answer = firm.sign_in(groups=["support"])
    assert (answer.status_code, answer.json()["remedy"]) == (401, "Begin again.")


def test_a_token_that_another_has_signed_proves_nothing(firm: Firm) -> None:
    firm.there.signs_with = RSAKey.generate_key(2048)
    assert firm.sign_in(groups=["support"]).status_code == 401


def test_an_answer_to_another_browser_or_to_an_old_question_is_refused(firm: Firm) -> None:
    first = firm.sign_in(groups=["support"])
    assert first.status_code == 200, first.text
    assert firm.client.get(firm.back).status_code == 401, "it was used"
    away = firm.client.get(START, follow_redirects=False)
    back = httpx2.get(away.headers["location"], follow_redirects=False)
    where = urlsplit(back.headers["location"])
    code = parse_qs(where.query)["code"][0]
    stranger = TestClient(firm.client.app)
    assert stranger.get(f"{where.path}?{where.query}").status_code == 401
    assert firm.client.get(f"{where.path}?code={code}&state=other").status_code == 401
    firm.world.clock.move(timedelta(minutes=11))
    assert firm.client.get(f"{where.path}?{where.query}").status_code == 401


def test_a_provider_that_is_away_is_told_and_one_that_is_none_is_not_found(firm: Firm) -> None:
    assert firm.client.get("/api/v1/sign-in/andre").status_code == 404
    firm.there.issuer = "http://elsewhere.example"
    assert firm.client.get(START, follow_redirects=False).status_code == 503
