"""Two hundred mails through Dovecot, the service and a real SMTP server, on both databases."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes

import pytest
from sqlmodel import select

from app.kit.clock import MachineClock
from app.kit.db import Database
from app.models import TERMINAL, InboundMail
from app.service import Part, Service
from tests.harness.dovecot import PASSWORD, dovecot
from tests.harness.smtp_server import SmtpServer
from tests.harness.world import make_mail, make_settings

HUMANS, ROBOTS, DOUBLES, BROKEN = 170, 15, 10, 5


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def human(number: int) -> bytes:
    return make_mail(
        f"Hei\n\nBilde nummer {number} på produktsiden er skjevt.\n\nMvh Kari\n",
        sender=f"Kari {number} <kari{number}@shop{number % 20}.example>",
        subject=f"Skjevt bilde {number}",
        message_id=f"<human-{number}@shop.example>",
    )


def robot(number: int) -> bytes:
    return make_mail(
        "Jeg er på ferie.",
        sender=f"ferie{number}@shop.example",
        subject=f"Automatisk svar {number}",
        message_id=f"<robot-{number}@shop.example>",
        Auto_Submitted="auto-replied",
    )


@pytest.mark.timeout(240)
def test_every_mail_ends_once_and_every_person_is_told_once(db: Database) -> None:
    mails = [human(number) for number in range(HUMANS)]
    mails += [robot(number) for number in range(ROBOTS)]
    mails += [human(number) for number in range(DOUBLES)]
    mails += [b"Subject: uten avsender %d\r\n\r\nhei\r\n" % number for number in range(BROKEN)]
    delivered: dict[str, float] = {}
    told: dict[str, float] = {}
    with dovecot() as imap, SmtpServer().serve() as smtp:
        box = {
            "address": "support@desk.example",
            "imap": {
                "host": "127.0.0.1",
                "port": imap.imap_port,
                "security": "none",
                "username": "support",
                "password": PASSWORD,
                "take_old": True,
            },
            "smtp": {"host": "127.0.0.1", "port": smtp.port, "security": "none"},
        }
        settings = make_settings(mailboxes={"support": box})
        parts = frozenset({Part.INTAKE, Part.SENDER, Part.ENGINE})
        service = Service.open(settings, db, MachineClock(), parts)
        service.start()
        try:
            for mail in mails:
                imap.deliver("support", mail)
                name = str(message_from_bytes(mail)["Message-ID"])
                delivered.setdefault(name, time.monotonic())
                note_new(smtp, told)
            wait_for(lambda: note_new(smtp, told) >= HUMANS and all_ended(db, len(mails)))
        finally:
            assert service.stop() == []
    with db.reading() as session:
        states = Counter(row.state for row in session.exec(select(InboundMail)))
    assert sum(states.values()) == len(mails)
    assert set(states) <= TERMINAL
    assert states["duplicate"] == DOUBLES
    assert states["opened"] == HUMANS + ROBOTS + BROKEN
    receipts = Counter(str(message_from_bytes(one.data)["In-Reply-To"]) for one in smtp.received)
    assert receipts == Counter(f"<human-{number}@shop.example>" for number in range(HUMANS))
    waited = [told[name] - delivered[name] for name in told]
    print(f"\ndelivery to acknowledgement: median {statistics.median(waited) * 1000:.0f} ms")


def note_new(smtp: SmtpServer, told: dict[str, float]) -> int:
    for one in list(smtp.received)[len(told) :]:
        told[str(message_from_bytes(one.data)["In-Reply-To"])] = time.monotonic()
    return len(told)


def all_ended(db: Database, count: int) -> bool:
    with db.reading() as session:
        rows = session.exec(select(InboundMail)).all()
    return len(rows) == count and all(row.state in TERMINAL for row in rows)
