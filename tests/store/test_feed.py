"""The feed misses nothing, however the writers' commits fall."""

import threading
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from app.desk.events import DESK, record
from app.kit.db import Database, WritingSession
from app.models import Event, Ticket
from app.outbox.publish import place_all
from app.store import feed
from app.store import tickets as ticket_store
from tests.harness.world import World

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def ticket(world: World) -> Ticket:
    world.mail()
    world.process_all()
    world.postman.taken.clear()  # The receipt is another story's.
    return world.ticket()


def write(session: Session, ticket: Ticket, what: str) -> None:
    record(session, ticket, Event.LADDER_NOTE, at=NOW, now=NOW, actor=DESK, what=what)
    session.flush()


def read_on(db: Database, place: int) -> tuple[int, list[object]]:
    place_all(db)
    with db.reading() as session:
        rows = feed.after(session, place, 1000)
    return (rows[-1][0] if rows else place), [event.data.get("what") for _, event, _ in rows]


# SQLite has one writer at a time.
@pytest.mark.parametrize(
    "db", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_a_writer_that_commits_late_is_not_missed(db: Database, ticket: Ticket) -> None:
    place, _ = read_on(db, 0)
    slow = WritingSession(db.engine)
    write(slow, ticket, "first, by number")
    with db.writing() as quick:
        write(quick, ticket, "second, by number")
    place, seen = read_on(db, place)
    assert seen == ["second, by number"]
    slow.commit()
    slow.close()
    place, seen = read_on(db, place)
    assert seen == ["first, by number"]
    assert read_on(db, place) == (place, [])


def test_readers_beside_many_writers_see_each_event_once(db: Database, ticket: Ticket) -> None:
    start, _ = read_on(db, 0)
    writers, each = 6, 15

    def write_some(name: int) -> None:
        for number in range(each):
            with db.writing() as session:
                write(session, ticket, f"{name}:{number}")

    threads = [threading.Thread(target=write_some, args=(name,)) for name in range(writers)]
    for thread in threads:
        thread.start()
    readers: list[list[object]] = [[], []]
    places = [start, start]
    while any(thread.is_alive() for thread in threads):
        for number, place in enumerate(places):
            places[number], fresh = read_on(db, place)
            readers[number] += fresh
    for number, place in enumerate(places):
        readers[number] += read_on(db, place)[1]
    assert readers[0] == readers[1]
    assert sorted(map(str, readers[0])) == sorted(
        f"{name}:{number}" for name in range(writers) for number in range(each)
    )
    for name in range(writers):
        mine = [what for what in readers[0] if str(what).startswith(f"{name}:")]
        assert mine == [f"{name}:{number}" for number in range(each)]


def test_places_follow_each_other_without_a_gap(db: Database, ticket: Ticket) -> None:
    place_all(db)
    with db.reading() as session:
        places = [place for place, _, _ in feed.after(session, 0, 1000)]
        assert places == list(range(1, len(ticket_store.events(session, ticket.id)) + 1))
        assert feed.newest(session) == places[-1]
