"""One round of ``tests.bench.intake``, in a process that holds nothing but what is measured.

``python -m tests.bench.intake_round floor|ours|words DATABASE IMAP_PORT SMTP_PORT MAILS`` prints
wall and CPU seconds and the most memory as one line of JSON; ``words`` is without the encoder.
"""

import imaplib
import json
import resource
import smtplib
import sys
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from functools import partial

from sqlalchemy import text

from app.kit.clock import MachineClock
from app.kit.db import Database
from app.models import DeliveryState, LedgerState
from app.service import Part, Service
from app.store import mail as ledger
from app.store import outbox
from tests.harness.dovecot import PASSWORD
from tests.harness.settings import make_settings

USER = "support"
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)


def floor(imap_port: int, smtp_port: int, url: str, count: int) -> tuple[float, float]:
    """Return the wall and CPU seconds of the least that has to be done for ``count`` mails."""
    db = Database(url)
    insert = text("INSERT INTO floor (subject, body) VALUES (:subject, :body)")
    key = "INTEGER PRIMARY KEY" if db.is_sqlite else "BIGSERIAL PRIMARY KEY"
    with db.writing() as session:
        session.connection().execute(text("DROP TABLE IF EXISTS floor"))
        session.connection().execute(
            text(f"CREATE TABLE floor (id {key}, subject TEXT, body TEXT)")
        )
    box = imaplib.IMAP4("127.0.0.1", imap_port)
    box.login(USER, PASSWORD)
    box.select("INBOX", readonly=True)
    smtp = smtplib.SMTP("127.0.0.1", smtp_port)
    smtp.ehlo()
    wall, cpu = time.perf_counter(), time.process_time()
    uids = box.uid("search", "ALL")[1][0].split()[:count]
    for start in range(0, count, 100):
        _, data = box.uid("fetch", b",".join(uids[start : start + 100]).decode(), "(BODY.PEEK[])")
        for raw in [item[1] for item in data if isinstance(item, tuple)]:
            mail = message_from_bytes(raw, policy=default)
            body = mail.get_body(("plain",))
            content = body.get_content() if body else ""
            with db.writing() as session:
                session.connection().execute(
                    insert, {"subject": str(mail["Subject"]), "body": content}
                )
            smtp.sendmail("support@desk.example", [str(mail["From"])], raw)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    smtp.quit()
    box.logout()
    db.close()
    return spent


def ours(
    imap_port: int, smtp_port: int, url: str, count: int, *, encoder: bool = True
) -> tuple[float, float]:
    """Return the wall and CPU seconds of the service until every mail is acknowledged."""
    db = Database(url)
    box = {
        "address": "support@desk.example",
        "imap": {
            "host": "127.0.0.1",
            "port": imap_port,
            "security": "none",
            "username": USER,
            "password": PASSWORD,
            "take_old": True,
        },
        "smtp": {"host": "127.0.0.1", "port": smtp_port, "security": "none"},
    }
    settings = make_settings(mailboxes={"support": box}, severity={"encoder": encoder})
    parts = frozenset({Part.INTAKE, Part.SENDER, Part.ENGINE})
    service = Service.open(settings, db, MachineClock(), parts)
    wall, cpu = time.perf_counter(), time.process_time()
    service.start()
    while not _done(db, count):
        time.sleep(0.1)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    service.stop()
    db.close()
    return spent


def _done(db: Database, count: int) -> bool:
    with db.reading() as session:
        # Three quick looks at an index, so that the looking costs little of what is measured.
        if ledger.due_ids(session, FAR_AHEAD, 1) or outbox.any_due(session, FAR_AHEAD):
            return False
        if outbox.count_by_state(session).get(DeliveryState.SENT, 0) < count:
            return False
        return ledger.count_by_state(session).get(LedgerState.OPENED, 0) == count


def main() -> None:
    what, url, imap_port, smtp_port, count = sys.argv[1:]
    run = {"floor": floor, "ours": ours, "words": partial(ours, encoder=False)}[what]
    wall, cpu = run(int(imap_port), int(smtp_port), url, int(count))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak}))


if __name__ == "__main__":
    main()
