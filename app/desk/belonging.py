"""Whose ticket it is: a person of ours says which customer a stranger belongs to.

The ticket then stands under that customer's agreement as it was at the receipt, as if the sender
had been known from the start: the clocks count from the same moment against what was promised to
that customer. Pauses and exclusions stay.
"""

from sqlmodel import Session

from app.desk import clocks
from app.desk.events import audit, record
from app.desk.house import House
from app.desk.maintenance_exclusion import exclude_window
from app.desk.terms import terms_of
from app.desk.work import By
from app.kit.errors import Conflict
from app.models import Contact, Customer, Event, Ticket
from app.store import exclusions


def set_customer(
    session: Session, house: House, ticket: Ticket, by: By, *, customer: Customer
) -> None:
    """Say whose ticket it is; its contact, where they are nobody's yet, is theirs from now on.

    Conflict when it is theirs already. A ticket that a lead has moved to another policy is moved
    again: the agreement's is the one that counts.
    """
    if ticket.customer_id == customer.id:
        raise Conflict(f"ticket {ticket.number} is {customer.name}'s already")
    terms = terms_of(session, house, customer.id, ticket.received_at)
    before: dict[str, object] = {
        "customer_id": str(ticket.customer_id) if ticket.customer_id else None,
        "policy_id": str(ticket.policy_id),
    }
    contact = session.get(Contact, ticket.contact_id) if ticket.contact_id else None
    if contact is not None and contact.customer_id is None:
        contact.customer_id = customer.id
    ticket.customer_id = customer.id
    ticket.agreement_id = terms.agreement.id if terms.agreement else None
    ticket.policy_id = terms.policy_id
    record(
        session,
        ticket,
        Event.CUSTOMER_SET,
        at=by.now,
        now=by.now,
        actor=by.actor,
        customer=str(customer.id),
        policy=str(terms.policy_id),
        reason=customer.name,
    )
    known = {one.window_id for one in exclusions.of_ticket(session, ticket.id)}
    for window in terms.windows:
        if window.id not in known:
            exclude_window(session, ticket, window, now=by.now)
    rows = clocks.refold(session, house, ticket, now=by.now)
    if ticket.ladder_id != terms.ladder_id:
        ticket.ladder_id = terms.ladder_id
        for clock in rows:
            # Steps are known by their number, so another ladder is climbed in a run of its own.
            clock.run += 1
            clock.begun_at = by.now
    audit(
        session,
        ticket,
        "ticket.customer_set",
        now=by.now,
        actor=by.actor,
        before=before,
        after={"customer_id": str(customer.id), "policy_id": str(terms.policy_id)},
    )
