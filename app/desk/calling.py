"""Calling a customer back through Twilio: the agent's telephone rings, then the customer's."""

from typing import Final

from sqlmodel import Session

from app.desk.duty_phones import telephone_of
from app.desk.events import audit
from app.desk.house import House
from app.desk.telling import customer_of
from app.desk.work import By
from app.kit.errors import BadInput, Conflict
from app.kit.ids import new_id
from app.kit.phone_numbers import in_words, parse_number
from app.models import DeliveryClass, Direction, Ticket
from app.models.base import Id
from app.outbox.put import Notice, put_notice
from app.store import calls, oncall

_PROMPT: Final = {
    "nb": "Sak {number}. Trykk 1 for å ringe {who}.",
    "nn": "Sak {number}. Trykk 1 for å ringe {who}.",
    "en": "Ticket {number}. Press 1 to call {who}.",
}


def call_customer(
    session: Session, house: House, ticket: Ticket, by: By, *, number: str | None = None
) -> Id:
    """Let Twilio ring the agent and, on a key, the customer; return the delivery's id.

    ``number`` None is that of whoever is to be called back, else the contact's, else the one that
    phoned last. The call is written on the ticket when it is over.
    """
    if not house.settings.twilio.account_sid:
        raise Conflict(
            "no telephone line is set up to call from",
            remedy="Call by another telephone, and write the call down (POST /calls).",
        )
    region = house.settings.phone.region
    to = _number_of(session, ticket, number, region)
    own = telephone_of(by.agent, oncall.methods(session), region)
    if own is None:
        raise Conflict(
            f"{by.agent.name} has no telephone that could be rung",
            remedy="Add one with its code (POST /agents/{id}/methods).",
        )
    language = by.agent.language
    contact = customer_of(session, ticket)
    who = (contact.name if contact else "") or in_words(to)
    text = _PROMPT.get(language, _PROMPT["en"]).format(number=ticket.number, who=who[:80])
    bridge = {"to": to, "ticket": str(ticket.number), "agent": str(by.agent.id)}
    notice = Notice(
        dedupe_key=f"{ticket.id}:bridge-{new_id().hex}",
        kind=DeliveryClass.RECEIPT,
        channel="voice",
        recipient=own,
        payload={"text": text, "language": language, "bridge": bridge},
        ticket_id=ticket.id,
    )
    delivery = put_notice(session, notice, now=by.now)
    audit(session, ticket, "ticket.calling", now=by.now, actor=by.actor, after={"to": to})
    return delivery


def _number_of(session: Session, ticket: Ticket, written: str | None, region: str) -> str:
    if written is not None:
        number = parse_number(written, region)
        if number is None:
            raise BadInput(f"{written!r} is no telephone number", field="number")
        return number
    owed = [task.number for task, _ in calls.call_backs(session, ticket_id=ticket.id)]
    contact = customer_of(session, ticket)
    known = [contact.phone] if contact and contact.phone else []
    phoned = [
        call.from_number
        for call in reversed(calls.of_ticket(session, ticket.id))
        if call.direction is Direction.INBOUND
    ]
    for one in (*owed, *known, *phoned):
        if one.startswith("+"):
            return one
    raise Conflict(f"no number is known for ticket {ticket.number}", remedy="Give one.")
