"""One database behind two doors: ``reading()`` and ``writing()``.

A ``writing()`` block is one transaction: it commits when the block ends and rolls back when it
raises. Only the edge opens one. What the database or the disk refuses for now comes out as
``Unavailable``, so that no caller needs to know a driver's errors. ``joined()`` makes one
transaction of all the blocks that are opened inside it. What is done inside ``hurried()`` waits
for the database so long and no longer.

SQLite has one writer. Threads of this process queue for it here, where waiting is fair enough
and cheap, and not in SQLite's busy handler, where it was measured at up to a second; other
processes are met by ``BEGIN IMMEDIATE`` and the busy time-out. A deferred ``BEGIN`` would lose
updates or fail half-way with "database is locked", so no writing transaction is ever deferred.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, insert, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel
from typing_extensions import override

from app.kit.errors import BadConfig, Unavailable
from app.kit.wake import Topic, Wake

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    # A promise once made is not lost to a power cut: every commit reaches the disk.
    "synchronous=FULL",
    "busy_timeout=10000",
    "foreign_keys=ON",
    # 8 MiB of pages for each connection; what else is read often, the system's cache keeps.
    "cache_size=-8192",
    "temp_store=MEMORY",
)


class Database:
    """An engine, its two doors, and the signals that follow a commit."""

    # No request waits longer than this for somebody else's lock, or for a statement.
    LOCK_S, STATEMENT_S = 10.0, 30.0

    def __init__(self, url: str, *, wake: Wake | None = None, pool_size: int = 20) -> None:
        self.url = parse_url(url)
        self.wake = wake or Wake()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _make_engine(self.url, pool_size=pool_size)
        self._write_engine = self.engine.execution_options(svartid_writes=True)
        self._one_writer: threading.Lock | nullcontext[None] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )

    @contextmanager
    def reading(self) -> Generator[Session]:
        """Open a session that sees one snapshot and writes nothing."""
        joined = _joined.get()
        if joined is not None and joined.db is self and joined.session is not None:
            # What this transaction has written is to be seen.
            yield joined.session
            return
        with _said_plainly(), Session(self.engine, expire_on_commit=False) as session:
            if _hurried.get():
                self._bound(session)
            yield session

    def _bound(self, session: Session) -> None:
        """Let this transaction wait so long and no longer; SQLite has its busy time-out."""
        if not self.is_sqlite:
            session.connection().exec_driver_sql(
                f"SET LOCAL lock_timeout = {int(self.LOCK_S * 1000)}; "
                f"SET LOCAL statement_timeout = {int(self.STATEMENT_S * 1000)}"
            )

    @contextmanager
    def writing(self) -> Generator[Session]:
        """Open a session whose block is one transaction, and signal what it asked for."""
        joined = _joined.get()
        if joined is not None and joined.db is self:
            with _said_plainly(), joined.part() as session:
                yield session
            return
        with self._transaction() as session:
            if _hurried.get():
                self._bound(session)
            yield session

    @contextmanager
    def joined(self) -> Generator["Joined"]:
        """Make one transaction of all that this thread writes inside, committed at the end.

        A block inside that raises takes back what itself has written; an error that leaves this
        one takes back all of it.
        """
        with ExitStack() as stack:
            joined = Joined(self, stack)
            before = _joined.set(joined)
            stack.callback(_joined.reset, before)
            yield joined

    @contextmanager
    def _transaction(self) -> Generator[Session]:
        with (
            _said_plainly(),
            self._one_writer,
            WritingSession(self._write_engine, expire_on_commit=False) as session,
        ):
            yield session
            session.commit()
            topics: set[Topic] = session.info.get("wake", set())
        self.wake.signal(topics)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()


class Joined:
    """A transaction that several blocks share; the first of them that writes begins it."""

    def __init__(self, db: Database, stack: ExitStack) -> None:
        self.db = db
        # None while nothing has been written.
        self.session: Session | None = None
        # The error that the last block ended with, whose writing is taken back.
        self.broken: BaseException | None = None
        self._stack = stack

    def begin(self) -> Session:
        """Return the session, its transaction begun."""
        if self.session is None:
            self.session = self._stack.enter_context(self.db._transaction())
            self.db._bound(self.session)
        return self.session

    @contextmanager
    def part(self) -> Generator[Session]:
        """Open one of the blocks."""
        session = self.begin()
        try:
            with session.begin_nested():
                yield session
                session.flush()
        except BaseException as error:
            session.info.pop("appended", None)
            self.broken = error
            raise


# Each request runs in a thread, and a context, of its own.
_joined: ContextVar[Joined | None] = ContextVar("joined", default=None)
_hurried: ContextVar[bool] = ContextVar("hurried", default=False)


@contextmanager
def hurried() -> Generator[None]:
    """Let nothing inside wait for the database for ever: somebody waits for the answer.

    Work in the background has no such bound; a report or a check of everything may take its time.
    """
    before = _hurried.set(True)
    try:
        yield
    finally:
        _hurried.reset(before)


class WritingSession(Session):
    """A session that also takes plain rows, which are never read again in their transaction.

    Making an object, watching its attributes and flushing it costs ten times what the row costs.
    Rows that are only ever added (a log, a delivery, a reference) go in as they are, many to a
    statement, before any query of the session runs and before it commits.
    """

    @override
    def flush(self, objects: Sequence[Any] | None = None) -> None:
        super().flush(objects)
        appended: dict[type[SQLModel] | TextClause, list[dict[str, Any]]]
        appended = self.info.pop("appended", {})
        for what, rows in appended.items():
            self.connection().execute(what if isinstance(what, TextClause) else insert(what), rows)

    @override
    def commit(self) -> None:
        self.flush()
        super().commit()


def append_row(session: Session, table: type[SQLModel], **values: Any) -> None:
    """Add a row that nothing reads again in this transaction; every column is to be given."""
    session.info.setdefault("appended", {}).setdefault(table, []).append(values)


def append_by(session: Session, statement: TextClause, **values: Any) -> None:
    """Add a row likewise, by a statement of one's own; the same object gathers its rows."""
    session.info.setdefault("appended", {}).setdefault(statement, []).append(values)


def wake_after_commit(session: Session, topic: Topic) -> None:
    """Ask that loops waiting on ``topic`` are woken when this transaction has committed."""
    session.info.setdefault("wake", set()).add(topic)


def parse_url(url: str) -> URL:
    """Return the database's address with the driver that we use; refuse other databases."""
    try:
        parsed = make_url(url)
    except Exception as error:
        raise BadConfig(
            "this is not a database address.",
            field="database.url",
            remedy="Write sqlite:///svartid.db or postgresql://user@host/name.",
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed.set(drivername="sqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise BadConfig(
        f"{backend} is not supported.",
        field="database.url",
        remedy="Use SQLite (sqlite:///svartid.db) or PostgreSQL (postgresql://user@host/name).",
    )


def _make_engine(url: URL, *, pool_size: int) -> Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(
                url,
                pool_size=pool_size,
                pool_pre_ping=True,
                pool_use_lifo=True,
                connect_args={"connect_timeout": 5, "options": "-c timezone=UTC"},
            )
        except ImportError as error:
            raise BadConfig(
                "the driver for PostgreSQL is not installed.",
                field="database.url",
                remedy="Install it with: pip install 'svartid[postgres]'.",
            ) from error
    if url.database and url.database != ":memory:":
        folder = Path(url.database).resolve().parent
        if not folder.is_dir():
            raise BadConfig(
                f"the folder {folder} does not exist.",
                field="database.url",
                remedy="Create it, or name another file.",
            )
    engine = create_engine(url, pool_size=pool_size, pool_use_lifo=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling is switched off; _begin_sqlite does it.
    connection.isolation_level = None
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("svartid_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _said_plainly() -> Generator[None]:
    try:
        yield
    except IntegrityError:
        # A broken constraint is a matter of this one row; its caller knows what it means.
        raise
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(
            f"The database did not answer as it should: {_first_line(error)}",
            field="database.url",
            remedy="Check that it runs, that its disk has room, and run `svartid doctor`.",
        ) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().split("\n", 1)[0]
