"""Exclusions of a ticket: claim, approve or refuse, end, withdraw."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from app.api.context import Reader, Writer, ticket_of
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, FileIn, MaybeReason, Reason
from app.desk import exclusions as desk
from app.desk.exclusions import Claim
from app.kit.errors import NotFound
from app.models import Exclusion, ExclusionStatus, Ticket
from app.sla.terms import Exclusion as Kind
from app.store import exclusions

router = APIRouter(tags=["exclusions"], responses=responses(401, 403, 404, 422, 503))
_CONFLICT = responses(409)
_OF_TICKET = "/tickets/{number}/exclusions"
_ONE = _OF_TICKET + "/{exclusion_id}"


class ExclusionOut(BaseModel):
    """Time that does not count, or is claimed not to."""

    id: UUID
    kind: Kind
    status: ExclusionStatus
    starts_at: datetime
    ends_at: datetime | None = Field(description="Null while it lasts.")
    reason: str
    evidence: str = Field(description="In words; empty where files show it.")
    files: list[UUID] = Field(description="Files of the ticket that show it.")
    billed: bool = Field(description="Work in its time is paid by the hour, once it is in force.")
    author_id: UUID | None = Field(description="Null for what a maintenance window does.")
    window_id: UUID | None
    created_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    withdrawn_by: UUID | None
    withdrawn_at: datetime | None
    told_at: datetime | None = Field(description="When the customer was told.")

    @classmethod
    def of(cls, exclusion: Exclusion, files: Sequence[UUID]) -> Self:
        """Return the exclusion with the ids of its files."""
        plain = cls.model_fields.keys() - {"files", "billed"}
        values = {name: getattr(exclusion, name) for name in plain}
        return cls(**values, files=list(files), billed=exclusion.kind.billed)


class ProposedOut(BaseModel):
    """An exclusion that waits for a second person."""

    number: int
    subject: str
    exclusion: ExclusionOut


class ExclusionPage(Page[ExclusionOut]):
    """A page of exclusions."""


class ProposedPage(Page[ProposedOut]):
    """A page of what waits for a second person."""


class ExclusionIn(Body):
    """What is claimed, why, and what shows it."""

    kind: Kind
    reason: Reason = Field(examples=["Frakttillegget svarer ikke."])
    evidence: MaybeReason = Field("", examples=["Leverandørens driftsmelding 24.11. kl. 10.12."])
    files: list[UUID] = Field(
        default_factory=list, max_length=20, description="Files that are on the ticket already."
    )
    attachments: list[FileIn] = Field(
        default_factory=list, max_length=20, description="New files; they are kept with a note."
    )
    starts_at: AwareDatetime | None = Field(None, description="Now, where it is left out.")
    ends_at: AwareDatetime | None = Field(None, description="Left out while it lasts.")


class EndIn(Body):
    """When it ended."""

    at: AwareDatetime | None = Field(None, description="Now, where it is left out.")


class WithdrawIn(Body):
    """Why it is taken back."""

    reason: Reason


class RefuseIn(Body):
    """Why it is refused."""

    reason: MaybeReason = ""


@router.get(_OF_TICKET, operation_id="list_exclusions")
def list_exclusions(context: Reader, number: int, wanted: Paged) -> ExclusionPage:
    """Read what was ever claimed on the ticket."""
    with context.reading() as session:
        rows = exclusions.of_ticket(session, ticket_of(session, context.agent, number).id)
        page, cursor = cut_all(
            rows, wanted, datetime, UUID, key=lambda row: (row.created_at, row.id)
        )
        return ExclusionPage(items=_shown(session, page), next=cursor)


@router.get(_ONE, operation_id="get_exclusion")
def get_exclusion(context: Reader, number: int, exclusion_id: UUID) -> ExclusionOut:
    """Read one of them."""
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        return _shown(session, [_one(session, ticket, exclusion_id)])[0]


@router.get("/exclusions/proposed", operation_id="list_proposed_exclusions")
def list_proposed(context: Reader, wanted: Paged) -> ProposedPage:
    """Read what waits for a second person, oldest first."""
    with context.reading() as session:
        rows = exclusions.proposed(session, context.agent)
        page, cursor = cut_all(
            rows, wanted, datetime, UUID, key=lambda found: (found[0].created_at, found[0].id)
        )
        shown = _shown(session, [row for row, _ in page])
    items = [
        ProposedOut(number=ticket.number, subject=ticket.subject, exclusion=one)
        for (_, ticket), one in zip(page, shown, strict=True)
    ]
    return ProposedPage(items=items, next=cursor)


@router.post(_OF_TICKET, operation_id="claim_exclusion", status_code=201)
def post_exclusion(context: Writer, number: int, body: ExclusionIn) -> ExclusionOut:
    """Claim that time does not count; the clocks stop unless a second person must approve."""
    with context.changing(number) as (session, ticket, by):
        claim = Claim(
            kind=body.kind,
            starts_at=body.starts_at or by.now,
            ends_at=body.ends_at,
            reason=body.reason,
            evidence=body.evidence,
            files=body.files,
            new_files=[file.stored() for file in body.attachments],
        )
        return _out(session, desk.exclude(session, context.house, ticket, by, claim))


@router.post(_ONE + "/approve", operation_id="approve_exclusion", responses=_CONFLICT)
def post_approve(context: Writer, number: int, exclusion_id: UUID) -> ExclusionOut:
    """Approve what somebody else proposed."""
    with context.changing(number) as (session, ticket, by):
        exclusion = _one(session, ticket, exclusion_id)
        desk.approve(session, context.house, ticket, exclusion, by)
        return _out(session, exclusion)


@router.post(_ONE + "/refuse", operation_id="refuse_exclusion", responses=_CONFLICT)
def post_refuse(context: Writer, number: int, exclusion_id: UUID, body: RefuseIn) -> ExclusionOut:
    """Refuse what was proposed."""
    with context.changing(number) as (session, ticket, by):
        exclusion = _one(session, ticket, exclusion_id)
        desk.refuse(session, ticket, exclusion, by, reason=body.reason)
        return _out(session, exclusion)


@router.post(_ONE + "/end", operation_id="end_exclusion", responses=_CONFLICT)
def post_end(context: Writer, number: int, exclusion_id: UUID, body: EndIn) -> ExclusionOut:
    """End it; the clocks run again from then on."""
    with context.changing(number) as (session, ticket, by):
        exclusion = _one(session, ticket, exclusion_id)
        desk.end(session, context.house, ticket, exclusion, by, at=body.at or by.now)
        return _out(session, exclusion)


@router.post(_ONE + "/withdraw", operation_id="withdraw_exclusion", responses=_CONFLICT)
def post_withdraw(
    context: Writer, number: int, exclusion_id: UUID, body: WithdrawIn
) -> ExclusionOut:
    """Take it back, as if it had never counted."""
    with context.changing(number) as (session, ticket, by):
        exclusion = _one(session, ticket, exclusion_id)
        desk.withdraw(session, context.house, ticket, exclusion, by, reason=body.reason)
        return _out(session, exclusion)


def _one(session: Session, ticket: Ticket, exclusion_id: UUID) -> Exclusion:
    found = exclusions.find(session, ticket.id, exclusion_id)
    if found is None:
        raise NotFound(f"ticket {ticket.number} has no such exclusion", field="exclusion_id")
    return found


def _out(session: Session, exclusion: Exclusion) -> ExclusionOut:
    (shown,) = _shown(session, [exclusion])
    return shown


def _shown(session: Session, rows: Sequence[Exclusion]) -> list[ExclusionOut]:
    files = exclusions.files(session, [row.id for row in rows])
    return [ExclusionOut.of(row, files.get(row.id, ())) for row in rows]
