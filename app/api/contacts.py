"""Contacts: the people who write and call, and the numbers that they are known by."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session

from app.api.context import Context, Reader, Writer
from app.api.paging import Page, Paged, Paging, cut, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Address, Body
from app.desk import people as desk
from app.desk.contacts import change_contact, merge_contacts
from app.desk.work import By
from app.kit.errors import BadInput, Conflict, NotFound
from app.kit.phone_numbers import parse_number
from app.models import Contact
from app.store import contacts, people

router = APIRouter(tags=["contacts"], responses=responses(401, 403, 404, 422, 503))
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Number = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]


class ContactOut(BaseModel):
    """A person who writes or calls."""

    id: UUID
    customer_id: UUID | None = Field(description="Null for a stranger.")
    name: str
    email: str | None
    phone: str | None = Field(description="E.164.", examples=["+4791234567"])
    language: str | None
    merged_into_id: UUID | None = Field(description="The contact that they were found to be.")
    created_at: datetime

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """Return the contact."""
        return cls(**{name: getattr(contact, name) for name in cls.model_fields})


class ContactPage(Page[ContactOut]):
    """A page of contacts."""


class ContactIn(Body):
    """A new contact of a customer's."""

    name: Name = ""
    email: Address | None = None
    phone: Number | None = Field(None, examples=["912 34 567"])
    language: Literal["nb", "nn", "en"] | None = None


class ContactChangeIn(Body):
    """All that is known of a contact but their number."""

    name: Name
    email: Address | None
    language: Literal["nb", "nn", "en"] | None = None
    customer_id: UUID | None = Field(description="Null for a stranger.")


class MergeContactIn(Body):
    """Who they really are."""

    into: UUID = Field(description="The contact that stays.")


class WantedContacts(Paging):
    """Which contacts are asked for."""

    q: str | None = Field(
        None, max_length=200, description="A part of their name, address or number."
    )


class PhoneIn(Body):
    """The number that a contact calls from."""

    phone: Number | None = Field(description="Null for none.", examples=["912 34 567"])


@router.get("/customers/{customer_id}/contacts", operation_id="list_contacts")
def list_contacts(context: Reader, customer_id: UUID, wanted: Paged) -> ContactPage:
    """List a customer's contacts, the longest known first."""
    with context.reading() as session:
        if people.find_visible_customer(session, context.agent, customer_id) is None:
            raise NotFound("there is no such customer", field="customer_id")
        rows = [ContactOut.of(one) for one in people.contacts_of(session, customer_id)]
    key = datetime, UUID
    page, cursor = cut_all(rows, wanted, *key, key=lambda row: (row.created_at, row.id))
    return ContactPage(items=list(page), next=cursor)


@router.post(
    "/customers/{customer_id}/contacts",
    operation_id="add_contact",
    status_code=201,
    responses=responses(409),
)
def post_contact(context: Writer, customer_id: UUID, body: ContactIn) -> ContactOut:
    """Add a contact; whoever calls from their number is greeted as the customer."""
    with context.db.writing() as session:
        customer = people.find_visible_customer(session, context.agent, customer_id)
        if customer is None:
            raise NotFound("there is no such customer", field="customer_id")
        email = body.email and body.email.lower()
        if email and people.contacts_by_email(session, [email]):
            raise Conflict(f"{email} is a contact already", field="email")
        contact = desk.add_contact(
            session,
            email=email,
            phone=_number(context, body.phone),
            name=body.name,
            language=body.language,
            customer=customer,
            now=context.now,
        )
        session.flush()
        return ContactOut.of(contact)


@router.get("/contacts", operation_id="list_all_contacts")
def list_all_contacts(context: Reader, wanted: Annotated[WantedContacts, Query()]) -> ContactPage:
    """List contacts, strangers too, the longest known first."""
    after = wanted.after(datetime, UUID)
    with context.reading() as session:
        rows = contacts.listing(
            session,
            context.agent,
            words=wanted.q,
            after=(after[0], after[1]) if after else None,
            limit=wanted.limit + 1,
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row.created_at, row.id))
    return ContactPage(items=[ContactOut.of(row) for row in page], next=cursor)


@router.get("/contacts/{contact_id}", operation_id="get_contact")
def get_contact(context: Reader, contact_id: UUID) -> ContactOut:
    """Read one contact."""
    with context.reading() as session:
        return ContactOut.of(_contact(session, context, contact_id))


@router.put("/contacts/{contact_id}", operation_id="change_contact", responses=responses(409))
def put_contact(context: Writer, contact_id: UUID, body: ContactChangeIn) -> ContactOut:
    """Set what is known of a contact."""
    with context.db.writing() as session:
        contact = _contact(session, context, contact_id)
        customer = None
        if body.customer_id is not None:
            customer = people.find_visible_customer(session, context.agent, body.customer_id)
            if customer is None:
                raise NotFound("there is no such customer", field="customer_id")
        change_contact(
            session,
            contact,
            By(context.agent, context.now),
            name=body.name,
            email=body.email,
            language=body.language,
            customer=customer,
        )
        return ContactOut.of(contact)


@router.post("/contacts/{contact_id}/merge", operation_id="merge_contact", responses=responses(409))
def post_merge(context: Writer, contact_id: UUID, body: MergeContactIn) -> ContactOut:
    """Say that a contact is another one, and return that one; both's tickets are its own."""
    with context.db.writing() as session:
        contact = _contact(session, context, contact_id)
        into = _contact(session, context, body.into)
        merge_contacts(session, contact, into, By(context.agent, context.now))
        return ContactOut.of(into)


@router.put("/contacts/{contact_id}/phone", operation_id="set_contact_phone")
def put_phone(context: Writer, contact_id: UUID, body: PhoneIn) -> ContactOut:
    """Set the number that a contact is known by when they call."""
    with context.db.writing() as session:
        contact = _contact(session, context, contact_id)
        phone = _number(context, body.phone)
        desk.set_phone(session, contact, phone=phone, now=context.now, actor=context.actor)
        return ContactOut.of(contact)


def _contact(session: Session, context: Context, contact_id: UUID) -> Contact:
    contact = people.find_visible_contact(session, context.agent, contact_id)
    if contact is None:
        raise NotFound("there is no such contact", field="contact_id")
    return contact


def _number(context: Context, written: str | None) -> str | None:
    if not written:
        return None
    number = parse_number(written, context.house.settings.phone.region)
    if number is None:
        raise BadInput(
            f"{written!r} is no telephone number",
            field="phone",
            remedy="Write it as it is dialled, as in +4791234567.",
        )
    return number
