"""Maintenance windows: work that is announced excludes by itself the time that it covers.

Tickets that are open are told of it by letter; one that comes later gets its deadlines with the
window in them. Work that goes on past the announced end counts against us, since an exclusion is
never made longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.desk import clocks, exclusions
from app.desk.events import audit, audit_of
from app.desk.exclusion_log import log_end
from app.desk.house import House
from app.desk.maintenance_exclusion import exclude_window
from app.desk.work import By
from app.kit.errors import BadInput, Conflict
from app.kit.text import storable
from app.models import Customer, MaintenanceCustomer, MaintenanceWindow
from app.store import maintenance as store


@dataclass(frozen=True, slots=True)
class Plan:
    """What is announced, and to whom."""

    title: str
    starts_at: datetime
    ends_at: datetime
    customers: Sequence[Customer] = ()
    everyone: bool = False


def announce(session: Session, house: House, plan: Plan, by: By) -> MaintenanceWindow:
    """Announce a window: it excludes its time on the open tickets of the customers it names.

    BadInput when it has begun: what was not announced before is no planned maintenance.
    """
    if not plan.title.strip():
        raise BadInput("say what is done", field="title")
    if plan.starts_at < by.now:
        raise BadInput("a window is announced before it begins", field="starts_at")
    if plan.ends_at <= plan.starts_at:
        raise BadInput("the window ends before it begins", field="ends_at")
    if plan.everyone == bool(plan.customers):
        raise BadInput("name the customers, or say that it is everyone", field="customers")
    window = MaintenanceWindow(
        title=storable(plan.title.strip()),
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        everyone=plan.everyone,
        author_id=by.agent.id,
        created_at=by.now,
    )
    session.add(window)
    named = [customer.id for customer in plan.customers]
    session.add_all(MaintenanceCustomer(window_id=window.id, customer_id=one) for one in named)
    for ticket in store.touched(session, window, named):
        exclusion = exclude_window(session, ticket, window, now=by.now)
        clocks.refold(session, house, ticket, now=by.now)
        exclusions.tell_customer(session, house, ticket, exclusion, now=by.now)
        audit(session, ticket, "ticket.maintenance", now=by.now, actor=by.actor)
    audit_of(
        session,
        "maintenance",
        window.id,
        "maintenance.announced",
        now=by.now,
        actor=by.actor,
        after={
            "title": window.title,
            "starts_at": window.starts_at.isoformat(),
            "ends_at": window.ends_at.isoformat(),
            "customers": [customer.name for customer in plan.customers],
        },
    )
    return window


def cancel(
    session: Session, house: House, window: MaintenanceWindow, by: By, *, reason: str
) -> None:
    """Call a window off, or break it off: only the time that it covered until now is excluded."""
    if not reason.strip():
        raise BadInput("say why", field="reason")
    if window.cancelled_at is not None or window.ends_at <= by.now:
        raise Conflict("the window is over already")
    window.cancelled_at = by.now
    for exclusion, ticket in store.exclusions(session, window):
        if by.now <= window.starts_at:
            exclusions.withdraw(session, house, ticket, exclusion, by, reason=reason)
            continue
        exclusion.ends_at = by.now
        log_end(session, ticket, exclusion, at=by.now, now=by.now, actor=by.actor)
        clocks.refold(session, house, ticket, now=by.now)
        audit(session, ticket, "ticket.maintenance_over", now=by.now, actor=by.actor)
    audit_of(
        session,
        "maintenance",
        window.id,
        "maintenance.cancelled",
        now=by.now,
        actor=by.actor,
        after={"reason": reason.strip()},
    )
