"""Real databases for tests: SQLite in a temporary file, PostgreSQL from this machine's programs."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from app.kit.db import Database


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, or None where there is none."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    if found:
        candidates.append(Path(found).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _as_server_user(folder: Path) -> list[str]:
    """Return the words before a command that PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def postgres_server(*, fsync: bool = False) -> Generator[str]:
    """Run a private PostgreSQL and yield the address of its ``template1`` database."""
    programs = postgres_programs()
    if programs is None:
        raise RuntimeError("PostgreSQL's server programs are not on this machine")
    with TemporaryDirectory(prefix="svartid-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        prefix = _as_server_user(folder)
        user = "postgres" if prefix else getpass.getuser()
        data = folder / "data"

        def run(program: str, *words: str | Path) -> None:
            command = [*prefix, programs / program, "-D", data, *words]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

        run("initdb", "-A", "trust", "-U", user, "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        options += f" -c fsync={'on' if fsync else 'off'} -c max_connections=200"
        run("pg_ctl", "-o", options, "-w", "-l", folder / "log", "start")
        try:
            yield f"postgresql://{user}@127.0.0.1:{port}/template1"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


@contextmanager
def postgres_database(server: str, name: str, *, template: str = "template0") -> Generator[str]:
    """Create a database on ``server``, yield its address, and drop it."""
    admin = Database(server)
    with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield server.rsplit("/", 1)[0] + "/" + name
    finally:
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        admin.close()


class EmptyAgain:
    """One PostgreSQL database that is emptied after each test: making one costs many times that.

    What the migrations put into it is put back. A test that leaves other tables or columns behind
    than it found makes the next one start from a new copy, under the same name.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._open: ExitStack | None = None
        self._url = ""
        self._columns: list[tuple[str, str]] = []
        self._seeded: list[str] = []

    def url(self) -> str:
        """Return the address of an empty database."""
        if self._open is None:
            self._open = ExitStack()
            name = f"t{os.getpid()}"
            self._url = self._open.enter_context(
                postgres_database(self._server, name, template=self._template)
            )
            with self._admin() as connection:
                self._columns = _columns(connection)
                self._seeded = _filled(connection, self._tables)
                connection.exec_driver_sql("CREATE SCHEMA seed")
                for table in self._seeded:
                    connection.exec_driver_sql(f'CREATE TABLE seed."{table}" AS TABLE "{table}"')
        return self._url

    def clean(self) -> None:
        """Empty it, and end whoever is still connected."""
        if self._open is None:
            return
        with self._admin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            unchanged = _columns(connection) == self._columns
            if unchanged:
                self._empty(connection)
        if not unchanged:
            self.close()
            self.url()

    def close(self) -> None:
        """Drop it."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _tables(self) -> list[str]:
        return list(dict.fromkeys(table for table, _ in self._columns))

    def _empty(self, connection: Connection) -> None:
        # Neither foreign keys nor triggers have a say in it.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in _filled(connection, self._tables):
            connection.exec_driver_sql(f'DELETE FROM "{table}"')  # noqa: S608 - our own names
        for table in self._seeded:
            connection.exec_driver_sql(
                f'INSERT INTO "{table}" SELECT * FROM seed."{table}"'  # noqa: S608 - as above
            )
        used = connection.exec_driver_sql(
            "SELECT sequencename FROM pg_sequences "
            "WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        for (sequence,) in used.all():
            connection.exec_driver_sql(f'ALTER SEQUENCE "{sequence}" RESTART')

    @contextmanager
    def _admin(self) -> Generator[Connection]:
        admin = Database(self._url)
        with admin.engine.begin() as connection:
            yield connection
        admin.close()


def _columns(connection: Connection) -> list[tuple[str, str]]:
    found = connection.exec_driver_sql(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    return [(str(table), str(column)) for table, column in found.all()]


def _filled(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Return the tables that have a row."""
    each = [f"(SELECT '{one}' FROM \"{one}\" LIMIT 1)" for one in tables]  # noqa: S608 - as above
    question = " UNION ALL ".join(each)
    return [str(table) for (table,) in connection.exec_driver_sql(question).all()]
