"""Exclusions: time that does not count, by the agreement's exceptions.

An exclusion is claimed by one of ours with a reason and what shows it. Where the house asks for
it, a second person approves it before it stops anything. Then the ticket's log says so, every
clock is folded anew, and the customer is told by letter. It may end, and it may be withdrawn, and
then the time counts as if nothing had been claimed; a breach that was written down stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk import clocks, letters
from app.desk.events import DESK, audit, record
from app.desk.evidence import keep_evidence
from app.desk.exclusion_log import log_exclusion
from app.desk.house import House
from app.desk.telling import customer_of, promises_of, tell
from app.desk.tickets import StoredAttachment
from app.desk.work import By
from app.kit.errors import BadInput, Conflict
from app.kit.text import storable
from app.models import Event, Exclusion, ExclusionStatus, Ticket
from app.models.base import Id
from app.sla.terms import Exclusion as Kind


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed; ``ends_at`` is None while it lasts.

    What shows it is told in words, by files that are on the ticket, or by new ones.
    """

    kind: Kind
    starts_at: datetime
    reason: str
    evidence: str = ""
    ends_at: datetime | None = None
    files: Sequence[Id] = ()
    new_files: Sequence[StoredAttachment] = ()


def exclude(session: Session, house: House, ticket: Ticket, by: By, claim: Claim) -> Exclusion:
    """Claim an exclusion; it is in force at once, or proposed where a second person is asked."""
    if not claim.reason.strip():
        raise BadInput("an exclusion needs one", field="reason")
    if not (claim.evidence.strip() or claim.files or claim.new_files):
        raise BadInput(
            "an exclusion needs some", field="evidence", remedy="Say what shows it, or give a file."
        )
    if claim.starts_at > by.now:
        raise BadInput(
            "an exclusion cannot begin in the future",
            field="starts_at",
            remedy="Announce a maintenance window.",
        )
    if claim.ends_at is not None and claim.ends_at <= claim.starts_at:
        raise BadInput("the exclusion ends before it begins", field="ends_at")
    exclusion = Exclusion(
        ticket_id=ticket.id,
        kind=claim.kind,
        status=ExclusionStatus.PROPOSED,
        starts_at=claim.starts_at,
        ends_at=claim.ends_at,
        reason=storable(claim.reason.strip()),
        evidence=storable(claim.evidence.strip()),
        author_id=by.agent.id,
        created_at=by.now,
    )
    session.add(exclusion)
    files = keep_evidence(session, ticket, by, exclusion, files=claim.files, new=claim.new_files)
    _audit(session, ticket, exclusion, by, "claimed", files=[str(one) for one in files])
    if house.settings.policy.exclusions_need_approval:
        _tell_log(session, ticket, exclusion, Event.EXCLUSION_PROPOSED, at=by.now, by=by)
    else:
        put_in_force(session, house, ticket, exclusion, now=by.now, actor=by.actor)
    return exclusion


def approve(session: Session, house: House, ticket: Ticket, exclusion: Exclusion, by: By) -> None:
    """Approve what somebody else proposed; it counts from the time that was claimed."""
    _check_status(exclusion, ExclusionStatus.PROPOSED, "approve")
    if exclusion.author_id == by.agent.id:
        raise Conflict(
            "an exclusion is approved by a second person", remedy="Ask one of the others."
        )
    exclusion.decided_by, exclusion.decided_at = by.agent.id, by.now
    _audit(session, ticket, exclusion, by, "approved")
    put_in_force(session, house, ticket, exclusion, now=by.now, actor=by.actor)


def refuse(session: Session, ticket: Ticket, exclusion: Exclusion, by: By, *, reason: str) -> None:
    """Refuse what was proposed; no clock has stopped for it and none will."""
    _check_status(exclusion, ExclusionStatus.PROPOSED, "refuse")
    exclusion.status = ExclusionStatus.REFUSED
    exclusion.decided_by, exclusion.decided_at = by.agent.id, by.now
    _tell_log(
        session, ticket, exclusion, Event.EXCLUSION_REFUSED, at=by.now, by=by, reason=reason.strip()
    )
    _audit(session, ticket, exclusion, by, "refused", reason=reason.strip())


def end(
    session: Session,
    house: House,
    ticket: Ticket,
    exclusion: Exclusion,
    by: By,
    *,
    at: datetime,
) -> None:
    """End an exclusion at a time; from then on the clocks run again."""
    if exclusion.status is ExclusionStatus.PROPOSED:
        _check_end(exclusion, at)
        exclusion.ends_at = at
        _audit(session, ticket, exclusion, by, "ended")
        return
    _check_status(exclusion, ExclusionStatus.IN_FORCE, "end")
    _check_end(exclusion, at)
    exclusion.ends_at = at
    _tell_log(session, ticket, exclusion, Event.INCLUDED, at=at, by=by)
    clocks.refold(session, house, ticket, now=by.now)
    _audit(session, ticket, exclusion, by, "ended")


def withdraw(
    session: Session,
    house: House,
    ticket: Ticket,
    exclusion: Exclusion,
    by: By,
    *,
    reason: str,
) -> None:
    """Take an exclusion back, as if it had never counted, and tell the customer who was told."""
    if not reason.strip():
        raise BadInput("say why the exclusion is withdrawn", field="reason")
    if exclusion.status is ExclusionStatus.PROPOSED:
        exclusion.status = ExclusionStatus.WITHDRAWN
    else:
        _check_status(exclusion, ExclusionStatus.IN_FORCE, "withdraw")
        exclusion.status = ExclusionStatus.WITHDRAWN
        _tell_log(
            session,
            ticket,
            exclusion,
            Event.EXCLUSION_WITHDRAWN,
            at=by.now,
            by=by,
            reason=reason.strip(),
        )
        clocks.refold(session, house, ticket, now=by.now)
        if exclusion.told_at is not None:
            tell_customer(session, house, ticket, exclusion, now=by.now, withdrawn=reason.strip())
    exclusion.withdrawn_by, exclusion.withdrawn_at = by.agent.id, by.now
    _audit(session, ticket, exclusion, by, "withdrawn", reason=reason.strip())


def put_in_force(
    session: Session,
    house: House,
    ticket: Ticket,
    exclusion: Exclusion,
    *,
    now: datetime,
    actor: str,
) -> None:
    """Let an exclusion count: the log says so, the clocks are folded, the customer is told."""
    exclusion.status = ExclusionStatus.IN_FORCE
    log_exclusion(session, ticket, exclusion, now=now, actor=actor)
    clocks.refold(session, house, ticket, now=now)
    tell_customer(session, house, ticket, exclusion, now=now)


def tell_customer(
    session: Session,
    house: House,
    ticket: Ticket,
    exclusion: Exclusion,
    *,
    now: datetime,
    withdrawn: str = "",
) -> None:
    """Tell the customer of the exclusion, or why it was withdrawn; the log says if we could not."""
    contact = customer_of(session, ticket)
    running = clocks.rows(session, ticket)
    context = letters.Excluded(
        now=now,
        time_zone=ZoneInfo(ticket.time_zone),
        brand=house.settings.desk.name,
        number=ticket.number,
        subject=ticket.subject,
        kind=exclusion.kind,
        starts_at=exclusion.starts_at,
        ends_at=exclusion.ends_at,
        reason=withdrawn or exclusion.reason,
        withdrawn=bool(withdrawn),
        promises=promises_of(running),
        customer_name=contact.name if contact else None,
    )
    part = f"{'inclusion' if withdrawn else 'exclusion'}-{exclusion.id.hex}"
    rendered = letters.render("exclusion", ticket.language, context)
    silence = tell(session, house, ticket, rendered=rendered, part=part, now=now)
    if silence is None:
        exclusion.told_at = now
    record(
        session,
        ticket,
        Event.EXCLUSION_TOLD,
        at=now,
        now=now,
        actor=DESK,
        exclusion=str(exclusion.id),
        told=silence is None,
        reason=silence.value if silence else "",
    )


def _tell_log(
    session: Session,
    ticket: Ticket,
    exclusion: Exclusion,
    event: Event,
    *,
    at: datetime,
    by: By,
    reason: str = "",
) -> None:
    record(
        session,
        ticket,
        event,
        at=at,
        now=by.now,
        actor=by.actor,
        exclusion=str(exclusion.id),
        because=exclusion.kind.value,
        reason=reason or exclusion.reason,
    )


def _audit(
    session: Session,
    ticket: Ticket,
    exclusion: Exclusion,
    by: By,
    what: str,
    **more: object,
) -> None:
    ends = exclusion.ends_at.isoformat() if exclusion.ends_at else None
    after = {
        "exclusion": str(exclusion.id),
        "kind": exclusion.kind.value,
        "starts_at": exclusion.starts_at.isoformat(),
        "ends_at": ends,
        "evidence": exclusion.evidence,
        **more,
    }
    audit(session, ticket, f"exclusion.{what}", now=by.now, actor=by.actor, after=after)


def _check_status(exclusion: Exclusion, status: ExclusionStatus, verb: str) -> None:
    if exclusion.status is not status:
        raise Conflict(f"you cannot {verb} this exclusion: it is {exclusion.status.value}")


def _check_end(exclusion: Exclusion, at: datetime) -> None:
    if at <= exclusion.starts_at:
        raise BadInput("the exclusion would end before it began", field="at")
    if exclusion.ends_at is not None and at > exclusion.ends_at:
        raise Conflict("an exclusion is not made longer afterwards", remedy="Claim another one.")
