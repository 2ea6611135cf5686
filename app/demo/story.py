"""The demo, from an empty folder to the end of the story.

It brings a mail server, customers and a sped-up clock. Everything that then happens is done by
the service itself, on SQLite in a temporary folder, over real IMAP, SMTP and HTTP.
"""

import smtplib
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from sqlmodel import Session

from app.config import Settings
from app.demo.cast import (
    ACTS,
    AISHA,
    AISHAS_PHONE,
    CALLS,
    CUSTOMERS,
    INGRID,
    KARI,
    OLA,
    PASSWORD,
    SCENES,
    SUPPORT,
    TOM,
    Person,
    PhoneCall,
    Scene,
)
from app.demo.http import call
from app.demo.mailhost import HOST, MailHost, free_port
from app.demo.watcher import Storyteller
from app.desk import people
from app.kit import schema
from app.kit.clock import Clock, FastClock
from app.kit.db import Database
from app.kit.ids import new_token
from app.main import create_app
from app.models import Agent, Role
from app.service import Service

ZONE = ZoneInfo("Europe/Oslo")
LENGTH = timedelta(hours=4, minutes=30)


def opening_hour(now: datetime) -> datetime:
    """Return ten o'clock on the next Tuesday: a working day with working days around it."""
    local = now.astimezone(ZONE)
    days = (1 - local.weekday()) % 7 or 7
    return (local + timedelta(days=days)).replace(hour=10, minute=0, second=0, microsecond=0)


@dataclass
class Demo:
    """A running demo."""

    folder: Path
    clock: Clock
    tell: Callable[[str], None]
    api_port: int = 8080
    token: str = ""
    receipts: dict[str, str] = field(default_factory=dict)
    # By which the desk's telephone system posts its calls.
    phone_token: str = field(default_factory=lambda: new_token("demo"))

    @contextmanager
    def running(self) -> Generator["Demo"]:
        """Start the mail server, the service and the API; stop them in the other order."""
        addresses = [SUPPORT, *(one.address for one in (KARI, TOM, AISHA, OLA, INGRID))]
        self.host = MailHost(
            addresses,
            PASSWORD,
            on_mail=self._arrived,
            now=self.clock.now,
            imap_port=1143,
            smtp_port=1025,
        )
        self.host.start()
        self.settings = self._settings()
        db = Database(self.settings.database_url)
        schema.migrate(db)
        self.token = self._people(db)
        self.teller = Storyteller(db, self.clock, ZONE, self.tell)
        service = Service.open(self.settings, db, self.clock)
        service.start()
        app = create_app(db, service.house, self.clock, loop_health=service.loops.health)
        server = uvicorn.Server(
            uvicorn.Config(
                app, host=HOST, port=self.settings.api.port, log_config=None,
                access_log=False, timeout_graceful_shutdown=2,
            )
        )  # fmt: skip
        # Signals belong to the command; the server runs beside it in a thread.
        api = threading.Thread(target=server.run, name="api", daemon=True)
        api.start()
        try:
            yield self
        finally:
            server.should_exit = True
            api.join(5)
            service.stop()
            self.host.stop()
            db.close()

    @property
    def url(self) -> str:
        """Return the API's address."""
        return f"http://{HOST}:{self.settings.api.port}"

    def play(self) -> None:
        """Send the customers' mails, let the staff act, and tell what happens."""
        start = self.clock.now()
        acts = [(scene.minute, partial(self._send, scene)) for scene in SCENES]
        acts += [
            (act.minute, partial(self._staff, act.method, act.number, act.path, act.body))
            for act in ACTS
        ]
        acts += [(one.minute, partial(self._phone, one)) for one in CALLS]
        for minute, act in sorted(acts, key=lambda one: one[0]):
            self._watch_until(start + timedelta(minutes=minute))
            act()
        self._watch_until(start + LENGTH)

    def watch(self) -> None:
        """Tell what is new, once."""
        self.teller.look()

    def _watch_until(self, until: datetime) -> None:
        while self.clock.now() < until:
            self.teller.look()
            time.sleep(0.02)
        self.teller.look()

    def _send(self, scene: Scene) -> None:
        mail = EmailMessage()
        mail["From"] = formataddr((scene.sender.name, scene.sender.address))
        mail["To"] = SUPPORT
        mail["Subject"] = scene.subject
        mail["Date"] = format_datetime(self.clock.now())
        domain = scene.sender.address.partition("@")[2]
        mail["Message-ID"] = f"<{new_token('demo')}@{domain}>"
        for name, value in scene.headers:
            mail[name] = value
        receipt = self.receipts.get(scene.sender.address)
        if scene.answers_receipt and receipt:
            mail["In-Reply-To"] = receipt
            mail["References"] = receipt
        mail.set_content(scene.text)
        self.teller.say(f"✉  {scene.sender.name} writes: {scene.subject}")
        with smtplib.SMTP(HOST, self.host.smtp_port) as server:
            server.send_message(mail)

    def _staff(self, method: str, number: int, path: str, body: dict[str, object]) -> None:
        url = f"{self.url}/api/v1/tickets/{number}{path}"
        self.teller.say(f"☎  {OLA.name}: {method} /api/v1/tickets/{number}{path}")
        call(method, url, token=self.token, body=body)

    def _phone(self, one: PhoneCall) -> None:
        now = self.clock.now()
        began = (now - timedelta(minutes=1)).isoformat()
        answered = {"answered": began} if one.fields["outcome"] == "answered" else {}
        body = {"external_id": new_token("call"), "started": began, "ended": now.isoformat()}
        self.teller.say(f"☎  {one.tells}; the telephone system posts the call")
        url = f"{self.url}/intake/phone/calls"
        call("POST", url, token=self.phone_token, body={**body, **answered, **one.fields})

    def _arrived(self, address: str, raw: bytes) -> None:
        if address == SUPPORT:
            return
        head = raw.partition(b"\r\n\r\n")[0].decode(errors="replace")
        for line in head.splitlines():
            if line.lower().startswith("message-id:"):
                self.receipts.setdefault(address, line.partition(":")[2].strip())
        self.teller.arrived(address, raw)

    def _settings(self) -> Settings:
        login = {"host": HOST, "security": "none"}
        return Settings.model_validate(
            {
                "desk": {
                    "name": "Nordheim Drift",
                    "secret": new_token("demo"),
                    "phone": "+47 22 00 00 00",
                },
                "database": {"url": f"sqlite:///{self.folder / 'svartid.db'}"},
                "mailboxes": {
                    "support": {
                        "address": SUPPORT,
                        "imap": {
                            **login,
                            "port": self.host.imap_port,
                            "username": SUPPORT,
                            "password": PASSWORD,
                            "take_old": True,
                        },
                        "smtp": {**login, "port": self.host.smtp_port},
                    }
                },
                "policy": {"catch_all": INGRID.address},
                "phone": {"token": self.phone_token},
                "api": {"host": HOST, "port": free_port(self.api_port)},
            }
        )

    def _people(self, db: Database) -> str:
        now = self.clock.now()
        with db.writing() as session:
            for name, domain, language in CUSTOMERS:
                customer = people.add_customer(
                    session, name=name, domains=(domain,), language=language, now=now
                )
                if AISHA.address.endswith(f"@{domain}"):
                    people.add_contact(
                        session,
                        email=AISHA.address,
                        phone=AISHAS_PHONE,
                        name=AISHA.name,
                        customer=customer,
                        now=now,
                    )
            agent = _hire(session, OLA, Role.AGENT, now)
            _hire(session, INGRID, Role.LEAD, now)
            return people.create_token(session, agent, name="demo", now=now)[0]


def _hire(session: Session, person: Person, role: Role, now: datetime) -> Agent:
    return people.add_agent(session, name=person.name, email=person.address, role=role, now=now)


def fast_clock(speed: float) -> FastClock:
    """Return the demo's clock: it starts at ten on a working day, at ``speed`` times the wall's."""
    return FastClock(opening_hour(datetime.now(UTC)).astimezone(UTC), speed=speed)  # noqa: TID251 - the edge
