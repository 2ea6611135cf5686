"""Agreements with customers, and the sites that they are about.

An agreement's terms are never changed: other terms are a new agreement, which ends the one before
it. A ticket keeps the agreement that counted when it was received.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from app.config import Language
from app.desk.events import audit_of
from app.kit.errors import BadInput, Conflict
from app.kit.text import storable
from app.models import (
    Agreement,
    AgreementStatus,
    Customer,
    CustomerDomain,
    LadderVersion,
    PolicyVersion,
    Site,
)
from app.store import agreements, people

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, slots=True)
class Offer:
    """The terms of an agreement, as they are given; None leaves it to the house."""

    valid_from: datetime
    valid_until: datetime | None = None
    # By name; a ticket gets the version in force at its receipt.
    policy: str | None = None
    # By name; the newest version now is the one that is agreed on.
    ladder: str | None = None
    language: str | None = None
    time_zone: str | None = None
    phone_line: str | None = None
    contact_email: str | None = None
    # Of a ticket, in a subject, without proof that the mail comes from where it says.
    number_suffices: bool = False
    # In hundredths of the currency.
    monthly_fee: int = 0
    hourly_rate: int = 0
    currency: str = "NOK"


def agree(
    session: Session, customer: Customer, offer: Offer, *, now: datetime, actor: str
) -> Agreement:
    """Enter into an agreement; the customer's earlier one ends where this one begins.

    BadInput for a policy, ladder, language or time zone that there is not; Conflict when it would
    begin before one that is there already, whose tickets keep what they were promised.
    """
    _check(session, offer)
    session.flush()
    people.lock_customer(session, customer.id)
    for earlier in agreements.of_customers(session, [customer.id]):
        if earlier.valid_until is not None and earlier.valid_until <= offer.valid_from:
            continue
        if earlier.valid_from >= offer.valid_from:
            raise Conflict(
                f"{customer.name} has an agreement from {earlier.valid_from.isoformat()}",
                field="valid_from",
                remedy="Let the new one begin later, or end that one first.",
            )
        earlier.valid_until = offer.valid_from
    ladder = (
        agreements.find_version(session, LadderVersion, offer.ladder, None)
        if offer.ladder
        else None
    )
    agreement = Agreement(
        customer_id=customer.id,
        policy=offer.policy,
        ladder_id=ladder.id if ladder else None,
        language=offer.language,
        time_zone=offer.time_zone,
        phone_line=offer.phone_line,
        contact_email=offer.contact_email,
        number_suffices=offer.number_suffices,
        monthly_fee=offer.monthly_fee,
        hourly_rate=offer.hourly_rate,
        currency=offer.currency,
        valid_from=offer.valid_from,
        valid_until=offer.valid_until,
        created_at=now,
    )
    session.add(agreement)
    after: dict[str, object] = {
        "customer": customer.name,
        "policy": offer.policy,
        "ladder": offer.ladder,
        "number_suffices": offer.number_suffices,
        "valid_from": offer.valid_from.isoformat(),
        "monthly_fee": offer.monthly_fee,
        "hourly_rate": offer.hourly_rate,
    }
    audit_of(
        session, "agreement", agreement.id, "agreement.made", now=now, actor=actor, after=after
    )
    return agreement


def suspend(
    session: Session, agreement: Agreement, *, reason: str, now: datetime, actor: str
) -> None:
    """Suspend an agreement; tickets that come now say so to staff, who may exclude their time."""
    _move(session, agreement, AgreementStatus.SUSPENDED, reason=reason, now=now, actor=actor)


def resume(
    session: Session, agreement: Agreement, *, reason: str, now: datetime, actor: str
) -> None:
    """Keep a suspended agreement again."""
    _move(session, agreement, AgreementStatus.ACTIVE, reason=reason, now=now, actor=actor)


def end(
    session: Session, agreement: Agreement, *, at: datetime, reason: str, now: datetime, actor: str
) -> None:
    """End an agreement at a time; what was received before it keeps its promises."""
    if agreement.valid_until is not None and agreement.valid_until <= at:
        raise Conflict("the agreement ends earlier already", field="at")
    if at <= agreement.valid_from:
        raise BadInput("the agreement would end before it began", field="at")
    agreement.valid_until = at
    _move(session, agreement, AgreementStatus.ENDED, reason=reason, now=now, actor=actor)


def add_domain(
    session: Session, customer: Customer, domain: str, *, now: datetime, actor: str
) -> int:
    """Say that a mail domain is the customer's; return how many strangers are theirs by it.

    Tickets that are there already stay whose they are. Conflict when it is somebody's already.
    """
    domain = domain.strip().lower()
    if not _HOST.fullmatch(domain):
        raise BadInput(
            f"{domain!r} is not a mail domain", field="domain", remedy="As shop.example."
        )
    if people.customers_by_domain(session, [domain]):
        raise Conflict(f"{domain} belongs to a customer already", field="domain")
    session.add(CustomerDomain(domain=domain, customer_id=customer.id))
    strangers = people.strangers_at(session, domain)
    for contact in strangers:
        contact.customer_id = customer.id
    after: dict[str, object] = {"domain": domain, "contacts": len(strangers)}
    audit_of(
        session, "customer", customer.id, "customer.domain_added", now=now, actor=actor, after=after
    )
    return len(strangers)


def add_site(
    session: Session, customer: Customer, *, name: str, host: str, now: datetime, actor: str
) -> Site:
    """Add a shop or a brand of the customer's; Conflict when the host is somebody's already."""
    host = host.strip().lower()
    if not _HOST.fullmatch(host):
        raise BadInput(f"{host!r} is not a host's name", field="host", remedy="As shop.example.")
    if agreements.find_site(session, host) is not None:
        raise Conflict(f"{host} is there already", field="host")
    site = Site(
        customer_id=customer.id, name=storable(name.strip()) or host, host=host, created_at=now
    )
    session.add(site)
    audit_of(session, "site", site.id, "site.added", now=now, actor=actor, after={"host": host})
    return site


def _move(
    session: Session,
    agreement: Agreement,
    to: AgreementStatus,
    *,
    reason: str,
    now: datetime,
    actor: str,
) -> None:
    if not reason.strip():
        raise BadInput("say why", field="reason")
    if agreement.status in {to, AgreementStatus.ENDED}:
        raise Conflict(f"the agreement is {agreement.status.value}")
    before, agreement.status = agreement.status, to
    until = agreement.valid_until.isoformat() if agreement.valid_until else None
    audit_of(
        session,
        "agreement",
        agreement.id,
        f"agreement.{to.value}",
        now=now,
        actor=actor,
        before={"status": before.value},
        after={"status": to.value, "reason": reason.strip(), "valid_until": until},
    )


def _check(session: Session, offer: Offer) -> None:
    policy, ladder = offer.policy, offer.ladder
    if policy and agreements.find_version(session, PolicyVersion, policy, None) is None:
        raise BadInput(
            f"there is no policy {policy!r}", field="policy", remedy="`svartid policy list` tells."
        )
    if ladder and agreements.find_version(session, LadderVersion, ladder, None) is None:
        raise BadInput(f"there is no ladder {ladder!r}", field="ladder")
    if offer.language is not None and offer.language not in frozenset(Language):
        written = ", ".join(Language)
        raise BadInput(f"we do not write {offer.language!r}", field="language", remedy=written)
    if offer.time_zone is not None:
        try:
            ZoneInfo(offer.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadInput(
                f"there is no time zone {offer.time_zone!r}",
                field="time_zone",
                remedy="As Europe/Oslo.",
            ) from None
    if offer.valid_until is not None and offer.valid_until <= offer.valid_from:
        raise BadInput("the agreement ends before it begins", field="valid_until")
    if min(offer.monthly_fee, offer.hourly_rate) < 0:
        raise BadInput("nobody is paid for being a customer", field="monthly_fee")
