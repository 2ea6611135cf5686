"""Who is calling: a number matched to a contact, a customer, and the language they speak."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.config import Language, Settings
from app.desk.house import House
from app.desk.people import add_contact
from app.desk.terms import Terms
from app.kit.phone_numbers import parse_number
from app.models import Call, Contact, Customer, Direction
from app.store import calls, people

WRITTEN = frozenset(Language)


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a call; None for what is not known of it."""

    # E.164; None for a hidden number, and for what is none.
    number: str | None
    contact: Contact | None = None
    customer: Customer | None = None

    @property
    def name(self) -> str:
        """Return what they are greeted by: the company, else the person; empty for a stranger."""
        if self.customer is not None:
            return self.customer.name
        return self.contact.name if self.contact else ""

    def language(self, settings: Settings, agreed: str | None = None) -> str:
        """Return what we speak and write to them: theirs, else what their number suggests."""
        told = (
            self.contact.language if self.contact else None,
            agreed,
            self.customer.language if self.customer else None,
        )
        known = next((one for one in told if one in WRITTEN), None)
        if known is not None:
            return known
        abroad = self.number is not None and not self.number.startswith("+47")
        return Language.ENGLISH.value if abroad else settings.desk.language.value

    def time_zone(self, settings: Settings, terms: Terms) -> str:
        """Return the zone that they are told times in."""
        agreed = terms.agreement.time_zone if terms.agreement else None
        own = self.customer.time_zone if self.customer else None
        return agreed or own or settings.desk.time_zone


def find_caller(session: Session, number: str | None) -> Caller:
    """Return who has a number (E.164).

    One that several contacts share is nobody's in particular, and their customer's where they all
    have one and the same.
    """
    if number is None:
        return Caller(None)
    contacts = calls.contacts_by_number(session, number)
    owners = {contact.customer_id for contact in contacts}
    owner = owners.pop() if len(owners) == 1 else None
    customer = people.find_customer(session, owner) if owner else None
    return Caller(number, contacts[0] if len(contacts) == 1 else None, customer)


def meet_caller(session: Session, house: House, call: Call, *, now: datetime) -> Caller:
    """Say whose call it is; a stranger with a number becomes a contact."""
    theirs = call.to_number if call.direction is Direction.OUTBOUND else call.from_number
    caller = find_caller(session, parse_number(theirs, house.settings.phone.region))
    stranger = caller.contact is None and caller.customer is None
    if stranger and caller.number and call.direction is Direction.INBOUND:
        shared = calls.contacts_by_number(session, caller.number)
        if not shared:
            contact = add_contact(session, phone=caller.number, now=now)
            caller = Caller(caller.number, contact)
    call.contact_id = caller.contact.id if caller.contact else None
    call.customer_id = caller.customer.id if caller.customer else None
    return caller
