"""A database that hangs: whoever asks is told so in time, and may come again."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.kit import db as kit_db
from app.kit.db import Database
from app.store import tickets
from tests.harness.world import World

TICKET = "/api/v1/tickets/1"
# SQLite has one time-out for all, and no other for a statement.
on_postgresql = pytest.mark.parametrize(
    "db", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@contextmanager
def held(db: Database) -> Generator[None]:
    """Hold the whole of what tickets are kept in, as another process may."""
    if db.is_sqlite:
        db.close()  # The file is locked for one alone while nobody else has it open.
        other = sqlite3.connect(str(db.url.database), isolation_level=None)
        try:
            other.execute("PRAGMA locking_mode=EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            other.close()
    else:
        with db.engine.connect() as connection, connection.begin():
            connection.execute(text("LOCK TABLE ticket IN ACCESS EXCLUSIVE MODE"))
            yield


def check_told(answer: Any) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["status"] == 503


@pytest.fixture
def opened(world: World, monkeypatch: pytest.MonkeyPatch) -> Generator[World]:
    """A world with one ticket, whose database is waited for a quarter of a second."""
    world.mail()
    world.process_all()
    world.postman.taken.clear()  # The receipt is another story's.
    monkeypatch.setattr(Database, "LOCK_S", 0.25)
    pragmas = [one for one in kit_db.SQLITE_PRAGMAS if not one.startswith("busy_timeout")]
    monkeypatch.setattr(kit_db, "SQLITE_PRAGMAS", ("busy_timeout=250", *pragmas))
    yield world
    world.db.close()  # No other test is to have these connections.


@pytest.mark.parametrize("path", [TICKET, "/api/v1/tickets", "/api/v1/search?q=feil"])
def test_a_read_that_meets_a_lock_is_answered_in_time(opened: World, path: str) -> None:
    web = opened.web()
    began = time.monotonic()
    with held(opened.db):
        check_told(web.get(path))
    assert time.monotonic() - began < 8
    assert web.get(path).status_code == 200


def test_a_change_that_meets_a_lock_is_answered_in_time(opened: World) -> None:
    web = opened.web()
    with held(opened.db):
        check_told(web.post(f"{TICKET}/notes", json={"text": "Ring Kari."}))
    assert "note" not in opened.kinds()
    assert web.post(f"{TICKET}/notes", json={"text": "Ring Kari."}).status_code == 200


@on_postgresql
def test_a_statement_that_does_not_end_is_ended(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = opened.web()
    find = tickets.find_visible

    def find_late(session: Session, *given: Any, **named: Any) -> Any:
        session.connection().execute(text("SELECT pg_sleep(60)"))
        return find(session, *given, **named)

    monkeypatch.setattr(Database, "STATEMENT_S", 0.25)
    with monkeypatch.context() as patched:
        patched.setattr(tickets, "find_visible", find_late)
        began = time.monotonic()
        check_told(web.get(TICKET))
        assert time.monotonic() - began < 20
    assert web.get(TICKET).status_code == 200


@on_postgresql
def test_work_in_the_background_takes_its_time(opened: World) -> None:
    with opened.db.reading() as session:
        shown = session.connection().execute(text("SHOW statement_timeout")).scalar_one()
    assert shown == "0"
