"""The world of a story test: a house, a clock that is moved, a postman who takes every mail.

Everything between the ledger and the wire is the product's own code. Mail comes in as raw bytes
through the ledger; what goes out is handed to ``Postman``, which fails the test at its end for
every mail that no line of the story expected.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import select

from app.config import Settings
from app.desk import people
from app.desk.deliveries import tell_of_failure
from app.desk.house import House
from app.kit.clock import StillClock
from app.kit.db import Database
from app.main import create_app
from app.models import Agent, Clock, InboundMail, Role, Ticket, TicketEvent
from app.outbox.deliver import ChannelTransport, Sender
from app.outbox.smtp import Sent
from app.sla.terms import ClockKind
from app.store import clocks as clock_store
from app.store import pages as page_store
from app.store import tickets as ticket_store
from escalation.engine import Engine
from intake.imap.ledger import Position
from intake.imap.terms import Fetched
from intake.process import Processor
from intake.receive import MailLedger
from tests.harness.phones import Phones
from tests.harness.settings import SUPPORT, make_settings

# A Tuesday at ten in Oslo, winter time: the desk is open and stays so for seven hours.
TUESDAY_TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KARI = "kari@fjellbod.example"


def make_mail(
    text: str = "Hei\n\nDet er en feil i butikken.\n",
    *,
    sender: str = f"Kari Fjeld <{KARI}>",
    to: str = SUPPORT,
    subject: str = "Feil i butikken",
    message_id: str | None = "<1@fjellbod.example>",
    **headers: str,
) -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    if message_id:
        mail["Message-ID"] = message_id
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


@dataclass
class Postman:
    """Takes every outgoing mail; a test says which it expected."""

    taken: list[Message] = field(default_factory=list)
    # Raised in place of taking the next mails.
    failures: list[Exception] = field(default_factory=list)

    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        mail = message_from_bytes(data, policy=default)
        mail["X-Test-Recipients"] = ", ".join(recipients)
        self.taken.append(mail)
        return Sent("250 2.0.0 taken")

    def expect(self, to: str, *, saying: str = "") -> Message:
        """Take out the first mail to ``to`` whose subject or text has ``saying`` in it."""
        for mail in self.taken:
            if to in str(mail["X-Test-Recipients"]) and saying in subject_and_text(mail):
                self.taken.remove(mail)
                return mail
        there = [f"{mail['X-Test-Recipients']}: {mail['Subject']}" for mail in self.taken]
        raise AssertionError(f"no mail to {to} saying {saying!r} among {there}")

    def expect_no_more(self) -> None:
        """Fail for every mail that nothing expected."""
        left = [f"{mail['X-Test-Recipients']}: {mail['Subject']}" for mail in self.taken]
        assert not left, f"unexpected mail: {left}"


def subject_and_text(mail: Message) -> str:
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{body.get_content() if body else ''}"


class World:
    """A running house whose loops are turned by hand."""

    def __init__(
        self,
        db: Database,
        settings: Settings | None = None,
        *,
        channels: Mapping[str, ChannelTransport] | None = None,
    ) -> None:
        self.db = db
        self.clock = StillClock(TUESDAY_TEN)
        self.postman = Postman()
        self.settings = settings or make_settings()
        with db.writing() as session:
            self.house = House.open(session, self.settings, now=self.now)
        self.ledger = MailLedger(db, self.clock)
        self.processor = Processor(db, self.house, self.clock, batch=25)
        self.engine = Engine(db, self.house, self.clock)
        self.phones = {name: Phones(name) for name in ("sms", "voice", "chat", "webhook")}
        self.sender = Sender(
            db,
            self.clock,
            {"support": [self.postman]},
            {**self.phones, **(channels or {})},
            failed=lambda session, row, now: tell_of_failure(session, self.house, row, now=now),
        )
        self.agent = self.hire("Ola Vakt", "ola@desk.example", Role.AGENT)
        self.lead = self.hire("Ingrid Leder", "ingrid@desk.example", Role.LEAD)
        self.ledger.settle("support", "INBOX", Position(uid_validity=1, last_uid=0))
        self._uid = 0
        self._web: TestClient | None = None

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def hire(self, name: str, email: str, role: Role) -> Agent:
        with self.db.writing() as session:
            return people.add_agent(session, name=name, email=email, role=role, now=self.now)

    def put(
        self, raw: bytes, *, received_at: datetime | None = None, uid: int | None = None
    ) -> int:
        """Put a raw mail into the ledger, as a watcher would; return its UID."""
        self._uid = uid if uid is not None else self._uid + 1
        item = Fetched(uid=self._uid, internal_date=received_at or self.now, size=len(raw), raw=raw)
        self.ledger.receive("support", "INBOX", 1, [item])
        return self._uid

    def mail(self, text: str = "Hei\n\nDet er en feil i butikken.\n", **about: Any) -> InboundMail:
        """Let a mail arrive and be processed; return its ledger row."""
        received_at = about.pop("received_at", None)
        uid = self.put(make_mail(text, **about), received_at=received_at)
        return self.process(uid)

    def process(self, uid: int) -> InboundMail:
        while self.processor.pass_once():
            pass
        return self.row(uid)

    def row(self, uid: int) -> InboundMail:
        with self.db.reading() as session:
            return session.exec(select(InboundMail).where(InboundMail.uid == uid)).one()

    def deliver(self) -> int:
        """Send all that is due; return how many tries that took."""

        async def all_of_it() -> int:
            tries = 0
            while worked := await self.sender.pass_once():
                tries += worked
            return tries

        return asyncio.run(all_of_it())

    def move(self, **by: float) -> None:
        """Move the clock in steps of a minute at most, turning every loop on the way."""
        end = self.now + timedelta(**by)
        while self.now < end:
            with self.db.reading() as session:
                alarms = [clock_store.next_alarm(session), page_store.next_check(session)]
            alarm = min((one for one in alarms if one is not None), default=None)
            step = end if alarm is None else min(end, max(alarm, self.now))
            self.clock.move(step - self.now)
            turns = 0
            while self.engine.pass_once():
                turns += 1
                assert turns < 1000, "the engine spins"
            self.process_all()
        self.process_all()

    def process_all(self) -> None:
        """Turn every loop until nothing is left to do at this moment."""
        while self.processor.pass_once():
            pass
        while True:
            turned = self.engine.pass_once()
            if not self.deliver() and not turned:
                return

    def expect_silence(self) -> None:
        """Fail for every message that nothing expected."""
        self.postman.expect_no_more()
        for phones in self.phones.values():
            phones.expect_no_more()

    def ticket(self, number: int = 1) -> Ticket:
        with self.db.reading() as session:
            found = ticket_store.find_by_number(session, number)
        assert found is not None, f"there is no ticket {number}"
        return found

    def clock_of(self, kind: ClockKind, number: int = 1) -> Clock:
        with self.db.reading() as session:
            rows = clock_store.of_ticket(session, self.ticket(number).id)
        return next(row for row in rows if row.kind is kind)

    def log(self, number: int = 1) -> list[TicketEvent]:
        with self.db.reading() as session:
            return list(ticket_store.events(session, self.ticket(number).id))

    def kinds(self, number: int = 1) -> list[str]:
        return [event.kind for event in self.log(number)]

    def data_of(self, kind: str, number: int = 1) -> dict[str, Any]:
        """Return what the ticket's log says with its first event of a kind."""
        return next(event.data for event in self.log(number) if event.kind == kind)

    def web(self, agent: Agent | None = None, scopes: list[str] | None = None) -> TestClient:
        """Return a client of the API that carries an agent's token."""
        with self.db.writing() as session:
            token, _ = people.create_token(
                session, agent or self.agent, name="test", scopes=scopes, now=self.now
            )
        client = TestClient(create_app(self.db, self.house, self.clock))
        client.headers["Authorization"] = f"Bearer {token}"
        return client
