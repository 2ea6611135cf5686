"""Signing in with an address, a password and, where it is on, a one-time code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr, StringConstraints

from app.api.context import Reader
from app.api.edge import SESSION_COOKIE
from app.api.problems import responses
from app.api.ticket_schemas import Address, Body
from app.desk import signing_in as desk
from app.desk.house import House
from app.kit import passwords
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import Unauthenticated
from app.models import Agent
from app.store import people, sign_in

# Whoever signs in has no token yet: the route is open, and braked.
router = APIRouter(tags=["sign-in"], responses=responses(401, 422, 429, 503))
out = APIRouter(tags=["me"], responses=responses(401, 403, 503))
Password = Annotated[SecretStr, StringConstraints(min_length=1, max_length=1000)]


class SignInIn(Body):
    """Who you are, and what shows it."""

    email: Address
    password: SecretStr = Field(max_length=1000)
    code: str | None = Field(
        None, max_length=40, description="The one-time code, or a recovery code, where it is on."
    )


class SignedInOut(BaseModel):
    """You are signed in: the session is in the cookie."""

    agent_id: UUID
    name: str
    csrf: str = Field(description="Send it as X-CSRF-Token with every request that changes.")


def where_from(request: Request) -> desk.From:
    """Return where a request comes from."""
    address = request.client.host if request.client else ""
    return desk.From(address, request.headers.get("user-agent", ""))


def give_session(
    request: Request, response: Response, agent: Agent, *, clear: str | None = None
) -> SignedInOut:
    """Sign an agent in, and put the session into the answer's cookie."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    life = house.settings.sign_in.session_life
    with db.writing() as session:
        row, cookie = desk.start_session(
            session, agent, where_from(request), life=life, now=clock.now()
        )
        if clear is not None:
            desk.forgive(session, clear)
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=int(life.total_seconds()),
        httponly=True,
        secure=house.settings.desk.url.startswith("https://"),
        # Another site's link may show a page; only ours may change anything.
        samesite="lax",
        path="/",
    )
    return SignedInOut(agent_id=agent.id, name=agent.name, csrf=desk.csrf_of(house, row))


@router.post("/sign-in", operation_id="sign_in")
def post_sign_in(request: Request, response: Response, body: SignInIn) -> SignedInOut:
    """Sign in. What was wrong is not told, and failing often makes the next try wait."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    now = clock.now()
    email = body.email.lower()
    keys = where_from(request).keys(email)
    with db.reading() as session:
        desk.check_brake(session, keys, now=now)
        agent = people.find_agent_by_email(session, email)
        credential = sign_in.find_credential(session, agent.id) if agent else None
    kept = credential.password_hash if credential and agent and agent.active else None
    right = passwords.is_right(body.password.get_secret_value(), kept)
    with db.writing() as session:
        if right and agent is not None:
            locked = sign_in.credential_of(session, agent.id)
            right = desk.is_second_factor_right(session, house, locked, body.code, now=now)
        if not right:
            desk.note_failure(session, keys, now=now)
    if not right or agent is None:
        raise Unauthenticated(
            "the address, the password or the one-time code is wrong",
            remedy="Try again; an operator can set a new password.",
        )
    return give_session(request, response, agent, clear=email)


@out.post("/sign-out", operation_id="sign_out", status_code=204)
def post_sign_out(context: Reader) -> None:
    """End the session that this request came with; a token is not touched."""
    if context.web_session is not None:
        with context.db.writing() as session:
            found = sign_in.find_session(session, context.web_session.sha256, context.now)
            if found is not None:
                desk.end_session(session, found[0], now=context.now, actor=context.actor)
