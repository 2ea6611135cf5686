"""What a handler needs: the database, the house, the clock, and who is asking."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session

from app.desk.house import House
from app.desk.work import By
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import NotAllowed, NotFound
from app.kit.ids import digest
from app.models import Agent, Role, Ticket
from app.store import people, tickets

_bearer = HTTPBearer(auto_error=False, description="A token made by `svartid token create`.")
# Writing "last used" at every request would make every read a write.
_LAST_USED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Context:
    """The house, and whoever is asking; made once a request."""

    db: Database
    house: House
    clock: Clock
    agent: Agent

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
            yield session, ticket_of(session, number, lock=True), By(self.agent, self.now)


def ticket_of(session: Session, number: int, *, lock: bool = False) -> Ticket:
    """Return the ticket with this number; NotFound when there is none."""
    ticket = tickets.find_by_number(session, number, lock=lock)
    if ticket is None:
        raise NotFound(f"there is no ticket {number}", field="number")
    return ticket


def _signed_in(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Context:
    state = request.app.state
    db: Database = state.db
    clock: Clock = state.clock
    if credentials is None:
        raise _unknown("A bearer token is needed.")
    now = clock.now()
    with db.reading() as session:
        found = people.find_token(session, digest(credentials.credentials.encode()), now)
    if found is None:
        raise _unknown("The token is unknown, expired or revoked.")
    token, agent = found
    if token.last_used_at is None or now - token.last_used_at > _LAST_USED_EVERY:
        with db.writing() as session:
            people.touch_token(session, token.id, now)
    return Context(db=db, house=state.house, clock=clock, agent=agent)


def _unknown(detail: str) -> HTTPException:
    return HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})


def _may_write(context: Annotated[Context, Depends(_signed_in)]) -> Context:
    if context.agent.role is Role.VIEWER:
        raise NotAllowed("a viewer may read, but change nothing", remedy="Ask for another role.")
    return context


def _may_decide(context: Annotated[Context, Depends(_signed_in)]) -> Context:
    if context.agent.role not in {Role.LEAD, Role.ADMIN}:
        raise NotAllowed("this takes the role lead", remedy="Ask one of them.")
    return context


Reader = Annotated[Context, Depends(_signed_in)]
Writer = Annotated[Context, Depends(_may_write)]
# Who may change what is promised.
Lead = Annotated[Context, Depends(_may_decide)]
