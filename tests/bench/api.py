"""What the API costs: ``python -m tests.bench.api --sizes 10000 100000 1000000``.

A house with so many tickets, of which ``--open`` are open however many there are, is served by
uvicorn in a process of its own. Asked over HTTP, by one client and by twenty: the queue
(``view=next``, 50 tickets with their clocks), a ticket's 200 messages, a search for a word of one
message in a hundred, one for a word of every other, and a reply. Beside each, in the same run: the
bare query by the same driver, and a route that does nothing (``/healthz``). On PostgreSQL with
fsync where its programs are, and up to ``--most-sqlite`` on SQLite.
"""

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from sqlalchemy import text

from app.desk.house import House
from app.kit import log
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.main import create_app
from tests.bench.api_house import COMMON, LONG, NOW, RARE, fill
from tests.bench.figures import p99
from tests.harness.databases import postgres_database, postgres_programs, postgres_server
from tests.harness.world import make_settings


def serve(url: str, port: int) -> None:
    """Serve a house until the process is ended, logging as the service does."""
    log.set_up()
    db = Database(url)
    with db.writing() as session:
        # Whoever measures asks more often than anybody may.
        free = {"requests_a_minute": 0, "requests_a_minute_of_an_address": 0}
        house = House.open(session, make_settings(api=free), now=NOW)
    app = create_app(db, house, MachineClock())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


@contextmanager
def served(url: str) -> Generator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "tests.bench.api", "--serve", url, str(port)]
    server = subprocess.Popen(words)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(20)


Ask = Callable[[http.client.HTTPConnection, int], None]


def asking(token: str, method: str, path: Callable[[int], str], body: Any = None) -> Ask:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    sent = json.dumps(body) if body is not None else None

    def ask(connection: http.client.HTTPConnection, turn: int) -> None:
        connection.request(method, path(turn), sent, headers)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status == 200, told[:300]

    return ask


def measure(port: int, ask: Ask, *, clients: int, times: int) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
    spent: list[float] = []

    def run(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for turn in range(-2, times // clients):
            began = time.perf_counter()
            ask(connection, first + clients * (turn + 2))
            if turn >= 0:
                spent.append((time.perf_counter() - began) * 1000)
        connection.close()

    threads = [threading.Thread(target=run, args=(first,)) for first in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statistics.median(spent), p99(spent)


def bare(db: Database, statement: str, times: int, **values: object) -> tuple[float, float]:
    """Return what the query alone takes, by the same driver over an open connection."""
    spent = []
    with db.reading() as session:
        connection = session.connection()
        for _ in range(times):
            began = time.perf_counter()
            connection.execute(text(statement), values).all()
            spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent), p99(spent)


def compare(name: str, url: str, size: int, *, opened: int, times: int) -> None:
    db = Database(url)
    began = time.perf_counter()
    made = fill(db, size, opened)
    print(f"{name}, {size} tickets, {opened} open (filled in {time.perf_counter() - began:.0f} s)")
    api = "/api/v1"
    get = "GET"
    reply = {"text": "Hei! Vi har funnet feilen og retter den nå."}
    asked: tuple[tuple[str, Ask], ...] = (
        ("nothing", asking(made.token, get, lambda _: "/healthz")),
        ("view=next", asking(made.token, get, lambda _: f"{api}/tickets?view=next")),
        (
            f"{LONG} messages",
            asking(made.token, get, lambda _: f"{api}/tickets/{made.long}/messages?limit=200"),
        ),
        ("search, rare", asking(made.token, get, lambda _: f"{api}/search?q={RARE}")),
        ("search, common", asking(made.token, get, lambda _: f"{api}/search?q={COMMON}")),
        (
            "reply",
            asking(
                made.token,
                "POST",
                lambda turn: f"{api}/tickets/{made.open[turn % len(made.open)]}/replies",
                reply,
            ),
        ),
    )
    with served(url) as port:
        for what, ask in asked:
            one = measure(port, ask, clients=1, times=times)
            many = measure(port, ask, clients=20, times=max(times, 200))
            print(
                f"  {what:15} 1 client: p50 {one[0]:7.2f} p99 {one[1]:7.2f} ms   "
                f"20 clients: p50 {many[0]:7.2f} p99 {many[1]:7.2f} ms"
            )
    queue = (
        "SELECT * FROM ticket WHERE next_due_at IS NOT NULL ORDER BY next_due_at, number LIMIT 51"
    )
    said = "SELECT * FROM message WHERE ticket_id = (SELECT id FROM ticket WHERE number = :number)"
    for what, figure in (
        ("bare view=next", bare(db, queue, times)),
        ("bare messages", bare(db, said, times, number=made.long)),
    ):
        print(f"  {what:15}           p50 {figure[0]:7.2f} p99 {figure[1]:7.2f} ms")
    db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000])
    parser.add_argument("--open", type=int, default=2000)
    parser.add_argument("--most-sqlite", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--serve", nargs=2)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve[0], int(given.serve[1]))
        return
    for size in given.sizes:
        if size <= given.most_sqlite:
            with tempfile.TemporaryDirectory() as folder:
                url = f"sqlite:///{folder}/bench.db"
                compare("SQLite", url, size, opened=given.open, times=given.times)
    if postgres_programs() is None:
        print("PostgreSQL's server programs are not on this machine")
        return
    with postgres_server(fsync=True) as server:
        for size in given.sizes:
            with postgres_database(server, f"bench{size}") as url:
                compare("PostgreSQL", url, size, opened=given.open, times=given.times)


if __name__ == "__main__":
    main()
