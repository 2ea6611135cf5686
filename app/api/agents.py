"""Agents: who works here, and who is asking."""

from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.context import Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.models import Agent, Role
from app.store import people

router = APIRouter(tags=["agents"], responses=responses(401, 503))


class AgentOut(BaseModel):
    """One of the staff."""

    id: UUID
    name: str
    email: str
    role: Role
    team: str | None
    language: str
    active: bool

    @classmethod
    def of(cls, agent: Agent) -> Self:
        """Return the agent."""
        return cls(**{name: getattr(agent, name) for name in cls.model_fields})


class AgentPage(Page[AgentOut]):
    """A page of the staff."""


@router.get("/me", operation_id="get_me")
def me(context: Reader) -> AgentOut:
    """Say whose token this is."""
    return AgentOut.of(context.agent)


@router.get("/agents", operation_id="list_agents")
def list_agents(context: Reader, wanted: Paged) -> AgentPage:
    """List the active staff, by name."""
    with context.reading() as session:
        rows = people.active_agents(session)
    page, cursor = cut_all(rows, wanted, str, UUID, key=lambda row: (row.name, row.id))
    return AgentPage(items=[AgentOut.of(row) for row in page], next=cursor)
