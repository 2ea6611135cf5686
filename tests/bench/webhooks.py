"""How soon Twilio is answered: ``python -m tests.bench.webhooks``.

The desk is served by uvicorn in a process of its own. Posted to it, signed, by one client and by
twenty: a key on a page's call, a status, an SMS that joins its ticket. Beside them, in the same
run, a route that does nothing (``/healthz``); and a key while another process holds the database,
which must still be answered in time. On SQLite, and on PostgreSQL with fsync where it is.
"""

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from sqlalchemy import text
from sqlmodel import select
from twilio.request_validator import RequestValidator

from app.config import Settings
from app.desk.house import House
from app.kit import log, schema
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.main import create_app
from app.models import Delivery
from app.sla.ladder import PageChannel
from tests.bench.figures import p99
from tests.harness.databases import postgres_database, postgres_programs, postgres_server
from tests.harness.fake_twilio import ACCOUNT, OUR_NUMBER, PUBLIC, TOKEN
from tests.harness.world import World, make_settings
from tests.ladder.pages import OLAS_PHONE, give, outage

KARI = "+4790000010"
Post = Callable[[int], tuple[str, Mapping[str, str]]]


def settings_for() -> Settings:
    account = {"account_sid": ACCOUNT, "auth_token": TOKEN, "number": OUR_NUMBER}
    return make_settings(twilio={**account, "public_url": PUBLIC})


def serve(url: str, port: int) -> None:
    log.set_up(level="error", json=False)
    db, clock = Database(url), MachineClock()
    with db.writing() as session:
        house = House.open(session, settings_for(), now=clock.now())
    app = create_app(db, house, clock)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def fill(url: str) -> str:
    """Make a critical ticket whose page is on its way by a call; return the delivery's id."""
    db = Database(url)
    schema.migrate(db)
    world = World(db, settings_for())
    give(world, world.agent, PageChannel.VOICE, OLAS_PHONE)
    outage(world)
    with db.reading() as session:
        row = session.exec(select(Delivery).where(Delivery.channel == "voice")).one()
    db.close()
    return str(row.id)


@contextmanager
def served(url: str, port: int) -> Generator[None]:
    """Serve the desk in a process of its own until the block ends."""
    words = [sys.executable, "-m", "tests.bench.webhooks", "--serve", url, "--port", str(port)]
    process = subprocess.Popen(words)
    try:
        for _ in range(1200):
            try:
                ask(http.client.HTTPConnection("127.0.0.1", port), "/healthz", None)
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def ask(
    connection: http.client.HTTPConnection, path: str, fields: Mapping[str, str] | None
) -> None:
    if fields is None:
        connection.request("GET", path)
    else:
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, dict(fields))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": signature,
        }
        connection.request("POST", path, urlencode(fields), headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status < 300, answer.status


def measure(name: str, port: int, make: Post | None, *, clients: int, count: int) -> None:
    """Ask so often by so many clients, and print how long an answer took."""
    took: list[float] = []
    lock = threading.Lock()

    def work(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(first, count, clients):
            path, fields = make(number) if make else ("/healthz", None)
            began = time.perf_counter()
            ask(connection, path, fields)
            with lock:
                took.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    print(
        f"  {name:34}{clients:3}  {statistics.median(took):8.1f}{p99(took):8.1f}{took[-1]:8.1f} ms"
    )


def run(kind: str, url: str, *, count: int, port: int) -> None:
    delivery = fill(url)

    def key(number: int) -> tuple[str, Mapping[str, str]]:
        path = f"/twilio/pages/{delivery}?language=nb"
        return path, {"CallSid": "CA1", "Digits": "3", "N": str(number)}

    def status(number: int) -> tuple[str, Mapping[str, str]]:
        path = f"/twilio/deliveries/{delivery}"
        return path, {"CallSid": "CA1", "CallStatus": "ringing", "N": str(number)}

    def sms(number: int) -> tuple[str, Mapping[str, str]]:
        sid = f"SM{time.time_ns():032x}{number}"
        return "/twilio/sms", {"MessageSid": sid, "From": KARI, "Body": f"Nytt om saken {number}"}

    print(f"{kind:36}clients    p50     p99     most")
    with served(url, port):
        for clients in (1, 20):
            measure("floor: /healthz", port, None, clients=clients, count=count)
            measure("a key", port, key, clients=clients, count=count)
            measure("a status", port, status, clients=clients, count=count)
            measure("an SMS", port, sms, clients=clients, count=count)
        db = Database(url)
        with db.writing() as session:
            lock = "LOCK TABLE ticket" if not db.is_sqlite else "SELECT 1"
            session.connection().execute(text(lock))
            measure("a key, the database held", port, key, clients=5, count=max(20, count // 10))
        db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--port", type=int, default=8399)
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--serve", help="(the process that is measured)")
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, given.port)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        run("SQLite", url, count=given.count, port=given.port)
    if postgres_programs() is not None and not given.sqlite_only:
        with postgres_server(fsync=True) as server, postgres_database(server, "bench") as url:
            run("PostgreSQL", url, count=given.count, port=given.port)


if __name__ == "__main__":
    main()
