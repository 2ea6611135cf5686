"""The canary: a mail to ourselves every N minutes that must come back as a ledger row.

Its way is that of a customer's mail and of our own: outbox, relay, mail server, fetcher, ledger,
processor. When it does not come back, somebody is paged whatever the cause, and told when it last
worked. What is guaranteed: one canary a mailbox and stretch of time, however many processes look;
one ticket an outage, and its ladder climbs until somebody takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.config import Mailbox
from app.desk import letters
from app.desk.events import DESK, record
from app.desk.house import House
from app.desk.staff import everybody, write_to_staff
from app.desk.tickets import Entry, Opening, add_entry, add_message, open_ticket
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.log import logger
from app.models import (
    OPEN,
    Canary,
    Channel,
    DeliveryClass,
    DeliveryState,
    Event,
    MessageKind,
    Ticket,
)
from app.models.base import Id
from app.outbox.compose import Letter
from app.outbox.put import Outgoing, put
from app.sla.severity import Judgement
from app.sla.terms import Severity
from app.store import canaries, outbox, tickets
from app.store.upsert import insert_missing_returning
from intake.canary_mark import mark_of

log = logger("canary")
# How long canaries are kept: the page names the last that came.
KEPT = timedelta(days=30)
AGAIN_AFTER = timedelta(hours=1)
# The longest that the loop sleeps.
POLL_S = 20.0


class Canaries:
    """Sends what is due, and tells when one does not come back."""

    def __init__(self, db: Database, house: House, clock: Clock) -> None:
        self._db = db
        self._house = house
        self._clock = clock

    def pass_once(self) -> int:
        """Look at every mailbox once; return 0, since nothing more is due at once."""
        now = self._clock.now()
        for name, box in self._house.settings.mailboxes.items():
            if box.canary_minutes is None:
                continue
            every = timedelta(minutes=box.canary_minutes)
            with self._db.reading() as session:
                last = canaries.newest(session, name)
            if last is None or last.slot_at + every <= now:
                with self._db.writing() as session:
                    _send(session, self._house, name, box, now=now)
            with self._db.writing() as session:
                _look(session, self._house, name, now=now)
        return 0

    def wait_s(self) -> float:
        """Return the seconds on the wall until the next look."""
        return min(POLL_S, self._clock.on_wall(POLL_S))


def note_return(session: Session, canary_id: Id, *, mailbox: str, now: datetime) -> None:
    """Note that a canary came back to its own mailbox; the ticket of an outage is told."""
    canary = canaries.find(session, canary_id)
    if canary is None or canary.came_at is not None or canary.mailbox != mailbox:
        return
    before = canaries.last_return(session, mailbox)
    canary.came_at = now
    alarmed = canaries.last_alarmed(session, mailbox)
    if alarmed is None or alarmed.alarmed_at is None or alarmed.ticket_id is None:
        return
    if before is not None and before > alarmed.alarmed_at:
        return
    ticket = tickets.find(session, alarmed.ticket_id, lock=True)
    if ticket is None:
        return
    text = f"Mail to {mailbox} arrives again: the canary of {canary.sent_at:%F %T %Z} is back."
    message = add_message(
        session, ticket, kind=MessageKind.NOTE, at=now, author="canary", text=text
    )
    record(session, ticket, Event.NOTED, at=now, now=now, actor=DESK, message=str(message))


def _send(session: Session, house: House, name: str, box: Mailbox, *, now: datetime) -> None:
    """Put the canary of the present stretch of time into the outbox, once."""
    every = box.canary_minutes or 1.0
    length = every * 60
    slot_at = datetime.fromtimestamp(now.timestamp() // length * length, UTC)
    new = new_id()
    row = {
        "id": new,
        "mailbox": name,
        "slot_at": slot_at,
        "sent_at": now,
        "due_at": now + timedelta(minutes=box.canary_wait_minutes),
    }
    if not insert_missing_returning(session, Canary, [row], "id"):
        return  # Another worker got there first.
    canaries.forget(session, name, now - KEPT)
    mark = mark_of(house.secret, new)
    letter = Letter(
        from_address=box.address,
        from_name=house.settings.desk.name,
        to=(box.address,),
        subject=f"Canary of {name} {mark}",
        text="A mail to ourselves, to see that mail comes in. It may be deleted.\n",
        message_id=f"{mark}@{box.address.rpartition('@')[2]}",
        date=now,
        auto_submitted="auto-generated",
    )
    put(session, Outgoing(_key(new), DeliveryClass.RECEIPT, name, letter), now=now)


def _look(session: Session, house: House, name: str, *, now: datetime) -> None:
    """Page for a canary that should be back, once an outage."""
    last = canaries.last_that_came(session, name)
    gone = canaries.first_missing(
        session, name, now, after=last.slot_at if last else None, lock=True
    )
    if gone is None or not _may_alarm(session, gone, now):
        return
    gone.alarmed_at = now
    about = _Missing(
        house=house,
        mailbox=name,
        sent_at=gone.sent_at,
        last_worked_at=last.came_at if last else None,
        reason=_reason(session, gone),
    )
    log.error("canary missing", mailbox=name, reason=about.reason)
    ticket = _open(session, about, now=now)
    gone.ticket_id = ticket.id
    _tell_staff(session, about, gone, ticket, now=now)


def _may_alarm(session: Session, gone: Canary, now: datetime) -> bool:
    """Tell whether a missing canary is to be told of.

    Only the first of an outage is, and its ticket's ladder does the rest; again, where somebody has
    solved that ticket and an hour later the canary is still missing.
    """
    if gone.alarmed_at is None:
        return True
    ticket = tickets.find(session, gone.ticket_id) if gone.ticket_id else None
    return now - gone.alarmed_at >= AGAIN_AFTER and (ticket is None or ticket.status not in OPEN)


@dataclass(frozen=True)
class _Missing:
    """What is told of a canary that did not come back."""

    house: House
    mailbox: str
    sent_at: datetime
    last_worked_at: datetime | None
    reason: str

    def written(self, language: str | None, now: datetime) -> letters.Rendered:
        """Return the letter about it."""
        desk = self.house.settings.desk
        context = letters.CanaryMissing(
            now=now,
            time_zone=ZoneInfo(desk.time_zone),
            brand=desk.name,
            mailbox=self.mailbox,
            sent_at=self.sent_at,
            last_worked_at=self.last_worked_at,
            reason=self.reason,
        )
        return letters.render("canary", language or desk.language.value, context)


def _reason(session: Session, gone: Canary) -> str:
    """Say how far the canary is known to have come."""
    delivery = outbox.find_by_key(session, _key(gone.id))
    if delivery is None:
        return "it was never put into the outbox."
    if delivery.state is DeliveryState.SENT:
        return f"the relay took it ({delivery.response}), but it did not reach the ledger."
    return f"it has not left ({delivery.state.value}): {delivery.last_error or 'no attempt yet'}"


def _open(session: Session, about: _Missing, *, now: datetime) -> Ticket:
    """Open the outage's ticket, whose ladder pages until somebody takes it."""
    desk = about.house.settings.desk
    written = about.written(None, now)
    entry = Entry(at=now, author="canary", text=written.text, subject=written.subject)
    reason = "a mail to ourselves did not come back, so customers' mail may not come in"
    opening = Opening(
        channel=Channel.API,
        subject=written.subject,
        judgement=Judgement(Severity.CRITICAL, 1.0, (reason,)),
        received_at=now,
        language=desk.language.value,
        time_zone=desk.time_zone,
        # Its pages go out by another mailbox, where there is one: this one may be what is broken.
        mailbox=_another(about.house, about.mailbox),
        flags=["canary", f"canary:{about.mailbox}"],
    )
    ticket, _clocks = open_ticket(session, about.house, opening, now=now)
    add_entry(session, ticket, entry)
    return ticket


def _tell_staff(
    session: Session, about: _Missing, gone: Canary, ticket: Ticket, *, now: datetime
) -> None:
    """Write to everybody who works on tickets, and to the catch-all, at once."""
    write_to_staff(
        session,
        about.house,
        ticket,
        lambda language: about.written(language, now),
        readers=everybody(session, about.house),
        key=f"{_key(gone.id)}:{ticket.number}",
        mailbox=_another(about.house, about.mailbox),
        now=now,
    )


def _another(house: House, name: str) -> str:
    """Return a mailbox other than this one; this one where it is all there is."""
    others: Sequence[str] = [one for one in house.settings.mailboxes if one != name]
    return others[0] if others else name


def _key(canary_id: Id) -> str:
    return f"canary:{canary_id}"
