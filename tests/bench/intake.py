"""What a mail costs from Dovecot to its acknowledgement: ``python -m tests.bench.intake``.

A thousand new mails wait in Dovecot. Ours: fetch, ledger, ticket, clocks, acknowledgement sent and
settled, by the service's own loops in one process. The floor, in the same run: fetch, the standard
library's parser, one insert with a commit, one SMTP send over an open connection, and nothing else.
The receiver is Postfix's ``smtp-sink``. Both on SQLite and, where its programs are, on PostgreSQL
(with fsync). Each figure is the median of ``--rounds`` rounds, floor and ours in turn; the last one
is without the encoder (``severity.encoder = false``).
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager

from app.kit import schema
from app.kit.db import Database
from tests.bench.intake_round import USER
from tests.harness.databases import postgres_database, postgres_programs, postgres_server
from tests.harness.dovecot import Dovecot, dovecot
from tests.harness.world import make_mail

# Ordinary faults and questions, as mail is for: what is critical is phoned in.
LETTERS = (
    (
        "Logo i bunnteksten",
        (
            "Logoen i bunnteksten på nettbutikken er blitt uskarp siden vi lastet opp en ny fil. "
            "Det ser litt rart ut på store skjermer, men ellers er alt som det skal."
        ),
    ),
    (
        "Hvordan legger vi inn en ny kollega?",
        (
            "Vi har fått en ny på lageret og lurer på hvordan vi gir henne tilgang til ordrelisten "
            "uten at hun ser regnskapet. Finnes det en veiledning et sted?"
        ),
    ),
    (
        "Rapport for oktober",
        (
            "Salgsrapporten for oktober viser feil sum for frakt i administrasjonen. Tallene i "
            "regnskapet stemmer, så det er bare rapporten som er gal. Kan dere se på det?"
        ),
    ),
    (
        "Spørsmål om fakturaen",
        (
            "På fakturaen for september står det to linjer for sikkerhetskopi. Skal det være slik, "
            "eller er den ene kommet med ved en feil? Det haster ikke."
        ),
    ),
    (
        "Skrivefeil i ordrebekreftelsen",
        (
            "I ordrebekreftelsen som kundene får, står det «leverings addresse» i to ord og med to "
            "d-er. Hvor retter vi den teksten, og kan det gjøres uten å endre noe annet?"
        ),
    ),
)


def mails(count: int) -> list[bytes]:
    """Return mails like those that come in: short, in Norwegian, from people with an account."""
    ending = "\n\nVennlig hilsen\nKari Nordmann\nButikken AS\n"
    return [
        make_mail(
            f"Hei\n\n{said} (Vår sak {number}.){ending}",
            sender=f"Kari Nordmann <kari{number % 250}@butikk{number % 50}.example>",
            to="support@desk.example",
            subject=f"{about} ({number})",
            message_id=f"<{number}.bench@butikk.example>",
        )
        for number in range(count)
        for about, said in [LETTERS[number % len(LETTERS)]]
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


def in_a_process(
    what: str, url: str, imap: Dovecot, smtp_port: int, count: int
) -> dict[str, float]:
    """Run one round in a process of its own, so that memory is its own too."""
    if what != "floor":
        # As an operator does before the first start; its memory is not the service's.
        db = Database(url)
        schema.migrate(db)
        db.close()
    words = [what, url, str(imap.imap_port), str(smtp_port), str(count)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.intake_round", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(
    name: str, urls: "Urls", servers: tuple[Dovecot, int], *, count: int, rounds: int
) -> None:
    imap, smtp_port = servers
    taken: dict[str, list[dict[str, float]]] = {
        "floor": [],
        "ours": [],
        "words": [],
    }
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
    ratio, of_words = (medians[one]["wall"] / medians["floor"]["wall"] for one in ("ours", "words"))
    print(f"{name:10} wall time a mail to the floor: {ratio:.2f}, without encoder {of_words:.2f}")


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
    given = parser.parse_args()
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
