"""Putting something into the outbox, in the transaction of its cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from app.kit.db import append_row, wake_after_commit
from app.kit.ids import new_id
from app.kit.wake import Topic
from app.models import Delivery, DeliveryClass, DeliveryState
from app.models.base import Id
from app.outbox.compose import Letter
from app.outbox.payload import StoredFile, to_payload


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter and where it belongs."""

    # The same cause never makes two: built from ids, by the verb that is the cause.
    dedupe_key: str
    kind: DeliveryClass
    mailbox: str
    letter: Letter
    ticket_id: Id | None = None
    files: tuple[StoredFile, ...] = ()
    # A page of the worst severity goes before any other.
    urgency: int | None = None
    # The page that it is a part of.
    page_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A short message that is no mail: an SMS, a call, a chat message, a webhook's request."""

    dedupe_key: str
    kind: DeliveryClass
    # sms, voice, chat or webhook; the sender has a transport for each.
    channel: str
    # A phone number, or where a webhook is.
    recipient: str
    # What the channel's transport reads; ``text`` is always there.
    payload: Mapping[str, object]
    ticket_id: Id | None = None
    urgency: int | None = None
    page_id: Id | None = None


URGENCY = {DeliveryClass.PAGE: 20, DeliveryClass.RECEIPT: 30, DeliveryClass.LETTER: 40}


def put(session: Session, outgoing: Outgoing, *, now: datetime) -> Id:
    """Add a mail to the outbox and return its id; the sender is woken after the commit."""
    delivery = new_id()
    append_row(
        session,
        Delivery,
        id=delivery,
        dedupe_key=outgoing.dedupe_key,
        urgency=URGENCY[outgoing.kind] if outgoing.urgency is None else outgoing.urgency,
        kind=outgoing.kind,
        channel="mail",
        mailbox=outgoing.mailbox,
        recipient=", ".join([*outgoing.letter.to, *outgoing.letter.cc]),
        payload=to_payload(outgoing.letter, outgoing.files),
        state=DeliveryState.PENDING,
        attempts=0,
        next_at=now,
        message_id=outgoing.letter.message_id,
        ticket_id=outgoing.ticket_id,
        page_id=outgoing.page_id,
        created_at=now,
    )
    wake_after_commit(session, Topic.OUTBOX)
    return delivery


def put_notice(session: Session, notice: Notice, *, now: datetime) -> Id:
    """Add a message that is no mail, likewise."""
    delivery = new_id()
    append_row(
        session,
        Delivery,
        id=delivery,
        dedupe_key=notice.dedupe_key,
        urgency=URGENCY[notice.kind] if notice.urgency is None else notice.urgency,
        kind=notice.kind,
        channel=notice.channel,
        mailbox="",
        recipient=notice.recipient,
        payload={**notice.payload, "files": []},
        state=DeliveryState.PENDING,
        attempts=0,
        next_at=now,
        message_id=None,
        ticket_id=notice.ticket_id,
        page_id=notice.page_id,
        created_at=now,
    )
    wake_after_commit(session, Topic.NOTICES)
    return delivery
