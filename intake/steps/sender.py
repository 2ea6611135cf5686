"""Who wrote this?"""

from app.desk.people import add_contact
from intake.case import Case, Outcome
from intake.mail import Verdict


def meet_sender(case: Case) -> Outcome | None:
    """Find the contact by the sender's address, or make one.

    A message without a readable sender goes on without a contact: it still becomes a ticket. A
    name or language that we did not know is filled in; one that we knew is not overwritten by a
    mail, and a machine's language says nothing of a person's.
    """
    address = case.mail.from_address
    if not address or address in case.house.own_addresses:
        return None
    human = case.mail.verdict is Verdict.HUMAN
    language = case.mail.language_hint if human else None
    contact = case.known.contacts.get(address)
    if contact is None:
        contact = add_contact(
            case.session,
            email=address,
            name=case.mail.from_name,
            language=language,
            customer=case.known.customers_by_domain.get(address.rpartition("@")[2]),
            now=case.now,
        )
        case.known.contacts[address] = contact
    if not contact.name and case.mail.from_name:
        contact.name = case.mail.from_name
    if contact.language is None and language:
        contact.language = language
    case.contact = contact
    if contact.customer_id is not None:
        case.customer = case.known.customers.get(contact.customer_id)
    return None
