"""The service as a process of its own, on real IMAP and SMTP: started, killed, started again."""

import os
import signal
import smtplib
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlmodel import select

from app.demo.mailhost import HOST, MailHost, free_port
from app.kit import schema
from app.kit.db import Database
from app.models import TERMINAL, InboundMail, Ticket
from app.outbox.deliver import GROUP
from tests.harness.world import make_mail

SUPPORT = "support@desk.example"
CUSTOMERS = [f"kunde{number}@shop.example" for number in range(10)]
ROOT = Path(__file__).resolve().parents[2]


def wait_for(what: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@dataclass
class House:
    """A mail server, a configuration and a database, for a service that runs beside the test."""

    folder: Path
    arrived: list[tuple[str, str]] = field(default_factory=list)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> None:
        def note(address: str, raw: bytes) -> None:
            self.arrived.append((address, str(message_from_bytes(raw)["Message-ID"])))

        self.host = MailHost([SUPPORT, *CUSTOMERS], "demo", on_mail=note)
        self.host.start()
        self.port = free_port()
        self.config = self.folder / "svartid.toml"
        (self.folder / "password").write_text("demo")
        (self.folder / "secret").write_text("s" * 40)
        self.config.write_text(
            f"""
[desk]
secret_file = "secret"
[database]
url = "sqlite:///svartid.db"
[api]
port = {self.port}
[policy]
catch_all = "{CUSTOMERS[0]}"
[mailboxes.support]
address = "{SUPPORT}"
[mailboxes.support.imap]
host = "{HOST}"
port = {self.host.imap_port}
security = "none"
username = "{SUPPORT}"
password_file = "password"
take_old = true
[mailboxes.support.smtp]
host = "{HOST}"
port = {self.host.smtp_port}
security = "none"
"""
        )
        self.db = Database(f"sqlite:///{self.folder / 'svartid.db'}")
        schema.migrate(self.db)

    def serve(self, *words: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--config", str(self.config), *words],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """Leave nothing running, also where a test has failed."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            if process.stderr is not None and not process.stderr.closed:
                process.communicate()
        self.host.stop()
        self.db.close()

    def mail(self, count: int) -> None:
        with smtplib.SMTP(HOST, self.host.smtp_port) as server:
            for number in range(count):
                sender = CUSTOMERS[number % len(CUSTOMERS)]
                raw = make_mail(
                    f"Hei\n\nBilde nummer {number} på forsiden er skjevt.\n",
                    sender=sender,
                    subject=f"Skjevt bilde {number}",
                    message_id=f"<{number}@shop.example>",
                )
                server.sendmail(sender, [SUPPORT], raw)

    def rows(self) -> list[InboundMail]:
        with self.db.reading() as session:
            return list(session.exec(select(InboundMail)))

    def tickets(self) -> list[Ticket]:
        with self.db.reading() as session:
            return list(session.exec(select(Ticket)))

    def receipts(self) -> Counter[tuple[str, str]]:
        return Counter(one for one in self.arrived if one[0] != SUPPORT)


@pytest.fixture
def house(tmp_path: Path) -> Generator[House]:
    made = House(tmp_path)
    made.start()
    yield made
    made.stop()


def test_a_stop_signal_lets_the_work_in_hand_finish(house: House) -> None:
    process = house.serve()
    try:
        house.mail(20)
        wait_for(lambda: len(house.receipts()) == 20)
        with urllib.request.urlopen(f"http://{HOST}:{house.port}/readyz") as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}, said.decode()
    assert {row.state for row in house.rows()} <= TERMINAL
    assert set(house.receipts().values()) == {1}


@pytest.mark.timeout(240)
def test_a_process_killed_again_and_again_loses_nothing_and_opens_nothing_twice(
    house: House,
) -> None:
    kills = 3
    house.mail(40)
    for number in range(kills):
        process = house.serve()
        # Killed at another stage each time, counted in what it has done so far. What it had
        # claimed and not sent waits for the end of its lease, a minute.
        wanted = 5 * (number + 1)
        wait_for(lambda wanted=wanted: len(house.rows()) and len(house.receipts()) >= wanted, 90)  # type: ignore[misc]
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    process = house.serve()
    try:
        wait_for(lambda: len(house.rows()) == 40 and len(house.receipts()) == 40, 90)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert Counter(row.state for row in house.rows()) == {"opened": 40}
    assert len(house.tickets()) == 40
    assert len({ticket.number for ticket in house.tickets()}) == 40
    # What was sent and not yet settled may be sent again, and is recognisable as the same mail.
    assert sum(house.receipts().values()) <= 40 + 2 * GROUP * kills


def test_a_database_that_is_behind_is_refused_at_start(house: House) -> None:
    schema.migrate(house.db, to="base")
    process = house.serve()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"svartid migrate" in said


def test_a_part_can_run_alone(house: House) -> None:
    house.mail(3)
    intake = house.serve("--only", "intake")
    try:
        wait_for(lambda: len(house.tickets()) == 3)
        assert not house.receipts()
        sender = house.serve("--only", "sender")
        try:
            wait_for(lambda: len(house.receipts()) == 3)
        finally:
            sender.send_signal(signal.SIGTERM)
            sender.communicate(timeout=30)
    finally:
        intake.send_signal(signal.SIGTERM)
        intake.communicate(timeout=30)
    assert (intake.returncode, sender.returncode) == (0, 0)
