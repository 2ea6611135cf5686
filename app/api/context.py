"""What a handler needs: the database, the house, the clock, and who is asking.

A route says who may call it by the type of its ``context``: ``Reader``, ``Writer``, ``Lead`` or
``Admin``. One that says nothing is refused at the start of the service (``app.api.access``).
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from app.api.edge import SESSION_COOKIE
from app.api.scopes import SAFE_METHODS, area_of, needed_scope, permits
from app.desk.house import House
from app.desk.signing_in import csrf_of
from app.desk.work import By
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import NotAllowed, NotFound, Unauthenticated
from app.kit.ids import digest, same
from app.models import Agent, ApiToken, Role, Ticket, Visibility, WebSession
from app.store import people, sign_in, tickets

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token made by `POST /api/v1/tokens` or by `svartid token create`.",
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="session",
    description="What `POST /api/v1/sign-in` sets; changes also need X-CSRF-Token.",
)
# Writing "last used" at every request would make every read a write.
_LAST_USED_EVERY = timedelta(minutes=5)
# Each may do all that the ones before it may.
RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Asked:
    """What the request says besides its body."""

    method: str
    path: str
    query: str
    fields: str | None = None
    if_match: str | None = None
    idempotency_key: str | None = None

    @classmethod
    def of(cls, request: Request) -> "Asked":
        """Read the request."""
        return cls(
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            fields=request.query_params.get("fields"),
            if_match=request.headers.get("if-match"),
            idempotency_key=request.headers.get("idempotency-key"),
        )


@dataclass(frozen=True)
class Context:
    """The house, and whoever is asking; made once a request."""

    db: Database
    house: House
    clock: Clock
    agent: Agent
    asked: Asked
    # None where a person is signed in, who may do all that their role may.
    token: ApiToken | None = None
    # None where a program asks.
    web_session: WebSession | None = None
    # Every scope that there is.
    scopes: frozenset[str] = frozenset()
    # The routes that show one thing, by path (``app.api.guard``).
    resources: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock.now()

    @property
    def actor(self) -> str:
        """Return the actor as the log keeps it."""
        return By(self.agent, self.now).actor

    @contextmanager
    def reading(self) -> Generator[Session]:
        """Open a session that changes nothing."""
        with self.db.reading() as session:
            yield session

    @contextmanager
    def changing(self, number: int) -> Generator[tuple[Session, Ticket, By]]:
        """Open a transaction on one ticket, locked against other writers; NotFound without it."""
        with self.db.writing() as session:
            ticket = ticket_of(session, self.agent, number, lock=True)
            yield session, ticket, By(self.agent, self.now)


def ticket_of(session: Session, agent: Agent, number: int, *, lock: bool = False) -> Ticket:
    """Return the ticket with this number; NotFound when there is none that the agent may see."""
    # A larger one would be refused by the database.
    ticket = None
    if 0 < number < 2**63:
        ticket = tickets.find_visible(session, agent, number, lock=lock)
    if ticket is None:
        raise NotFound(f"there is no ticket {number}", field="number")
    return ticket


def signed_in(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> Context:
    """Return who asks; ``Unauthenticated`` when nobody knows, ``NotAllowed`` beyond the scopes."""
    state = request.app.state
    db: Database = state.db
    clock: Clock = state.clock
    if credentials is None:
        return _by_session(request, cookie)
    now = clock.now()
    with db.reading() as session:
        found = people.find_token(session, digest(credentials.credentials.encode()), now)
    if found is None:
        raise Unauthenticated("the token is unknown, expired or revoked", remedy="Get a new one.")
    token, agent = found
    if token.last_used_at is None or now - token.last_used_at > _LAST_USED_EVERY:
        with db.writing() as session:
            people.touch_token(session, token.id, now)
    route = request.scope["route"]
    scope = needed_scope(area_of(route.tags, route.path), request.method)
    if not permits(token.scopes, scope):
        raise NotAllowed(
            f"this token lacks the scope {scope}", remedy="Make one with it: POST /api/v1/tokens."
        )
    return Context(
        db=db,
        house=state.house,
        clock=clock,
        agent=agent,
        asked=Asked.of(request),
        token=token,
        scopes=state.scopes,
        resources=state.resources,
    )


def _by_session(request: Request, cookie: str | None) -> Context:
    """Return who is signed in with a browser.

    Any site can make a browser send its cookie: a change needs what only our own pages know.
    """
    if not cookie:
        raise Unauthenticated("a bearer token or a session is needed", remedy="Sign in.")
    state = request.app.state
    db: Database = state.db
    clock: Clock = state.clock
    now = clock.now()
    with db.reading() as session:
        found = sign_in.find_session(session, digest(cookie.encode()), now)
    if found is None:
        raise Unauthenticated("this session has ended", remedy="Sign in again.")
    row, agent = found
    given = request.headers.get("x-csrf-token", "")
    if request.method not in SAFE_METHODS and not same(given, csrf_of(state.house, row)):
        raise NotAllowed(
            "this change did not come from a page of ours",
            remedy="Send what signing in answered as `csrf` as X-CSRF-Token.",
        )
    if now - row.last_used_at > _LAST_USED_EVERY:
        with db.writing() as session:
            sign_in.touch(session, row.id, now)
    return Context(
        db=db,
        house=state.house,
        clock=clock,
        agent=agent,
        asked=Asked.of(request),
        web_session=row,
        scopes=state.scopes,
        resources=state.resources,
    )


@dataclass(frozen=True)
class Needs:
    """The least role that a route may be called with."""

    role: Role
    # Whether it takes somebody who sees everybody's tickets.
    sees_all: bool = False

    # Nothing here waits, so that no thread is needed for it.
    async def __call__(self, context: Annotated[Context, Depends(signed_in)]) -> Context:
        """Return the context; ``NotAllowed`` for a lesser role."""
        if RANK[context.agent.role] < RANK[self.role]:
            raise NotAllowed(
                f"this takes the role {self.role.value}; yours is {context.agent.role.value}",
                remedy="Ask somebody who has it.",
            )
        if self.sees_all and context.agent.visibility is not Visibility.ALL:
            raise NotAllowed("this tells of tickets that you do not see", remedy="Ask a lead.")
        return context


Reader = Annotated[Context, Depends(Needs(Role.VIEWER))]
Writer = Annotated[Context, Depends(Needs(Role.AGENT))]
# Who may change what is promised.
Lead = Annotated[Context, Depends(Needs(Role.LEAD))]
LeadOfAll = Annotated[Context, Depends(Needs(Role.LEAD, sees_all=True))]
# Who may let people in, and say what they see.
Admin = Annotated[Context, Depends(Needs(Role.ADMIN))]
