"""What Twilio tells of an SMS or a call on its way: the delivery is settled by it, at once.

Callbacks come late, twice and in any order, and the first may come before the answer to the request
that made the message, or in place of it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session

from app.desk.deliveries import tell_of_failure
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.no_sms import stop_sms
from app.kit.errors import PermanentError, TemporaryError
from app.models import Delivery, DeliveryState, Event
from app.models.base import Id
from app.outbox.claim import put_back_or_give_up
from app.outbox.twilio.codes import (
    CALL_FAILURES,
    MACHINES,
    RETRYABLE,
    Cure,
    Stage,
    follows,
    stage,
    trouble,
)
from app.store import outbox, pages, tickets

OPTED_OUT: Final = 21610
# So many times an SMS is sent that did not arrive, where another try may help.
_TRIES: Final = {Cure.TIME: 3, Cure.ONCE_MORE: 2}


@dataclass(frozen=True, slots=True)
class Report:
    """One callback."""

    sid: str
    # Twilio's word; empty where the callback tells only who answered.
    status: str
    code: int | None = None
    # human, machine_start, fax, unknown; empty where the callback does not tell.
    answered_by: str = ""


class Effect(StrEnum):
    """What a callback has changed; also the metric's label."""

    NEWS = "news"
    STALE = "stale"  # Late, repeated, or of an earlier try.
    UNKNOWN = "unknown"  # There is no such delivery.


def note_status(
    session: Session, house: House, delivery_id: Id, report: Report, *, now: datetime
) -> Effect:
    """Settle a delivery by what became of it.

    1. A delivery that still waits has been taken after all: it is not sent again.
    2. What belongs to an earlier try of it, is late or comes again, changes nothing.
    3. A machine that answers a page is nobody.
    4. What has arrived needs no other channel; a page that was heard and not answered does.
    5. What has not arrived is tried again where that may help, and a page by another channel at
       once.
    """
    delivery = outbox.find(session, delivery_id, lock=True)
    if delivery is None:
        return Effect.UNKNOWN
    if not _is_of(delivery, report, now=now):
        return Effect.STALE
    if (
        report.answered_by in MACHINES
        and delivery.state is DeliveryState.SENT
        and _was_not_answered(session, delivery)
    ):
        _fail(session, house, delivery, PermanentError("an answering machine answered."), now=now)
        return Effect.NEWS
    if not follows(report.status, delivery.provider_state):
        return Effect.STALE
    delivery.provider_state = report.status
    # What was given up stays so, however the rest of it goes.
    if delivery.state is DeliveryState.SENT:
        _conclude(session, house, delivery, report, now=now)
    return Effect.NEWS


def _is_of(delivery: Delivery, report: Report, *, now: datetime) -> bool:
    """Tell whether a callback is of the newest try; it may be the first to tell of that try."""
    if delivery.message_id == report.sid:
        return delivery.state not in outbox.WAITING
    if delivery.message_id is not None and delivery.state not in outbox.WAITING:
        return False
    delivery.message_id = report.sid
    delivery.provider_state = None
    if delivery.state is not DeliveryState.CANCELLED:
        delivery.state = DeliveryState.SENT
        delivery.sent_at = now
        delivery.response = f"{report.sid}, by its callback"
    # Whoever has it in hand has lost the race.
    delivery.lease_token = None
    return True


def _conclude(
    session: Session, house: House, delivery: Delivery, report: Report, *, now: datetime
) -> None:
    match stage(report.status):
        case Stage.ARRIVED if _was_not_answered(session, delivery):
            error = PermanentError("somebody answered the call, but pressed no key.")
            _fail(session, house, delivery, error, now=now)
        case Stage.ARRIVED:
            if delivery.page_id is not None:
                pages.confirm(session, delivery.page_id)
            _tell_arrived(session, delivery, now=now)
        case Stage.NOT_ARRIVED:
            _not_arrived(session, house, delivery, report, now=now)
        case Stage.UNDER_WAY:
            pass


def _was_not_answered(session: Session, delivery: Delivery) -> bool:
    """Tell whether a call was a page and its person has pressed no key."""
    if delivery.channel != "voice" or delivery.page_id is None:
        return False
    page = pages.find(session, delivery.page_id)
    return page is not None and page.state in pages.UNANSWERED


def _not_arrived(
    session: Session, house: House, delivery: Delivery, report: Report, *, now: datetime
) -> None:
    if report.status in CALL_FAILURES and delivery.channel == "voice":
        what = trouble(report.code, says=CALL_FAILURES[report.status])
        error: Exception = PermanentError(f"{what.sentence}.")
    else:
        what = trouble(report.code, status=500, says="it was not delivered")
        again = what.cure in RETRYABLE and delivery.attempts < _TRIES[what.cure]
        error = (TemporaryError if again else PermanentError)(f"{what.sentence}.")
    if what.code == OPTED_OUT:
        stop_sms(session, delivery.recipient, now=now, reason=what.says)
    _fail(session, house, delivery, error, now=now)


def _fail(
    session: Session, house: House, delivery: Delivery, error: Exception, *, now: datetime
) -> None:
    put_back_or_give_up(session, delivery, error, now=now)
    if delivery.state is DeliveryState.PENDING:
        # The next try begins its own story.
        delivery.provider_state = None
    if delivery.state is DeliveryState.FAILED:
        tell_of_failure(session, house, delivery, now=now)


def _tell_arrived(session: Session, delivery: Delivery, *, now: datetime) -> None:
    ticket = tickets.find(session, delivery.ticket_id) if delivery.ticket_id else None
    if ticket is None:
        return
    record(
        session,
        ticket,
        Event.DELIVERED,
        at=now,
        now=now,
        actor=DESK,
        delivery=str(delivery.id),
        channel=delivery.channel,
        to=delivery.recipient,
    )
