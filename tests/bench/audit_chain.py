"""What chaining the audit log costs those who write it: python -m tests.bench.audit_chain

Eight threads write entries, a transaction each, on real disks: without a chain (the floor), with
the loop that seals beside them (ours), and with a lock that each holds to its commit, as a chain
made inside the change would need.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from app.desk.audit_chain import Sealer, verify
from app.desk.events import audit_of
from app.kit import schema
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.store import answers
from tests.harness.databases import postgres_database, postgres_programs, postgres_server

WRITERS, EACH, ROUNDS = 8, 150, 3


def write(db: Database, *, locked: bool) -> None:
    for _ in range(EACH):
        with db.writing() as session:
            if locked:
                answers.lock(session, "audit chain")
            audit_of(
                session,
                "ticket",
                None,
                "ticket.noted",
                now=datetime.now(UTC),
                actor="desk",
                after={"text": "x" * 200},
            )


def rate(db: Database, *, locked: bool = False, sealing: bool = False) -> float:
    """Return transactions a second."""
    stop = threading.Event()
    sealer = Sealer(db, MachineClock())

    def seal() -> None:
        while not stop.wait(1.0):
            while sealer.pass_once():
                pass

    beside = threading.Thread(target=seal)
    if sealing:
        beside.start()
    began = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as threads:
        for one in [threads.submit(write, db, locked=locked) for _ in range(WRITERS)]:
            one.result()
    took = time.perf_counter() - began
    stop.set()
    if sealing:
        beside.join()
    return WRITERS * EACH / took


def compare(name: str, fresh: Callable[[], object]) -> None:
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for what in ("floor", "ours", "lock to the commit"):
            with fresh() as db:  # type: ignore[attr-defined]
                got = rate(db, locked=what.startswith("lock"), sealing=what == "ours")
                best[what] = max(best.get(what, 0), got)
                if what == "ours":
                    began = time.perf_counter()
                    sealer = Sealer(db, MachineClock())
                    while sealer.pass_once():
                        pass
                    with db.reading() as session:
                        verdict = verify(session)
                    assert verdict.broken is None
                    assert not verdict.waiting
                    checked = verdict.checked / (time.perf_counter() - began)
    for what, got in best.items():
        print(f"{name:10} {what:20} {got:7.0f} a second   {got / best['floor']:.2f} of the floor")
    print(f"{name:10} sealing the rest and checking: {checked:.0f} entries a second")


@contextmanager
def sqlite() -> Generator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/bench.db")
        schema.migrate(db)
        yield db
        db.close()


def main() -> None:
    compare("SQLite", sqlite)
    if postgres_programs() is None:
        print("PostgreSQL's server programs are not on this machine")
        return
    with postgres_server(fsync=True) as server:
        made = iter(range(1000))

        @contextmanager
        def postgres() -> Generator[Database]:
            with postgres_database(server, f"bench{next(made)}") as url:
                db = Database(url)
                schema.migrate(db)
                yield db
                db.close()

        compare("PostgreSQL", postgres)


if __name__ == "__main__":
    main()
