"""Policies: their versions, moving a ticket to another, and notices of lower promises."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from sqlmodel import Session

from app.api.context import Lead, Reader
from app.api.paging import Page, Paged, Paging, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body, Reason, TicketOut
from app.api.versions import Starts, VersionIn, VersionOut, starts_by_version, version_rows
from app.desk import notices as desk_notices
from app.desk import policies as desk
from app.desk.work import By
from app.kit.errors import NotFound
from app.models import Agent, Customer, Notice, NoticeState, PolicyStart, PolicyVersion
from app.sla.policy import Policy
from app.sla.terms import ClockKind, Severity
from app.sla.toml_write import write_toml
from app.store import agreements, people

router = APIRouter(tags=["policies"], responses=responses(401, 403, 404, 422, 503))
_CONFLICT = responses(409)


class PolicyOut(VersionOut):
    """A version of a policy, as it is for ever."""


class PolicyIn(VersionIn):
    """A policy, and from when it counts."""


class EffectOut(BaseModel):
    """What a change does to one promise, tried for a receipt at every hour of a year."""

    severity: Severity
    kind: ClockKind
    later: int
    sooner: int
    tried: int
    worst_s: int
    lowers: bool


class ImportedOut(BaseModel):
    """The version, from when it counts, and who must be told."""

    id: UUID
    name: str
    version: int
    starts_at: datetime
    effects: list[EffectOut]
    to_be_told: list[str]


class LoweredOut(BaseModel):
    """A promise that will be less, by its limit; null where there was or will be none."""

    severity: Severity
    kind: ClockKind
    before_s: int | None
    after_s: int | None


class NoticeOut(BaseModel):
    """A letter to a customer who will be promised less."""

    id: UUID
    customer_id: UUID
    customer: str
    policy: str
    starts_at: datetime
    lowered: list[LoweredOut]
    state: NoticeState
    created_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None

    @classmethod
    def of(cls, notice: Notice, customer: Customer, start: PolicyStart) -> Self:
        """Return the notice."""
        return cls(
            id=notice.id,
            customer_id=customer.id,
            customer=customer.name,
            policy=start.name,
            starts_at=start.at,
            lowered=[LoweredOut.model_validate(one) for one in notice.lowered],
            state=notice.state,
            created_at=notice.created_at,
            decided_at=notice.decided_at,
            decided_by=notice.decided_by,
        )


class PolicyPage(Page[PolicyOut]):
    """A page of policy versions."""


class NoticePage(Page[NoticeOut]):
    """A page of notices."""


class WantedNotices(Paging):
    """Which notices are asked for."""

    state: NoticeState | None = None


class MoveIn(Body):
    """To which version, and why."""

    policy_id: UUID
    reason: Reason


class DropIn(Body):
    """Why the customer is not told."""

    reason: Reason


@router.get("/policies", operation_id="list_policies")
def list_policies(context: Reader, wanted: Paged) -> PolicyPage:
    """List every version, by name and number."""
    with context.reading() as session:
        items, cursor = version_rows(session, PolicyVersion, PolicyOut, _starts(session), wanted)
    return PolicyPage(items=items, next=cursor)


@router.get("/policies/{policy_id}", operation_id="get_policy")
def get_policy(context: Reader, policy_id: UUID) -> PolicyOut:
    """Read a version."""
    with context.reading() as session:
        row = session.get(PolicyVersion, policy_id)
        if row is None:
            raise NotFound("there is no such version of a policy", field="policy_id")
        return PolicyOut.of(row, _starts(session, row.name))


@router.post("/policies", operation_id="import_policy", status_code=201)
def post_policy(context: Lead, body: PolicyIn) -> ImportedOut:
    """Let a policy count from a time on; a notice is queued to whoever is promised less."""
    policy = Policy.from_toml(body.toml)
    now = context.now
    with context.db.writing() as session:
        done = desk.import_policy(
            session,
            context.house,
            policy,
            at=body.starts_at or now,
            now=now,
            actor=context.actor,
        )
        return ImportedOut(
            id=done.version.id,
            name=done.version.name,
            version=done.version.version,
            starts_at=done.start.at,
            effects=[EffectOut(**asdict(one), lowers=one.lowers) for one in done.effects],
            to_be_told=[customer.name for _, customer in done.notices],
        )


@router.get(
    "/policies/{policy_id}/toml", operation_id="export_policy", response_class=PlainTextResponse
)
def get_toml(context: Reader, policy_id: UUID) -> PlainTextResponse:
    """Read a version as TOML, ready to be changed and imported again."""
    with context.reading() as session:
        policy = context.house.policy_of(session, policy_id)
    return PlainTextResponse(write_toml(policy.to_dict()))


@router.put("/tickets/{number}/policy", operation_id="move_ticket_to_policy", responses=_CONFLICT)
def put_policy(context: Lead, number: int, body: MoveIn) -> TicketOut:
    """Put a ticket under another version; its deadlines are counted from the same start."""
    with context.changing(number) as (session, ticket, by):
        desk.move_ticket(
            session, context.house, ticket, by, policy_id=body.policy_id, reason=body.reason
        )
        return TicketOut.read(session, ticket, by.agent, by.now)


@router.get("/notices", operation_id="list_notices")
def list_notices(context: Reader, wanted: Annotated[WantedNotices, Query()]) -> NoticePage:
    """List the notices of lower promises, oldest first."""
    with context.reading() as session:
        rows = agreements.notices(session, wanted.state, agent=context.agent)
    page, cursor = cut_all(
        rows, wanted, datetime, UUID, key=lambda found: (found[0].created_at, found[0].id)
    )
    return NoticePage(items=[NoticeOut.of(*found) for found in page], next=cursor)


@router.get("/notices/{notice_id}", operation_id="get_notice")
def get_notice(context: Reader, notice_id: UUID) -> NoticeOut:
    """Read one notice."""
    with context.reading() as session:
        rows = agreements.notices(session, agent=context.agent, notice_id=notice_id)
    if not rows:
        raise NotFound("there is no such notice", field="notice_id")
    return NoticeOut.of(*rows[0])


@router.post("/notices/{notice_id}/approve", operation_id="approve_notice", responses=_CONFLICT)
def post_approve(context: Lead, notice_id: UUID) -> None:
    """Send it to whom the agreement names."""
    with context.db.writing() as session:
        notice = _notice(session, context.agent, notice_id)
        desk_notices.approve(session, context.house, notice, By(context.agent, context.now))


@router.post("/notices/{notice_id}/drop", operation_id="drop_notice", responses=_CONFLICT)
def post_drop(context: Lead, notice_id: UUID, body: DropIn) -> None:
    """Leave it unsent."""
    with context.db.writing() as session:
        notice = _notice(session, context.agent, notice_id)
        desk_notices.drop(session, notice, By(context.agent, context.now), reason=body.reason)


def _notice(session: Session, agent: Agent, notice_id: UUID) -> Notice:
    found = agreements.find_notice(session, notice_id)
    if found is None or people.find_visible_customer(session, agent, found.customer_id) is None:
        raise NotFound("there is no such notice", field="notice_id")
    return found


def _starts(session: Session, name: str | None = None) -> Starts:
    found = agreements.policy_starts(session, name)
    return starts_by_version((one.policy_id, one.at) for one in found)
