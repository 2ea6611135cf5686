"""People sign in with a password and a code; guessing gets nowhere; nothing leaks."""

from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from app.desk import signing_in as desk
from app.kit import passwords
from app.main import create_app
from app.models import Credential, Role, SignInTries, WebSession
from tests.harness.world import World

PASSWORD = "gul elg hvisker torsk"
SIGN_IN = "/api/v1/sign-in"
OLA = "ola@desk.example"


@pytest.fixture
def ola(world: World) -> World:
    """A world whose agent Ola has a password."""
    hashed = passwords.hash_of(PASSWORD)
    with world.db.writing() as session:
        desk.set_password(session, world.agent, hashed, now=world.now, actor="operator")
    return world


def browser(world: World) -> TestClient:
    return TestClient(create_app(world.db, world.house, world.clock))


def sign_in(client: TestClient, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(SIGN_IN, json={"email": OLA, "password": password, **more})


def signed_in(world: World, **more: Any) -> TestClient:
    client = browser(world)
    answer = sign_in(client, **more)
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


def test_a_person_signs_in_works_and_signs_out(ola: World) -> None:
    client = browser(ola)
    answer = sign_in(client)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/api/v1/me").json()["name"] == "Ola Vakt"
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    assert client.post("/api/v1/sign-out").status_code == 204
    assert client.get("/api/v1/me").status_code == 401


def test_a_change_that_comes_from_another_site_is_refused(ola: World) -> None:
    client = signed_in(ola)
    own = client.headers.pop("X-CSRF-Token")
    path = f"/api/v1/agents/{ola.agent.id}/quiet-hours"
    hours = {"start": "22:00", "end": "07:00"}
    for given in ({}, {"X-CSRF-Token": "a" * 32}):
        assert client.put(path, json=hours, headers=given).status_code == 403
    assert client.get("/api/v1/me").status_code == 200
    assert client.put(path, json=hours, headers={"X-CSRF-Token": own}).status_code == 204


def test_a_session_ends_by_itself_and_can_be_ended_from_elsewhere(ola: World) -> None:
    one, other = signed_in(ola), signed_in(ola)
    rows = one.get("/api/v1/me/sessions").json()["items"]
    assert sorted(row["current"] for row in rows) == [False, True]
    there = next(row["id"] for row in rows if not row["current"])
    assert one.delete(f"/api/v1/me/sessions/{there}").status_code == 204
    assert other.get("/api/v1/me").status_code == 401
    ola.clock.move(timedelta(hours=12))
    assert one.get("/api/v1/me").status_code == 401


def test_neither_a_wrong_password_nor_an_unknown_address_is_told_apart(ola: World) -> None:
    client = browser(ola)
    wrong = sign_in(client, "feil passord her")
    unknown = client.post(SIGN_IN, json={"email": "x@desk.example", "password": PASSWORD})
    without = client.post(SIGN_IN, json={"email": "ingrid@desk.example", "password": PASSWORD})
    for answer in (wrong, unknown, without):
        assert answer.status_code == 401
        assert answer.json()["detail"] == wrong.json()["detail"]
        assert "set-cookie" not in answer.headers


def test_an_unknown_address_takes_as_long_as_a_wrong_password() -> None:
    kept = passwords.hash_of(PASSWORD)

    def took(password: str, hashed: str | None) -> float:
        began = perf_counter()
        assert passwords.is_right(password, hashed) is False
        return perf_counter() - began

    passwords.is_right("warm", None)
    pairs = [(took("feil", kept), took("feil", None)) for _ in range(7)]
    wrong, none = (median(times) for times in zip(*pairs, strict=True))
    assert 0.5 < none / wrong < 2


def test_guessing_is_braked_by_account_even_for_the_right_password(ola: World) -> None:
    client = browser(ola)
    for _ in range(6):
        assert sign_in(client, "feil passord her").status_code == 401
    braked = sign_in(client)
    assert braked.status_code == 429
    assert int(braked.headers["Retry-After"]) <= 2
    ola.clock.move(timedelta(seconds=2))
    assert sign_in(client).status_code == 200
    with ola.db.reading() as session:
        rows = {row.key: row.failures for row in session.exec(select(SignInTries))}
    assert rows == {"address:testclient": 6}


def test_guessing_many_accounts_from_one_address_is_braked(ola: World) -> None:
    with ola.db.writing() as session:
        for number in range(21):
            keys = (f"account:{number}@desk.example", "address:testclient")
            desk.note_failure(session, keys, now=ola.now)
            session.flush()
    assert sign_in(browser(ola)).status_code == 429


def test_the_wait_doubles_up_to_a_quarter_of_an_hour(ola: World) -> None:
    with ola.db.writing() as session:
        for _ in range(40):
            desk.note_failure(session, (f"account:{OLA}",), now=ola.now)
            session.flush()
    assert sign_in(browser(ola)).headers["Retry-After"] == "901"


def test_a_one_time_code_is_asked_for_once_it_is_on_and_counts_once(ola: World) -> None:
    client = signed_in(ola)
    begun = client.post("/api/v1/me/totp", json={"password": PASSWORD}).json()
    totp = pyotp.TOTP(begun["secret"])
    assert "Nordheim" in begun["address"]

    def code() -> str:
        return totp.at(ola.now)

    assert client.post("/api/v1/me/totp/confirm", json={"code": "000000"}).status_code == 422
    on = client.post("/api/v1/me/totp/confirm", json={"code": code()})
    codes = on.json()["recovery_codes"]
    assert len(codes) == 10
    assert sign_in(browser(ola)).status_code == 401
    assert sign_in(browser(ola), code=code()).status_code == 401, "it was used to confirm"
    ola.clock.move(timedelta(seconds=30))
    assert sign_in(browser(ola), code=code()).status_code == 200
    assert sign_in(browser(ola), code=code()).status_code == 401, "it counts once"
    assert sign_in(browser(ola), code=codes[0]).status_code == 200
    assert sign_in(browser(ola), code=codes[0]).status_code == 401, "it counts once"
    with ola.db.reading() as session:
        kept = session.exec(select(Credential)).one()
    assert begun["secret"] not in str(kept.model_dump())
    assert len(kept.recovery_codes) == 9
    ola.clock.move(timedelta(minutes=20))
    off = signed_in(ola, code=totp.at(ola.now))
    assert off.post("/api/v1/me/totp/remove", json={"password": PASSWORD}).status_code == 204
    assert sign_in(browser(ola)).status_code == 200


def test_a_person_sets_their_own_password_and_is_signed_out_everywhere(ola: World) -> None:
    one, other = signed_in(ola), signed_in(ola)
    path, new = "/api/v1/me/password", "blå rev drikker kaffe"
    assert one.put(path, json={"password": new}).status_code == 422
    assert one.put(path, json={"current": "feil", "password": new}).status_code == 422
    short = one.put(path, json={"current": PASSWORD, "password": "kort"})
    assert (short.status_code, short.json()["field"]) == (422, "password")
    assert one.put(path, json={"current": PASSWORD, "password": new}).status_code == 204
    assert [client.get("/api/v1/me").status_code for client in (one, other)] == [401, 401]
    assert sign_in(browser(ola)).status_code == 401
    assert sign_in(browser(ola), new).status_code == 200


def test_a_token_with_scopes_cannot_give_itself_a_password(world: World) -> None:
    new = {"password": PASSWORD}
    assert (
        world.web(scopes=["tickets:read"]).put("/api/v1/me/password", json=new).status_code == 403
    )
    assert world.web().put("/api/v1/me/password", json=new).status_code == 204


def test_neither_password_nor_cookie_is_kept_or_logged(
    ola: World, capsys: pytest.CaptureFixture[str]
) -> None:
    client = signed_in(ola)
    client.put(
        "/api/v1/me/password", json={"current": PASSWORD, "password": "blå rev drikker kaffe"}
    )
    cookie = client.cookies["svartid_session"]
    with ola.db.reading() as session:
        kept = [str(row.model_dump()) for row in session.exec(select(WebSession))]
        kept += [str(row.model_dump()) for row in session.exec(select(Credential))]
    said = capsys.readouterr()
    for secret in (PASSWORD, "blå rev", cookie):
        assert not any(secret in one for one in [*kept, said.out, said.err])


def test_who_no_longer_works_here_cannot_sign_in(ola: World) -> None:
    admin = ola.web(ola.hire("A", "a@desk.example", Role.ADMIN))
    client = signed_in(ola)
    admin.patch(f"/api/v1/agents/{ola.agent.id}", json={"active": False})
    assert client.get("/api/v1/me").status_code == 401
    assert sign_in(browser(ola)).status_code == 401


def test_a_weak_password_is_refused() -> None:
    for weak in ("kort", "aaaaaaaaaaaaaa", "ola@desk.example"):
        with pytest.raises(Exception, match="password"):
            passwords.check_new(weak, own_words=(OLA,))
