"""Lists of tickets: what is due first, and whatever else somebody wants to see in some order.

A list is read as plain rows of ``SHOWN``, in that order and by these names: making an object of
each cost three times what the query costs. Enums come as their words, lists as their JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    Table,
    Text,
    cast,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlmodel import Session, col

from app.models import Channel, Clock, Status, Ticket, TicketTag
from app.models.base import Id
from app.sla.terms import Severity

# What must be true of a ticket.
Condition = ColumnElement[bool]
# What a list tells of a ticket, and of each of its clocks.
SHOWN = (
    *("id", "number", "subject", "status", "severity", "severity_confidence", "severity_reasons"),
    *("confirm_severity", "suspected_exclusion", "channel", "mailbox", "language", "contact_id"),
    *("customer_id", "assignee_id", "agreement_id", "policy_id", "received_at", "created_at"),
    *("updated_at", "taken_at", "taken_by_id", "snoozed_until", "solved_at", "next_due_at"),
    *("merged_into_id", "incident_id", "tags", "flags", "version"),
)
OF_CLOCKS = (
    *("ticket_id", "kind", "status", "started_at", "target_at", "limit_at", "met_at"),
    "breached_at",
)
AnyRow = Row[Any]


def _plain(table: Any, names: Sequence[str]) -> list[ColumnElement[Any]]:
    """Return columns as they come from the database, but for ids and instants."""
    words, lists = {"status", "severity", "channel", "kind"}, {"severity_reasons", "tags", "flags"}
    own: Table = table.__table__
    return [
        cast(own.c[name], Text).label(name)
        if name in lists
        else type_coerce(own.c[name], String).label(name)
        if name in words
        else own.c[name]
        for name in names
    ]


_TICKET, _CLOCK = _plain(Ticket, SHOWN), _plain(Clock, OF_CLOCKS)


def clocks_of(session: Session, ids: Sequence[Id]) -> Sequence[AnyRow]:
    """Return the clocks of these tickets as plain rows, by kind."""
    query = select(*_CLOCK).where(col(Clock.ticket_id).in_(ids)).order_by(col(Clock.kind))
    return session.connection().execute(query).all()


@dataclass(frozen=True, slots=True)
class Range:
    """From an instant on, and before another; None leaves it open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tickets; what is empty or None leaves nothing out."""

    statuses: Sequence[Status] = ()
    severities: Sequence[Severity] = ()
    channels: Sequence[Channel] = ()
    customers: Sequence[Id] = ()
    contacts: Sequence[Id] = ()
    assignees: Sequence[Id] = ()
    # Every one of them.
    tags: Sequence[str] = ()
    mailboxes: Sequence[str] = ()
    # False for what somebody has.
    unassigned: bool | None = None
    # False for what nobody has taken.
    taken: bool | None = None
    # False for what is no part of another ticket.
    merged: bool | None = None
    received: Range = Range()
    created: Range = Range()
    updated: Range = Range()
    solved: Range = Range()


class Order(StrEnum):
    """In which order; a minus puts the latest, or the highest number, first."""

    NUMBER = "number"
    NUMBER_DOWN = "-number"
    RECEIVED = "received_at"
    RECEIVED_DOWN = "-received_at"
    UPDATED = "updated_at"
    UPDATED_DOWN = "-updated_at"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the value that the list is ordered by, and the number."""

    number: int
    # None where the list is ordered by the number, or where nothing is due.
    at: datetime | None = None


def conditions(wanted: Wanted) -> list[Condition]:
    """Return what must be true of a ticket."""
    found: list[Condition] = []
    several: tuple[tuple[Any, Sequence[Any]], ...] = (
        (Ticket.status, wanted.statuses),
        (Ticket.severity, wanted.severities),
        (Ticket.channel, wanted.channels),
        (Ticket.customer_id, wanted.customers),
        (Ticket.contact_id, wanted.contacts),
        (Ticket.assignee_id, wanted.assignees),
        (Ticket.mailbox, wanted.mailboxes),
    )
    found += [col(column).in_(values) for column, values in several if values]
    either: tuple[tuple[Any, bool | None], ...] = (
        (Ticket.assignee_id, wanted.unassigned),
        (Ticket.taken_at, None if wanted.taken is None else not wanted.taken),
        (Ticket.merged_into_id, None if wanted.merged is None else not wanted.merged),
    )
    for column, missing in either:
        if missing is not None:
            found.append(col(column).is_(None) if missing else col(column).is_not(None))
    ranges: tuple[tuple[Any, Range], ...] = (
        (Ticket.received_at, wanted.received),
        (Ticket.created_at, wanted.created),
        (Ticket.updated_at, wanted.updated),
        (Ticket.solved_at, wanted.solved),
    )
    for column, span in ranges:
        if span.since is not None:
            found.append(col(column) >= span.since)
        if span.until is not None:
            found.append(col(column) < span.until)
    for tag in wanted.tags:
        of_tag = select(col(TicketTag.ticket_id)).where(col(TicketTag.tag) == tag)
        found.append(col(Ticket.id).in_(of_tag))
    return found


def listing(
    session: Session,
    wanted: Wanted,
    *,
    order: Order,
    after: Place | None,
    limit: int,
    visible: Sequence[Condition] = (),
) -> Sequence[AnyRow]:
    """Return tickets in an order, after the place where the page before ended."""
    down = order.value.startswith("-")
    column = _COLUMNS[order.value.removeprefix("-")]
    number = col(Ticket.number)
    query = select(*_TICKET).where(*conditions(wanted), *visible).limit(limit)
    if column is None:
        if after is not None:
            query = query.where(number < after.number if down else number > after.number)
        return _rows(session, query.order_by(number.desc() if down else number))
    if after is not None and after.at is not None:
        here, there = tuple_(column, number), tuple_(after.at, after.number)
        query = query.where(here < there if down else here > there)
    ordered = (column.desc(), number.desc()) if down else (column, number)
    return _rows(session, query.order_by(*ordered))


def _rows(session: Session, query: Select[Any]) -> Sequence[AnyRow]:
    return session.connection().execute(query).all()


_COLUMNS: dict[str, Any] = {
    "number": None,
    "received_at": col(Ticket.received_at),
    "updated_at": col(Ticket.updated_at),
}


def queue(
    session: Session,
    wanted: Wanted,
    *,
    after: Place | None,
    limit: int,
    visible: Sequence[Condition] = (),
) -> list[AnyRow]:
    """Return what is due first; behind it the open tickets of which nothing is due, oldest first.

    Both are read from an index that closed tickets are not in.
    """
    narrowed = (*conditions(wanted), *visible)
    found: list[AnyRow] = []
    if after is None or after.at is not None:
        due, number = col(Ticket.next_due_at), col(Ticket.number)
        query = select(*_TICKET).where(due.is_not(None), *narrowed)
        if after is not None:
            query = query.where(tuple_(due, number) > tuple_(after.at, after.number))
        found += _rows(session, query.order_by(due, number).limit(limit))
    if len(found) < limit:
        query = select(*_TICKET).where(
            col(Ticket.status) == Status.OPEN, col(Ticket.next_due_at).is_(None), *narrowed
        )
        if after is not None and after.at is None:
            query = query.where(col(Ticket.number) > after.number)
        query = query.order_by(col(Ticket.number)).limit(limit - len(found))
        found += _rows(session, query)
    return found


def sorted_by(ticket: AnyRow, order: Order) -> datetime | None:
    """Return the instant that a list is ordered by; None where it is ordered by the number."""
    at: datetime | None = {
        "received_at": ticket.received_at,
        "updated_at": ticket.updated_at,
    }.get(order.value.removeprefix("-"))
    return at


def of_agents(agents: Sequence[Id]) -> Condition:
    """Return what must be true of a ticket that one of these agents has."""
    return col(Ticket.assignee_id).in_(agents)


def of_team(agents: Sequence[Id]) -> Condition:
    """Return what must be true of a ticket of these agents': one of them has it, or nobody."""
    assignee = col(Ticket.assignee_id)
    return or_(assignee.in_(agents), assignee.is_(None))


def by_ids(
    session: Session, ids: Sequence[Id], visible: Sequence[Condition] = ()
) -> dict[Id, AnyRow]:
    """Return those of these tickets that may be seen, by id."""
    query = select(*_TICKET).where(col(Ticket.id).in_(ids), *visible)
    return {row.id: row for row in _rows(session, query)}
