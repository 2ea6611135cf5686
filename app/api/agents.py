"""Agents: who works here, what each may do and see."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Admin, Context, Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Address, Body
from app.config import Language
from app.desk import access as desk
from app.desk import people as desk_people
from app.desk.work import By
from app.kit.errors import BadInput, NotFound
from app.models import Agent, Role, Visibility
from app.store import access, people

router = APIRouter(tags=["agents"], responses=responses(401, 403, 404, 422, 503))
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{6,14}$")]


class AgentOut(BaseModel):
    """One of the staff."""

    id: UUID
    name: str
    email: str
    role: Role
    team: str | None
    visibility: Visibility = Field(description="Whose tickets they see, besides their own.")
    language: str
    active: bool

    @classmethod
    def of(cls, agent: Agent) -> Self:
        """Return the agent."""
        return cls(**{name: getattr(agent, name) for name in AgentOut.model_fields})


class AgentDetail(AgentOut):
    """One of the staff, with what they are given to see."""

    customers: list[UUID] = Field(description="Given by name; they count with `customers`.")


class AgentPage(Page[AgentOut]):
    """A page of the staff."""


class AgentIn(Body):
    """Somebody new."""

    name: Named
    email: Address
    role: Role = Role.AGENT
    phone: Phone | None = None
    language: Language = Language.BOKMAL


class AgentPatch(Body):
    """What is to be different; what is left out stays as it is."""

    name: Named | None = None
    phone: Phone | None = None
    language: Language | None = None
    role: Role | None = None
    team: Named | None = Field(None, description="Null for none.")
    visibility: Visibility | None = None
    customers: list[UUID] | None = Field(None, max_length=10_000)
    active: bool | None = None


@router.get("/agents", operation_id="list_agents")
def list_agents(context: Reader, wanted: Paged) -> AgentPage:
    """List the active staff, by name."""
    with context.reading() as session:
        rows = people.active_agents(session)
    page, cursor = cut_all(rows, wanted, str, UUID, key=lambda row: (row.name, row.id))
    return AgentPage(items=[AgentOut.of(row) for row in page], next=cursor)


@router.get("/agents/{agent_id}", operation_id="get_agent")
def get_agent(context: Reader, agent_id: UUID) -> AgentDetail:
    """Read one of the staff, whether they still work here or not."""
    with context.reading() as session:
        return _shown(session, context, _agent(session, agent_id))


@router.post("/agents", operation_id="add_agent", status_code=201, responses=responses(409))
def post_agent(context: Admin, body: AgentIn) -> AgentDetail:
    """Let somebody new in; they still need a password, a token or a provider to sign in with."""
    with context.db.writing() as session:
        agent = desk_people.add_agent(
            session,
            name=body.name,
            email=body.email,
            role=body.role,
            phone=body.phone,
            language=body.language.value,
            now=context.now,
            actor=context.actor,
        )
        session.flush()
        return _shown(session, context, agent)


@router.patch("/agents/{agent_id}", operation_id="change_agent", responses=responses(409))
def patch_agent(context: Admin, agent_id: UUID, body: AgentPatch) -> AgentDetail:
    """Change what somebody may do or see, or say that they no longer work here."""
    given = body.model_dump(exclude_unset=True)
    empty = frozenset(name for name, value in given.items() if value is None)
    if empty - {"phone", "team"}:
        raise BadInput("only phone and team may be null", field=f"body.{min(empty)}")
    if body.language is not None:
        given["language"] = body.language.value
    with context.db.writing() as session:
        agent = _agent(session, agent_id)
        if body.team is not None and access.find_team(session, body.team) is None:
            raise NotFound(f"there is no team {body.team}", field="body.team")
        desk.change_agent(
            session, agent, desk.Change(**given, empty=empty), By(context.agent, context.now)
        )
        session.flush()
        return _shown(session, context, agent)


def _agent(session: Session, agent_id: UUID) -> Agent:
    agent = people.find_agent(session, agent_id)
    if agent is None:
        raise NotFound("there is no such agent", field="agent_id")
    return agent


def _shown(session: Session, context: Context, agent: Agent) -> AgentDetail:
    seen = people.visible_customer_ids(session, context.agent)
    given = [one for one in access.customers_of_agent(session, agent.id) if one in seen]
    return AgentDetail(**AgentOut.of(agent).model_dump(), customers=given)
