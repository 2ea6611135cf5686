"""Tokens: what lets a program in; made, listed with their last use, revoked."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, Reader
from app.api.paging import Page, Paging, cut
from app.api.problems import responses
from app.api.scopes import permits
from app.api.ticket_schemas import Body
from app.desk import access as desk
from app.desk import people as desk_people
from app.kit.errors import BadInput, NotAllowed, NotFound
from app.models import Agent, ApiToken, Role
from app.store import access, people

router = APIRouter(prefix="/tokens", tags=["tokens"], responses=responses(401, 403, 404, 422, 503))
DEFAULT_LIFE = timedelta(days=365)
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]*:(read|write)$", max_length=64)]


class TokenOut(BaseModel):
    """A token; what it is can be read only once, when it is made."""

    id: UUID
    agent_id: UUID
    name: str
    scopes: list[str] | None = Field(description="Null for all that its agent may do.")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To within five minutes.")

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """Return the token."""
        return cls(**{name: getattr(token, name) for name in TokenOut.model_fields})


class TokenMade(TokenOut):
    """A new token, to be written down now."""

    token: str = Field(
        "", description="What is sent as `Authorization: Bearer`.", examples=["svartid_…"]
    )


class TokenPage(Page[TokenOut]):
    """A page of tokens."""


class TokenIn(Body):
    """A new token."""

    name: Named = Field(description="What it is for.", examples=["Export to the data warehouse"])
    scopes: list[Scope] | None = Field(
        None,
        max_length=100,
        description="Left out, all that you may do.",
        examples=[["tickets:read"]],
    )
    expires_at: AwareDatetime | None = Field(
        None, description="Left out, a year from now; never more than five."
    )
    agent_id: UUID | None = Field(None, description="Whose it is; another's takes the role admin.")


class WantedTokens(Paging):
    """Whose tokens are asked for."""

    agent_id: UUID | None = Field(
        None, description="Left out, your own; another's takes the role admin."
    )


@router.get("", operation_id="list_tokens")
def list_tokens(context: Reader, wanted: Annotated[WantedTokens, Query()]) -> TokenPage:
    """List somebody's tokens, oldest first, revoked ones too."""
    after = wanted.after(UUID)
    with context.reading() as session:
        rows = access.tokens(
            session,
            _whose(session, context, wanted.agent_id).id,
            after=after[0] if after else None,
            limit=wanted.limit + 1,
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row.id,))
    return TokenPage(items=[TokenOut.of(row) for row in page], next=cursor)


@router.get("/{token_id}", operation_id="get_token")
def get_token(context: Reader, token_id: UUID) -> TokenOut:
    """Read one."""
    with context.reading() as session:
        return TokenOut.of(_token(session, context, token_id))


@router.post("", operation_id="make_token", status_code=201)
def post_token(context: Reader, body: TokenIn) -> TokenMade:
    """Make a token. It is shown in this answer and never again."""
    now = context.now
    expires_at = body.expires_at or now + DEFAULT_LIFE
    if not now < expires_at <= now + 5 * DEFAULT_LIFE:
        raise BadInput("a token lives at most five years from now", field="body.expires_at")
    _check_scopes(context, body.scopes)
    with context.db.writing() as session:
        made, row = desk_people.create_token(
            session,
            _whose(session, context, body.agent_id),
            name=body.name,
            scopes=body.scopes,
            expires_at=expires_at,
            now=now,
            actor=context.actor,
        )
        return TokenMade(**TokenOut.of(row).model_dump(), token=made)


@router.delete("/{token_id}", operation_id="revoke_token", status_code=204)
def delete_token(context: Reader, token_id: UUID) -> None:
    """Let it count no more, from this moment on."""
    with context.db.writing() as session:
        token = _token(session, context, token_id)
        desk.revoke_token(session, token, now=context.now, actor=context.actor)


def _whose(session: Session, context: Context, agent_id: UUID | None) -> Agent:
    if agent_id is None or agent_id == context.agent.id:
        return people.find_agent(session, context.agent.id) or context.agent
    if context.agent.role is not Role.ADMIN:
        raise NotAllowed("this is another person's", remedy="Ask an admin.")
    agent = people.find_agent(session, agent_id)
    if agent is None or not agent.active:
        raise NotFound("there is no such agent", field="agent_id")
    return agent


def _token(session: Session, context: Context, token_id: UUID) -> ApiToken:
    token = access.find_token(session, token_id)
    own = token is not None and token.agent_id == context.agent.id
    if token is None or not (own or context.agent.role is Role.ADMIN):
        raise NotFound("there is no such token", field="token_id")
    return token


def _check_scopes(context: Context, scopes: list[str] | None) -> None:
    """Refuse a scope that does not exist, and more than the token in hand has itself."""
    for scope in scopes or ():
        if scope not in context.scopes:
            raise BadInput(
                f"there is no scope {scope}",
                field="body.scopes",
                remedy=f"There are {', '.join(sorted(context.scopes))}.",
            )
    has = context.token.scopes if context.token else None
    if has is not None and (scopes is None or not all(permits(has, one) for one in scopes)):
        raise NotAllowed("a token cannot make one that may more than itself")
