"""Real databases for tests: SQLite in a temporary file, PostgreSQL from this machine's programs."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

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
