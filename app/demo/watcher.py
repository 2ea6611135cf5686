"""Tells the story while it happens: reads the log, the ledger and the outbox, and prints a line."""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.kit.clock import Clock as TimeOfDay
from app.kit.db import Database
from app.models import Event, Ticket, TicketEvent
from app.store import clocks, mail, people, tickets


class Storyteller:
    """Prints what happens, each line with the demo's own time."""

    def __init__(
        self, db: Database, clock: TimeOfDay, zone: ZoneInfo, tell: Callable[[str], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._tell = tell
        self._seen_event = 0
        self._seen_mail: set[object] = set()
        self._lock = threading.Lock()

    def say(self, what: str, *, at: datetime | None = None) -> None:
        """Print one line."""
        local = (at or self._clock.now()).astimezone(self._zone)
        with self._lock:
            self._tell(f"{local:%a %H:%M:%S}  {what}")

    def arrived(self, address: str, raw: bytes) -> None:
        """Tell of a mail that the mail server has put into somebody's mailbox."""
        subject = str(make_header(decode_header(message_from_bytes(raw).get("Subject", ""))))
        self.say(f"✉  in {address}'s mailbox: {subject}")

    def look(self) -> None:
        """Print what is new since the last look."""
        with self._db.reading() as session:
            for row in mail.ended(session):
                if row.id not in self._seen_mail:
                    self._seen_mail.add(row.id)
                    lag = ((row.processed_at or row.fetched_at) - row.received_at).total_seconds()
                    self.say(
                        f"   ledger: mail {row.uid} ended as {row.state.value} ({row.reason}), "
                        f"{self._clock.on_wall(lag):.2f} s after it reached the server"
                    )
            for event, ticket in tickets.log_after(session, self._seen_event):
                self._seen_event = event.seq or 0
                for line in self._lines(session, event, ticket):
                    self.say(line, at=event.recorded_at)

    def _lines(self, session: Session, event: TicketEvent, ticket: Ticket) -> list[str]:
        number = f"#{ticket.number}"
        data = event.data
        if event.kind == Event.OPENED:
            reasons = "; ".join(ticket.severity_reasons) or "no reasons given"
            started = sorted(clocks.of_ticket(session, ticket.id), key=lambda clock: clock.kind)
            return [
                f"★  ticket {number} opened: {ticket.subject}",
                f"   severity {data['severity']} ({ticket.severity_confidence:.0%}): {reasons}",
                *(
                    f"   clock {clock.kind.value}: target {self._when(clock.target_at)}, "
                    f"limit {self._when(clock.limit_at)}"
                    for clock in started
                ),
            ]
        said = {
            Event.RECEIVED: f"→  {number}: the customer wrote again ({data.get('verdict')})",
            Event.ACKNOWLEDGED: f"   {number}: receipt confirmed to {data.get('to')}",
            Event.NOT_ACKNOWLEDGED: f"   {number}: not acknowledged: {data.get('reason')}",
            Event.CALLED: f"☎  {number}: a call ({data.get('direction')}, {data.get('number')})",
            Event.SPOKEN: f"☎  {number}: {data.get('agent')} has spoken with the customer; "
            "first_response is met",
            Event.CALL_BACK_DUE: f"☎  {number}: reached nobody; call {data.get('number')} back",
            Event.SUSPECTED: f"   {number}: others phoned at the same time: one incident, perhaps",
            Event.CALLED_BACK: f"☎  {number}: the customer was called back",
            Event.REPLIED: f"←  {number}: a person has answered; first_response is met",
            Event.WORK_STARTED: f"   {number}: work has started; work_started is met",
            Event.TAKEN: f"   {number}: taken by {self._name(session, event.actor)}",
            Event.ASSIGNED: f"   {number}: assigned",
            Event.SOLVED: f"✔  {number}: solved",
            Event.BREACHED: f"✘  {number}: {data.get('clock')} passed its limit: a breach",
            Event.STEP_FIRED: f"▲  {number}: ladder step “{data.get('step')}” for "
            f"{data.get('clock')}: {_listed(data.get('paged'))} paged",
            Event.STEP_SKIPPED: f"   {number}: ladder step “{data.get('step')}” not needed: "
            f"{data.get('reason')}",
        }.get(Event(event.kind))
        return [said or f"   {number}: {data.get('note', event.kind)}"]

    def _when(self, at: datetime | None) -> str:
        if at is None:
            return "stands still"
        # A weekday alone would be taken for the next one of its name.
        far = at - self._clock.now() > timedelta(days=6)
        return f"{at.astimezone(self._zone):{'%a %d %b' if far else '%a'} %H:%M}"

    def _name(self, session: Session, who: str) -> str:
        try:
            agent = people.find_agent(session, uuid.UUID(who.removeprefix("agent:")))
        except ValueError:
            return who
        return agent.name if agent else who


def _listed(names: object) -> str:
    return ", ".join(str(name) for name in names) if isinstance(names, list) and names else "nobody"
