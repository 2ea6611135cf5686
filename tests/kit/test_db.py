import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlmodel import Session

from app.kit.db import Database, parse_url, wake_after_commit
from app.kit.errors import BadConfig, Unavailable
from app.kit.wake import Topic
from app.models import Heartbeat, NumberSeries

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def add_one(db: Database) -> None:
    with db.writing() as session:
        row = session.get(NumberSeries, "test", with_for_update=True)
        assert row is not None
        row.value += 1


def test_no_update_is_lost_when_many_threads_write(db: Database) -> None:
    with db.writing() as session:
        session.add(NumberSeries(name="test", value=0))
    threads = [threading.Thread(target=lambda: [add_one(db) for _ in range(20)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as session:
        row = session.get(NumberSeries, "test")
        assert row is not None
        assert row.value == 120


def test_a_block_that_raises_leaves_nothing_behind(db: Database) -> None:
    def write_and_fail(session: Session) -> None:
        session.add(NumberSeries(name="test", value=1))
        session.flush()
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"), db.writing() as session:
        write_and_fail(session)
    with db.reading() as session:
        assert session.get(NumberSeries, "test") is None


def test_times_come_back_aware_and_in_utc(db: Database) -> None:
    oslo = timezone(timedelta(hours=1))
    with db.writing() as session:
        session.add(Heartbeat(name="test", at=NOON.astimezone(oslo)))
    with db.reading() as session:
        row = session.get(Heartbeat, "test")
        assert row is not None
        assert row.at == NOON
        assert row.at.utcoffset() == timedelta(0)


def test_a_naive_time_is_refused(db: Database) -> None:
    with pytest.raises(Exception, match="timezone"), db.writing() as session:
        session.add(Heartbeat(name="test", at=datetime(2026, 1, 1)))  # noqa: DTZ001 - the point


def test_loops_are_woken_only_after_the_commit(db: Database) -> None:
    with db.writing() as session:
        session.add(NumberSeries(name="test", value=1))
        wake_after_commit(session, Topic.OUTBOX)
        assert not db.wake.wait(Topic.OUTBOX, 0)
    assert db.wake.wait(Topic.OUTBOX, 0)
    assert not db.wake.wait(Topic.LEDGER, 0)


def test_sqlite_keeps_its_word_through_a_power_cut(empty_db: Database) -> None:
    with empty_db.reading() as session:
        run = session.connection().exec_driver_sql
        assert run("PRAGMA journal_mode").scalar() == "wal"
        assert run("PRAGMA synchronous").scalar() == 2  # FULL
        assert run("PRAGMA foreign_keys").scalar() == 1


def test_a_database_that_is_away_says_so_plainly() -> None:
    db = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match=r"database\.url.*refused") as caught, db.reading() as s:
        s.connection()
    assert "svartid doctor" in str(caught.value)
    db.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", ""])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(BadConfig, match=r"database\.url"):
        parse_url(url)


def test_a_sqlite_file_in_a_missing_folder_is_refused(tmp_path: object) -> None:
    with pytest.raises(BadConfig, match="does not exist"):
        Database(f"sqlite:///{tmp_path}/nowhere/svartid.db")


def test_joined_blocks_are_one_transaction(db: Database) -> None:
    with db.joined():
        with db.writing() as session:
            session.add(NumberSeries(name="first", value=1))
        with db.reading() as session:
            assert session.get(NumberSeries, "first") is not None
        if not db.is_sqlite:
            with Session(db.engine) as stranger:
                assert stranger.get(NumberSeries, "first") is None
        with db.writing() as session:
            session.add(NumberSeries(name="second", value=2))
    with db.reading() as session:
        assert session.get(NumberSeries, "first") is not None
        assert session.get(NumberSeries, "second") is not None


def test_an_error_that_leaves_joined_blocks_takes_all_of_them_back(db: Database) -> None:
    with pytest.raises(RuntimeError, match="late"), db.joined():  # noqa: PT012 - two blocks
        with db.writing() as session:
            session.add(NumberSeries(name="first", value=1))
        raise RuntimeError("late")
    with db.reading() as session:
        assert session.get(NumberSeries, "first") is None


def test_a_joined_block_that_raises_takes_back_only_what_itself_wrote(db: Database) -> None:
    def write_and_fail(session: Session) -> None:
        session.add(NumberSeries(name="second", value=2))
        raise RuntimeError("halfway")

    with db.joined() as joined:
        with db.writing() as session:
            session.add(NumberSeries(name="first", value=1))
        with pytest.raises(RuntimeError, match="halfway"), db.writing() as session:
            write_and_fail(session)
        assert isinstance(joined.broken, RuntimeError)
    with db.reading() as session:
        assert session.get(NumberSeries, "first") is not None
        assert session.get(NumberSeries, "second") is None


def test_joined_blocks_that_write_nothing_open_nothing(db: Database) -> None:
    with db.joined() as joined:
        with db.reading() as session:
            assert session.get(NumberSeries, "first") is None
        assert joined.session is None
