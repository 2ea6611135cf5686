"""Customers, their sites and their agreements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Lead, Reader, Writer
from app.api.paging import Page, Paging, cut
from app.api.problems import responses
from app.api.ticket_schemas import Address, Body, Reason, TicketOut
from app.config import TimeZone
from app.desk import agreements as desk
from app.desk import people as desk_people
from app.desk.belonging import set_customer
from app.kit.errors import NotFound
from app.models import Agent, Agreement, AgreementStatus, Customer
from app.store import agreements, people

router = APIRouter(tags=["customers"], responses=responses(401, 403, 404, 422, 503))
_CONFLICT = responses(409)
Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class AgreementOut(BaseModel):
    """What a customer was promised from one moment to another."""

    id: UUID
    customer_id: UUID
    policy: str | None = Field(description="By name; null for the house's own.")
    ladder_id: UUID | None
    language: str | None
    time_zone: str | None
    phone_line: str | None
    contact_email: str | None
    number_suffices: bool = Field(
        description="A ticket's number in a subject joins, although nothing proves the sender."
    )
    monthly_fee: int = Field(description="In hundredths of the currency.")
    hourly_rate: int = Field(description="In hundredths of the currency.")
    currency: str
    status: AgreementStatus
    valid_from: datetime
    valid_until: datetime | None = Field(description="The first instant it no longer counts.")

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        """Return the agreement."""
        return cls(**{name: getattr(agreement, name) for name in cls.model_fields})


class SiteOut(BaseModel):
    """A shop or a brand."""

    id: UUID
    name: str
    host: str


class CustomerOut(BaseModel):
    """A company, its mail domains, its sites and every agreement it ever had."""

    id: UUID
    name: str
    language: str | None
    time_zone: str | None
    domains: list[str]
    sites: list[SiteOut]
    agreements: list[AgreementOut]


class CustomerPage(Page[CustomerOut]):
    """A page of customers."""


class AgreementPage(Page[AgreementOut]):
    """A page of agreements."""


class WantedCustomers(Paging):
    """Which customers are asked for."""

    q: str | None = Field(None, max_length=200, description="A part of the name.")


class WantedAgreements(Paging):
    """Which agreements are asked for."""

    customer: UUID | None = Field(None, description="Only this one's.")
    status: AgreementStatus | None = Field(None, description="Only these.")
    at: AwareDatetime | None = Field(None, description="Only what counts, or counted, then.")


class CustomerIn(Body):
    """A new customer."""

    name: Named
    domains: list[Word] = Field(default_factory=list, max_length=50)
    language: Word | None = None
    time_zone: Word | None = None


class CustomerChangeIn(Body):
    """What a customer is called, and how they are written to."""

    name: Named
    language: Literal["nb", "nn", "en"] | None = None
    time_zone: TimeZone | None = None


class DomainIn(Body):
    """A mail domain."""

    domain: Named = Field(examples=["fjellbod.example"])


class WhoseIn(Body):
    """Whose ticket it is."""

    customer_id: UUID


class SiteIn(Body):
    """A new shop or brand."""

    host: Named = Field(examples=["butikk.example"])
    name: str = Field("", max_length=200)


class AgreementIn(Body):
    """New terms; those before them end where these begin."""

    valid_from: AwareDatetime | None = Field(None, description="Now, where it is left out.")
    valid_until: AwareDatetime | None = None
    policy: Word | None = None
    ladder: Word | None = None
    language: Word | None = None
    time_zone: Word | None = None
    phone_line: Word | None = None
    contact_email: Address | None = None
    number_suffices: bool = False
    monthly_fee: int = Field(0, ge=0, le=10**12)
    hourly_rate: int = Field(0, ge=0, le=10**12)
    currency: str = Field("NOK", pattern="^[A-Z]{3}$")


class WhyIn(Body):
    """Why."""

    reason: Reason


class EndAgreementIn(WhyIn):
    """When it ends, and why."""

    at: AwareDatetime | None = Field(None, description="Now, where it is left out.")


@router.get("/customers", operation_id="list_customers")
def list_customers(context: Reader, wanted: Annotated[WantedCustomers, Query()]) -> CustomerPage:
    """List the customers, by name."""
    after = wanted.after(str, UUID)
    with context.reading() as session:
        rows = people.visible_customers(
            session, context.agent, name=wanted.q, after=after, limit=wanted.limit + 1
        )
        page, cursor = cut(rows, wanted, key=lambda row: (row.name, row.id))
        return CustomerPage(items=_shown(session, page), next=cursor)


@router.get("/customers/{customer_id}", operation_id="get_customer")
def get_customer(context: Reader, customer_id: UUID) -> CustomerOut:
    """Read one customer."""
    with context.reading() as session:
        return _shown(session, [_customer(session, context.agent, customer_id)])[0]


@router.put("/customers/{customer_id}", operation_id="change_customer")
def change_customer(context: Lead, customer_id: UUID, body: CustomerChangeIn) -> CustomerOut:
    """Set a customer's name, language and time zone."""
    with context.db.writing() as session:
        customer = _customer(session, context.agent, customer_id)
        desk_people.change_customer(
            session,
            customer,
            name=body.name,
            language=body.language,
            time_zone=body.time_zone,
            now=context.now,
            actor=context.actor,
        )
        return _shown(session, [customer])[0]


@router.post("/customers", operation_id="add_customer", status_code=201, responses=_CONFLICT)
def post_customer(context: Lead, body: CustomerIn) -> CustomerOut:
    """Add a customer and the mail domains that are theirs."""
    with context.db.writing() as session:
        customer = desk_people.add_customer(
            session,
            name=body.name,
            domains=tuple(body.domains),
            language=body.language,
            time_zone=body.time_zone,
            now=context.now,
            actor=context.actor,
        )
        session.flush()
        return _shown(session, [customer])[0]


@router.post(
    "/customers/{customer_id}/domains",
    operation_id="add_customer_domain",
    status_code=201,
    responses=_CONFLICT,
)
def post_domain(context: Lead, customer_id: UUID, body: DomainIn) -> CustomerOut:
    """Say that a mail domain is theirs, and with it the strangers who wrote from there."""
    with context.db.writing() as session:
        customer = _customer(session, context.agent, customer_id)
        desk.add_domain(session, customer, body.domain, now=context.now, actor=context.actor)
        session.flush()
        return _shown(session, [customer])[0]


@router.put("/tickets/{number}/customer", operation_id="set_ticket_customer", responses=_CONFLICT)
def put_customer(context: Writer, number: int, body: WhoseIn) -> TicketOut:
    """Say whose ticket it is; its deadlines are those promised to them, from the same receipt."""
    with context.changing(number) as (session, ticket, by):
        customer = _customer(session, context.agent, body.customer_id)
        set_customer(session, context.house, ticket, by, customer=customer)
        return TicketOut.read(session, ticket, by.agent, by.now)


@router.post(
    "/customers/{customer_id}/sites",
    operation_id="add_site",
    status_code=201,
    responses=_CONFLICT,
)
def post_site(context: Lead, customer_id: UUID, body: SiteIn) -> SiteOut:
    """Add a shop or a brand."""
    with context.db.writing() as session:
        site = desk.add_site(
            session,
            _customer(session, context.agent, customer_id),
            name=body.name,
            host=body.host,
            now=context.now,
            actor=context.actor,
        )
        return SiteOut(id=site.id, name=site.name, host=site.host)


@router.post(
    "/customers/{customer_id}/agreements",
    operation_id="make_agreement",
    status_code=201,
    responses=_CONFLICT,
)
def post_agreement(context: Lead, customer_id: UUID, body: AgreementIn) -> AgreementOut:
    """Enter into an agreement; the one before it ends where it begins."""
    now = context.now
    with context.db.writing() as session:
        offer = desk.Offer(**{**body.model_dump(), "valid_from": body.valid_from or now})
        customer = _customer(session, context.agent, customer_id)
        return AgreementOut.of(desk.agree(session, customer, offer, now=now, actor=context.actor))


@router.get("/agreements", operation_id="list_agreements")
def list_agreements(context: Reader, wanted: Annotated[WantedAgreements, Query()]) -> AgreementPage:
    """List the agreements of every customer, in the order in which they began to count."""
    after = wanted.after(datetime, UUID)
    with context.reading() as session:
        rows = agreements.listing(
            session,
            context.agent,
            customer=wanted.customer,
            status=wanted.status,
            at=wanted.at,
            after=after,
            limit=wanted.limit + 1,
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row.valid_from, row.id))
    return AgreementPage(items=[AgreementOut.of(row) for row in page], next=cursor)


@router.get("/agreements/{agreement_id}", operation_id="get_agreement")
def get_agreement(context: Reader, agreement_id: UUID) -> AgreementOut:
    """Read one agreement."""
    with context.reading() as session:
        return AgreementOut.of(_agreement(session, context.agent, agreement_id))


@router.post(
    "/agreements/{agreement_id}/suspend", operation_id="suspend_agreement", responses=_CONFLICT
)
def post_suspend(context: Lead, agreement_id: UUID, body: WhyIn) -> AgreementOut:
    """Suspend an agreement."""
    with context.db.writing() as session:
        agreement = _agreement(session, context.agent, agreement_id)
        desk.suspend(session, agreement, reason=body.reason, now=context.now, actor=context.actor)
        return AgreementOut.of(agreement)


@router.post(
    "/agreements/{agreement_id}/resume", operation_id="resume_agreement", responses=_CONFLICT
)
def post_resume(context: Lead, agreement_id: UUID, body: WhyIn) -> AgreementOut:
    """Keep it again."""
    with context.db.writing() as session:
        agreement = _agreement(session, context.agent, agreement_id)
        desk.resume(session, agreement, reason=body.reason, now=context.now, actor=context.actor)
        return AgreementOut.of(agreement)


@router.post("/agreements/{agreement_id}/end", operation_id="end_agreement", responses=_CONFLICT)
def post_end(context: Lead, agreement_id: UUID, body: EndAgreementIn) -> AgreementOut:
    """End it; tickets received before keep their promises."""
    now = context.now
    with context.db.writing() as session:
        agreement = _agreement(session, context.agent, agreement_id)
        desk.end(
            session,
            agreement,
            at=body.at or now,
            reason=body.reason,
            now=now,
            actor=context.actor,
        )
        return AgreementOut.of(agreement)


def _customer(session: Session, agent: Agent, customer_id: UUID) -> Customer:
    found = people.find_visible_customer(session, agent, customer_id)
    if found is None:
        raise NotFound("there is no such customer", field="customer_id")
    return found


def _agreement(session: Session, agent: Agent, agreement_id: UUID) -> Agreement:
    found = agreements.find(session, agreement_id)
    if found is None or people.find_visible_customer(session, agent, found.customer_id) is None:
        raise NotFound("there is no such agreement", field="agreement_id")
    return found


def _shown(session: Session, customers: Sequence[Customer]) -> list[CustomerOut]:
    ids = [customer.id for customer in customers]
    domains = people.domains_of(session, ids)
    sites = agreements.sites_of(session, ids)
    made = agreements.of_customers(session, ids)
    return [
        CustomerOut(
            id=one.id,
            name=one.name,
            language=one.language,
            time_zone=one.time_zone,
            domains=[row.domain for row in domains if row.customer_id == one.id],
            sites=[
                SiteOut(id=row.id, name=row.name, host=row.host)
                for row in sites
                if row.customer_id == one.id
            ],
            agreements=[AgreementOut.of(row) for row in made if row.customer_id == one.id],
        )
        for one in customers
    ]
