"""What a new ticket is opened under: the customer's agreement at receipt, else our own promises.

1. The agreement is the customer's that counted when the report was received.
2. The policy is the version in force then, of the name that the agreement says, or of the house's.
3. The ladder is the version in force then of the agreement's, or of the house's.

4. Maintenance that was announced to the customer, and is not over, excludes its time.

A batch of mails looks all of it up once: a few small queries, however many mails there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypeVar

from sqlmodel import Session

from app.desk.house import House
from app.models import Agreement, AgreementStatus, LadderStart, MaintenanceWindow, PolicyStart
from app.models.base import Id
from app.store import agreements, maintenance


@dataclass(frozen=True, slots=True)
class Terms:
    """The promises of one ticket; ``agreement`` is None for whoever has none."""

    policy_id: Id
    ladder_id: Id
    agreement: Agreement | None = None
    # Maintenance that was announced to the customer and is not over.
    windows: tuple[MaintenanceWindow, ...] = ()

    @property
    def suspended(self) -> bool:
        """Tell whether the agreement is suspended, so that the ticket's time may be excluded."""
        return self.agreement is not None and self.agreement.status is AgreementStatus.SUSPENDED


@dataclass
class Book:
    """The agreements of some customers, and every start of a policy's version."""

    agreements: dict[Id, list[Agreement]] = field(default_factory=dict)
    starts: dict[str, list[PolicyStart]] = field(default_factory=dict)
    ladder_starts: dict[str, list[LadderStart]] = field(default_factory=dict)
    ladder_names: dict[Id, str] = field(default_factory=dict)
    windows: list[tuple[MaintenanceWindow, frozenset[Id]]] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session, customer_ids: Iterable[Id], *, since: datetime) -> Self:
        """Look up what tickets of these customers, received ``since``, may be opened under."""
        book = cls()
        for agreement in agreements.of_customers(session, sorted(customer_ids)):
            book.agreements.setdefault(agreement.customer_id, []).append(agreement)
        for start in agreements.policy_starts(session):
            book.starts.setdefault(start.name, []).append(start)
        for begin in agreements.ladder_starts(session):
            book.ladder_starts.setdefault(begin.name, []).append(begin)
        named = {one.ladder_id for of_one in book.agreements.values() for one in of_one}
        book.ladder_names = agreements.ladder_names(session, [one for one in named if one])
        book.windows = maintenance.not_over(session, since)
        return book

    def agreement(self, customer_id: Id | None, at: datetime) -> Agreement | None:
        """Return the customer's agreement that counts at a time; None when there is none."""
        if customer_id is None:
            return None
        return in_force(self.agreements.get(customer_id, ()), at)

    def terms(self, house: House, customer_id: Id | None, at: datetime) -> Terms:
        """Return what a report that was received at a time is answered under."""
        agreement = self.agreement(customer_id, at)
        name = (agreement.policy if agreement else None) or house.policy.name
        policy = _policy_at(self.starts.get(name, ()), at)
        if policy is None:
            policy = _policy_at(self.starts.get(house.policy.name, ()), at) or house.policy_id
        ladder = self.ladder(house, agreement, at)
        windows = tuple(
            window
            for window, named in self.windows
            if window.ends_at > at and (window.everyone or customer_id in named)
        )
        return Terms(policy_id=policy, ladder_id=ladder, agreement=agreement, windows=windows)

    def ladder(self, house: House, agreement: Agreement | None, at: datetime) -> Id:
        """Return the version of the ladder that a ticket received at a time is climbed by."""
        agreed = agreement.ladder_id if agreement else None
        name = self.ladder_names[agreed] if agreed else house.ladder.name
        started = started_at(self.ladder_starts.get(name, ()), at)
        return started.ladder_id if started else agreed or house.ladder_id


def terms_of(session: Session, house: House, customer_id: Id | None, at: datetime) -> Terms:
    """Return what one customer's report is answered under; None is nobody's."""
    book = Book.of(session, [customer_id] if customer_id else (), since=at)
    return book.terms(house, customer_id, at)


def in_force(of_one: Sequence[Agreement], at: datetime) -> Agreement | None:
    """Return the agreement that counts at a time, of one customer's; the latest where two do."""
    counting = [
        one
        for one in of_one
        if one.valid_from <= at and (one.valid_until is None or at < one.valid_until)
    ]
    return counting[-1] if counting else None


S = TypeVar("S", PolicyStart, LadderStart)


def started_at(starts: Sequence[S], at: datetime) -> S | None:
    """Return the start, of one name's, that counts at a time; None before the first."""
    begun = [start for start in starts if start.at <= at]
    return begun[-1] if begun else None


def _policy_at(starts: Sequence[PolicyStart], at: datetime) -> Id | None:
    start = started_at(starts, at)
    return start.policy_id if start else None
