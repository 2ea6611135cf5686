"""Ordinary bad days: a full disk, a database that is away, a port that is taken."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from app.kit.db import Database
from app.kit.errors import Unavailable
from app.kit.wake import Topic
from app.models import LedgerState
from app.worker import Loop, Loops
from tests.harness.world import KARI, World, make_mail

ROOT = Path(__file__).resolve().parents[2]


def fill_disk(db: Database, *, pages: int | None) -> None:
    """Let SQLite's file grow no further than it is now, or (None) as it likes again."""
    with db.reading() as session:
        now = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    limit = 1_000_000_000 if pages is None else int(now) + pages

    def prepare(connection: object, *_rest: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limit}")  # type: ignore[attr-defined]

    db.engine.dispose()
    event.listen(db.engine, "connect", prepare)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_full_disk_loses_no_mail(world: World) -> None:
    world.mail()
    world.process_all()
    world.postman.expect(KARI)
    fill_disk(world.db, pages=2)
    big = make_mail("x" * 300_000, message_id="<big@shop.example>")
    with pytest.raises(Unavailable, match="full"):
        world.put(big, uid=50)
    fill_disk(world.db, pages=None)
    world.put(big, uid=50)
    assert world.process(50).state is LedgerState.OPENED
    world.process_all()
    world.postman.expect(KARI)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_a_disk_that_fills_up_while_a_ticket_is_made_leaves_the_mail_waiting(world: World) -> None:
    uid = world.put(make_mail("æ" * 200_000))
    fill_disk(world.db, pages=3)
    with pytest.raises(Unavailable, match="full"):
        world.processor.pass_once()
    assert world.row(uid).state is LedgerState.RECEIVED
    fill_disk(world.db, pages=None)
    assert world.process(uid).state is LedgerState.OPENED
    world.process_all()
    world.postman.expect(KARI)


def test_a_loop_that_fails_is_reported_and_goes_on(db: Database) -> None:
    passes: list[int] = []
    done = threading.Event()

    def one_pass() -> int:
        passes.append(1)
        if len(passes) == 1:
            raise Unavailable("the database is away")
        done.set()
        return 0

    loops = Loops(db.wake)
    loop = Loop("test", one_pass, Topic.LEDGER, lambda: 0.01)
    loops.start([loop])
    wait_for(lambda: loop.state == "failing")
    assert loops.health()[0].error == "the database is away"
    assert done.wait(10)
    wait_for(lambda: loop.state == "running")
    assert loops.stop() == []
    assert loop.state == "stopped"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 40)
    config = tmp_path / "svartid.toml"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config.write_text(
            f'[desk]\nsecret_file = "secret"\n[api]\nport = {taken.getsockname()[1]}\n'
        )
        run(config, "migrate")
        done = run(config, "serve")
    assert done.returncode == 1
    assert "api.port" in done.stderr
    assert "Choose another port" in done.stderr


def run(config: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", *words, "--config", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
