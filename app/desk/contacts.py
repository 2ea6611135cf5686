"""Contacts: changing what we know of a person, and finding that two are one."""

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.tickets import find_by_new_name
from app.desk.work import By
from app.kit.errors import BadInput, Conflict
from app.models import Contact, Customer
from app.store import contacts, people


def change_contact(
    session: Session,
    contact: Contact,
    by: By,
    *,
    name: str,
    email: str | None,
    language: str | None,
    customer: Customer | None,
) -> None:
    """Set what is known of a contact; Conflict where the address is somebody else's."""
    address = email.lower() if email else None
    if address and address != contact.email:
        other = people.contacts_by_email(session, [address]).get(address)
        if other is not None:
            raise Conflict(f"{address} is another contact's", field="email")
    before = _told(contact)
    contact.name, contact.email, contact.language = name, address, language
    contact.customer_id = customer.id if customer else None
    find_by_new_name(session, contact, contacts.tickets_of(session, contact.id))
    _audit(session, contact, by, "changed", before)


def merge_contacts(session: Session, contact: Contact, into: Contact, by: By) -> None:
    """Say that two contacts are one person; what was the one's is the other's.

    The address of the first stays known, so that what comes from it is the other's too.
    """
    if contact.id == into.id:
        raise BadInput("a contact is not merged into itself", field="into")
    for one in (contact, into):
        if one.merged_into_id is not None:
            raise Conflict(f"the contact {one.id} is a part of another one already")
    if contact.customer_id and into.customer_id and contact.customer_id != into.customer_id:
        raise Conflict("they are of different customers", field="into")
    before = _told(into)
    moved = contacts.move_all(session, contact, to=into)
    into.phone = into.phone or contact.phone
    into.name = into.name or contact.name
    into.customer_id = into.customer_id or contact.customer_id
    contact.phone = None
    if into.email is None and contact.email is not None:
        # An address is kept once: it is given up before it is taken.
        address, contact.email = contact.email, None
        session.flush()
        into.email = address
    contact.merged_into_id = into.id
    find_by_new_name(session, into, contacts.tickets_of(session, into.id))
    gone: dict[str, object] = {"into": str(into.id), "tickets": [str(one) for one in moved]}
    audit_of(
        session,
        "contact",
        contact.id,
        "contact.merged",
        now=by.now,
        actor=by.actor,
        after=gone,
    )
    _audit(session, into, by, "merged_in", before)


def _told(contact: Contact) -> dict[str, object]:
    return {
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "language": contact.language,
        "customer_id": str(contact.customer_id) if contact.customer_id else None,
    }


def _audit(
    session: Session, contact: Contact, by: By, what: str, before: dict[str, object]
) -> None:
    audit_of(
        session,
        "contact",
        contact.id,
        f"contact.{what}",
        now=by.now,
        actor=by.actor,
        before=before,
        after=_told(contact),
    )
