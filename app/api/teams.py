"""Teams: what each looks after, which is what those of it see who see their team's tickets only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.context import Admin, Context, Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body
from app.desk import access as desk
from app.desk.work import By
from app.kit.errors import BadInput, NotFound
from app.models import Team
from app.store import access, people

router = APIRouter(prefix="/teams", tags=["teams"], responses=responses(401, 403, 404, 422, 503))
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\s/]([^/\x00]*[^\s/])?$")]


class TeamOut(BaseModel):
    """A team and what it looks after."""

    id: UUID
    name: str
    mailboxes: list[str] = Field(description="Whose tickets of nobody's are the team's.")
    customers: list[UUID]
    members: list[UUID]


class TeamPage(Page[TeamOut]):
    """A page of teams."""


class TeamIn(Body):
    """What a team looks after."""

    mailboxes: list[str] = Field(default_factory=list, max_length=100, examples=[["support"]])
    customers: list[UUID] = Field(default_factory=list, max_length=10_000)


@router.get("", operation_id="list_teams")
def list_teams(context: Reader, wanted: Paged) -> TeamPage:
    """List the teams, by name."""
    with context.reading() as session:
        rows = access.teams(session)
        page, cursor = cut_all(rows, wanted, str, key=lambda row: (row.name,))
        return TeamPage(items=[_shown(session, context, row) for row in page], next=cursor)


@router.get("/{name}", operation_id="get_team")
def get_team(context: Reader, name: Name) -> TeamOut:
    """Read one team."""
    with context.reading() as session:
        return _shown(session, context, _team(session, name))


@router.put("/{name}", operation_id="save_team")
def put_team(context: Admin, name: Name, body: TeamIn) -> TeamOut:
    """Say what a team looks after; one of a new name is made."""
    unknown = set(body.mailboxes) - context.house.settings.mailboxes.keys()
    if unknown:
        raise BadInput(f"there is no mailbox {min(unknown)}", field="body.mailboxes")
    with context.db.writing() as session:
        team = desk.save_team(
            session,
            name,
            mailboxes=body.mailboxes,
            customers=body.customers,
            by=By(context.agent, context.now),
        )
        session.flush()
        return _shown(session, context, team)


@router.delete("/{name}", operation_id="remove_team", status_code=204)
def delete_team(context: Admin, name: Name) -> None:
    """Forget a team that nobody belongs to."""
    with context.db.writing() as session:
        desk.remove_team(session, _team(session, name), By(context.agent, context.now))


def _team(session: Session, name: str) -> Team:
    team = access.find_team(session, name)
    if team is None:
        raise NotFound(f"there is no team {name}", field="name")
    return team


def _shown(session: Session, context: Context, team: Team) -> TeamOut:
    seen = people.visible_customer_ids(session, context.agent)
    return TeamOut(
        id=team.id,
        name=team.name,
        mailboxes=team.mailboxes,
        customers=[one for one in access.customers_of_team(session, team.id) if one in seen],
        members=[one.id for one in people.active_agents(session) if one.team == team.name],
    )
