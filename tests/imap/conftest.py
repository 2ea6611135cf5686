"""One Dovecot a test run, and an account of its own for each test."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from app.config import AfterCommit
from intake.imap.connection import Connection
from intake.imap.terms import ImapSettings, Password, WatchSettings
from tests.harness.dovecot import PASSWORD, Dovecot, dovecot
from tests.harness.ledger import MemoryLedger
from tests.harness.watching import QUICK

_numbers = count(1)


@dataclass(frozen=True)
class Account:
    """A mailbox on a server, and how to sign in to it."""

    server: Dovecot
    name: str

    def login(self, **changes: Any) -> ImapSettings:
        words: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.server.imaps_port,
            "username": self.name,
            "credential": lambda: Password(PASSWORD),
            "ca_file": self.server.ca_file,
            "timeout_s": 10,
            "key": "mailboxes.support.imap",
        }
        return ImapSettings(**(words | changes))

    def watch(self, **changes: Any) -> WatchSettings:
        words: dict[str, Any] = {
            "mailbox": "support",
            "imap": self.login(),
            "poll_s": 0.05,
            "backoff": QUICK,
            "after_commit": AfterCommit.LEAVE,
        }
        return WatchSettings(**(words | changes))

    def deliver(self, *subjects: str) -> None:
        """Hand over mails with these subjects by LMTP."""
        self.server.deliver(f"{self.name}@example.org", *(mail(word) for word in subjects))

    def connect(self, **changes: Any) -> Connection:
        return Connection(self.login(**changes))

    def uids(self, folder: str = "INBOX") -> list[int]:
        return self.server.uids(self.name, folder)

    def flags(self, uid: int) -> str:
        return self.server.flags(self.name, uid)


def mail(subject: str, body: str = "Nettsiden er nede.") -> bytes:
    return f"From: kunde@example.org\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


@pytest.fixture(scope="session")
def server() -> Generator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def account(server: Dovecot) -> Account:
    return Account(server, f"konto{next(_numbers)}")


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()
