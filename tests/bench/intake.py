"""What a mail costs from Dovecot to its acknowledgement: ``python -m tests.bench.intake``.

A thousand new mails wait in Dovecot. Ours: fetch, ledger, ticket, clocks, acknowledgement sent and
settled, by the service's own loops in one process. The floor, in the same run: fetch, the standard
library's parser, one insert with a commit, one SMTP send over an open connection, and nothing else.
The receiver is Postfix's ``smtp-sink``. Both on SQLite and, where its programs are, on PostgreSQL
(with fsync). Each figure is the median of ``--rounds`` rounds, floor and ours in turn.
"""

import argparse
import imaplib
import json
import os
import resource
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from sqlalchemy import text

from app.kit import schema
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.models import DeliveryState, LedgerState
from app.service import Part, Service
from app.store import mail as ledger
from app.store import outbox
from tests.harness.databases import postgres_database, postgres_programs, postgres_server
from tests.harness.dovecot import PASSWORD, Dovecot, dovecot
from tests.harness.world import make_mail, make_settings

USER = "support"
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)


def mails(count: int) -> list[bytes]:
    """Return mails like those that come in: short, in Norwegian, from people with an account."""
    body = (
        "Hei\n\nNår kundene går til kassen i butikken vår og velger henting i butikk, vises feil "
        "frakt i sammendraget (nummer {}). Det gjelder bare noen av produktene, og det begynte i "
        "går ettermiddag. Kan dere se på det?\n\nVennlig hilsen\nKari Nordmann\nButikken AS\n"
    )
    return [
        make_mail(
            body.format(number),
            sender=f"Kari Nordmann <kari{number % 250}@butikk{number % 50}.example>",
            to="support@desk.example",
            subject=f"Feil frakt i kassen ({number})",
            message_id=f"<{number}.bench@butikk.example>",
        )
        for number in range(count)
    ]


@contextmanager
def sink() -> Generator[int]:
    """Run Postfix's sink and yield its port."""
    program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    who = ["-u", "postfix"] if os.geteuid() == 0 else []
    server = subprocess.Popen([program, *who, f"127.0.0.1:{port}", "100"])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def floor(server: Dovecot, smtp_port: int, url: str, count: int) -> tuple[float, float]:
    """Return the wall and CPU seconds of the least that has to be done for ``count`` mails."""
    db = Database(url)
    insert = text("INSERT INTO floor (subject, body) VALUES (:subject, :body)")
    key = "INTEGER PRIMARY KEY" if db.is_sqlite else "BIGSERIAL PRIMARY KEY"
    with db.writing() as session:
        session.connection().execute(text("DROP TABLE IF EXISTS floor"))
        session.connection().execute(
            text(f"CREATE TABLE floor (id {key}, subject TEXT, body TEXT)")
        )
    box = imaplib.IMAP4("127.0.0.1", server.imap_port)
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


def ours(server: Dovecot, smtp_port: int, url: str, count: int) -> tuple[float, float]:
    """Return the wall and CPU seconds of the service until every mail is acknowledged."""
    db = Database(url)
    schema.migrate(db)
    box = {
        "address": "support@desk.example",
        "imap": {
            "host": "127.0.0.1",
            "port": server.imap_port,
            "security": "none",
            "username": USER,
            "password": PASSWORD,
            "take_old": True,
        },
        "smtp": {"host": "127.0.0.1", "port": smtp_port, "security": "none"},
    }
    settings = make_settings(mailboxes={"support": box})
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


def in_a_process(
    what: str, url: str, imap: Dovecot, smtp_port: int, count: int
) -> dict[str, float]:
    """Run one round in a process of its own, so that memory is its own too."""
    words = [what, url, str(imap.imap_port), str(smtp_port), str(count)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.intake", "--one", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def one_round(what: str, url: str, imap_port: str, smtp_port: str, count: str) -> None:
    server = Dovecot(Path(), int(imap_port), 0, 0, Path(), Path())
    run = {"floor": floor, "ours": ours}[what]
    wall, cpu = run(server, int(smtp_port), url, int(count))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak}))


def compare(
    name: str, urls: "Urls", servers: tuple[Dovecot, int], *, count: int, rounds: int
) -> None:
    imap, smtp_port = servers
    taken: dict[str, list[dict[str, float]]] = {"floor": [], "ours": []}
    for _ in range(rounds):
        for what, results in taken.items():
            with urls() as url:
                results.append(in_a_process(what, url, imap, smtp_port, count))
    medians = {
        what: {key: statistics.median(one[key] for one in results) for key in results[0]}
        for what, results in taken.items()
    }
    for what, figure in medians.items():
        print(
            f"{name:10} {what:6} {count / figure['wall']:7.1f} mails/s   "
            f"{figure['wall'] * 1000 / count:6.2f} ms wall   "
            f"{figure['cpu'] * 1000 / count:6.2f} ms CPU   {figure['peak_mb']:6.1f} MB peak"
        )
    ratio = medians["ours"]["wall"] / medians["floor"]["wall"]
    print(f"{name:10} wall time a mail, ours to floor: {ratio:.2f}")


class Urls:
    """Makes a fresh database for each round."""

    def __init__(self, server: str | None = None) -> None:
        self._server = server
        self._made = 0

    @contextmanager
    def __call__(self) -> Generator[str]:
        self._made += 1
        if self._server is not None:
            with postgres_database(self._server, f"bench{self._made}") as url:
                yield url
            return
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/bench.db"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=5)
    given = parser.parse_args()
    if given.one:
        one_round(*given.one)
        return
    with dovecot() as imap, sink() as smtp_port:
        imap.fill(USER, mails(given.mails))
        servers = (imap, smtp_port)
        compare("SQLite", Urls(), servers, count=given.mails, rounds=given.rounds)
        if postgres_programs() is None:
            print("PostgreSQL's server programs are not on this machine")
            return
        with postgres_server(fsync=True) as server:
            compare("PostgreSQL", Urls(server), servers, count=given.mails, rounds=given.rounds)


if __name__ == "__main__":
    main()
