"""Notices: a customer who will be promised less is told, once somebody has approved the letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk import letters
from app.desk.addresses import message_id
from app.desk.events import audit_of
from app.desk.house import House
from app.desk.work import By
from app.kit.errors import BadInput, Conflict
from app.models import (
    Agreement,
    Customer,
    DeliveryClass,
    Notice,
    NoticeState,
    PolicyStart,
)
from app.outbox.compose import Letter
from app.outbox.put import Outgoing, put
from app.sla.terms import ClockKind, Severity
from app.store import agreements


@dataclass(frozen=True, slots=True)
class Lowering:
    """A promise that will be less, by its limit; None where there was or will be none."""

    severity: Severity
    kind: ClockKind
    before_s: int | None
    after_s: int | None


def queue(
    session: Session,
    house: House,
    start: PolicyStart,
    lowered: Sequence[Lowering],
    *,
    now: datetime,
) -> list[tuple[Notice, Customer]]:
    """Queue a notice for each agreement that follows the policy when the new version starts.

    Nothing leaves the house before somebody approves it. Empty when nothing is lowered.
    """
    queued = []
    told: list[dict[str, object]] = [
        {
            "severity": one.severity.value,
            "kind": one.kind.value,
            "before_s": one.before_s,
            "after_s": one.after_s,
        }
        for one in lowered
    ]
    for agreement, customer in agreements.lasting(session, start.at) if lowered else ():
        if (agreement.policy or house.policy.name) != start.name:
            continue
        notice = Notice(
            start_id=start.id,
            agreement_id=agreement.id,
            customer_id=customer.id,
            lowered=told,
            created_at=now,
        )
        session.add(notice)
        queued.append((notice, customer))
    return queued


def approve(session: Session, house: House, notice: Notice, by: By) -> None:
    """Send a notice to whom the agreement names; Conflict when it names nobody."""
    _check_queued(notice)
    agreement = session.get(Agreement, notice.agreement_id)
    customer = session.get(Customer, notice.customer_id)
    start = session.get(PolicyStart, notice.start_id)
    assert agreement and customer and start  # noqa: PT018, S101 - keys of its own row
    if agreement.contact_email is None:
        raise Conflict(
            f"the agreement with {customer.name} names nobody to tell",
            remedy="Make one with a contact, or tell them yourself and drop the notice.",
        )
    notice.state = NoticeState.SENT
    notice.decided_at, notice.decided_by = by.now, by.agent.id
    _send(session, house, notice, (agreement, customer, start), now=by.now)
    _audit(session, notice, by, "sent")


def drop(session: Session, notice: Notice, by: By, *, reason: str) -> None:
    """Leave a notice unsent, saying why."""
    _check_queued(notice)
    if not reason.strip():
        raise BadInput("say why the customer is not told", field="reason")
    notice.state = NoticeState.DROPPED
    notice.decided_at, notice.decided_by = by.now, by.agent.id
    _audit(session, notice, by, "dropped", reason=reason.strip())


def _send(
    session: Session,
    house: House,
    notice: Notice,
    about: tuple[Agreement, Customer, PolicyStart],
    *,
    now: datetime,
) -> None:
    agreement, customer, start = about
    desk = house.settings.desk
    mailbox, box = house.mailbox(None)
    context = letters.Notice(
        now=now,
        time_zone=ZoneInfo(agreement.time_zone or customer.time_zone or desk.time_zone),
        brand=desk.name,
        starts_at=start.at,
        lowered=tuple(_lowered(one) for one in notice.lowered),
        customer=customer.name,
    )
    language = agreement.language or customer.language or desk.language.value
    rendered = letters.render("notice", language, context)
    part = f"notice-{notice.id.hex}"
    letter = Letter(
        from_address=box.address,
        from_name=box.name or desk.name,
        to=(agreement.contact_email or "",),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(house.secret, number=0, part=part, address=box.address),
        date=now,
    )
    put(session, Outgoing(part, DeliveryClass.LETTER, mailbox, letter), now=now)


def _lowered(one: dict[str, object]) -> letters.Lowered:
    before, after = one["before_s"], one["after_s"]
    return letters.Lowered(
        Severity(str(one["severity"])),
        ClockKind(str(one["kind"])),
        before if isinstance(before, int) else None,
        after if isinstance(after, int) else None,
    )


def _check_queued(notice: Notice) -> None:
    if notice.state is not NoticeState.QUEUED:
        raise Conflict(f"the notice is {notice.state.value} already")


def _audit(session: Session, notice: Notice, by: By, what: str, **more: object) -> None:
    audit_of(
        session,
        "notice",
        notice.id,
        f"notice.{what}",
        now=by.now,
        actor=by.actor,
        after={"customer": str(notice.customer_id), **more},
    )
