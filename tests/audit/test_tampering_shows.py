"""Whatever is done to the audit log afterwards breaks its chain, and the first break is named."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from app.desk.audit_chain import Sealer, verify
from app.desk.events import audit_of
from app.kit.db import Database
from app.models import AuditEntry, AuditLink
from tests.harness.world import TUESDAY_TEN, World

TRIGGERS = ("audit_entry", "audit_link")


def write(session: Session, number: int) -> None:
    audit_of(
        session,
        "customer",
        None,
        "customer.renamed",
        now=TUESDAY_TEN + timedelta(seconds=number),
        actor="operator",
        before={"name": f"Før {number}", "fee": 1.5},
        after={"name": f"Etter {number} – æøå", "none": None},
    )


@pytest.fixture
def sealed(world: World) -> World:
    """A world with eight entries of ours at the end of a sealed log."""
    sealer = Sealer(world.db, world.clock)
    for number in range(8):
        with world.db.writing() as session:
            write(session, number)
    while sealer.pass_once():
        pass
    return world


def by_force(db: Database, act: Callable[[Connection], None]) -> None:
    """Do what the database forbids, as its owner could."""
    with db.engine.execution_options(svartid_writes=True).begin() as connection:
        if db.is_sqlite:
            for table in TRIGGERS:
                for verb in ("update", "delete"):
                    connection.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        act(connection)


def seqs(world: World) -> list[int]:
    with world.db.reading() as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.action == "customer.renamed"))
        return sorted(row.seq or 0 for row in rows)


def test_a_log_that_nobody_touched_is_sound(sealed: World) -> None:
    with sealed.db.reading() as session:
        verdict = verify(session)
        assert verdict.checked == len(session.exec(select(AuditEntry)).all()) >= 8
    assert (verdict.broken, verdict.waiting) == (None, 0)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET actor = 'desk' WHERE seq = {seq}",
        "UPDATE audit_entry SET after = NULL WHERE seq = {seq}",
        "UPDATE audit_entry SET at = '2020-01-01 00:00:00+00' WHERE seq = {seq}",
        "DELETE FROM audit_entry WHERE seq = {seq}",
        "UPDATE audit_link SET hash = 'f' || substr(hash, 2, 63) || '0' WHERE seq = {seq}",
    ],
)
def test_a_changed_or_deleted_entry_is_named(sealed: World, change: str) -> None:
    seq = seqs(sealed)[3]
    by_force(sealed.db, lambda it: _run(it, change.format(seq=seq)))
    with sealed.db.reading() as session:
        verdict = verify(session)
    assert verdict.broken is not None
    assert f"entry {seq}" in verdict.broken


def test_a_link_that_is_taken_out_is_named(sealed: World) -> None:
    seq = seqs(sealed)[3]
    by_force(sealed.db, lambda it: _delete(it, "audit_link", seq))
    with sealed.db.reading() as session:
        verdict = verify(session)
    assert verdict.broken is not None
    assert f"link {verdict.checked + 1} is gone" in verdict.broken


def test_an_end_that_is_cut_off_shows_against_a_head_that_was_noted(sealed: World) -> None:
    with sealed.db.reading() as session:
        noted = verify(session).head
        assert verify(session, head=noted).has_head is True
    seq = seqs(sealed)[-1]

    def cut(it: Connection) -> None:
        _delete(it, "audit_link", seq)
        _delete(it, "audit_entry", seq)

    by_force(sealed.db, cut)
    with sealed.db.reading() as session:
        verdict = verify(session, head=noted)
    assert (verdict.broken, verdict.has_head) == (None, False)


@pytest.mark.parametrize("table", [AuditEntry.__tablename__, AuditLink.__tablename__])
@pytest.mark.parametrize("verb", ["UPDATE {} SET seq = seq", "DELETE FROM {}"])
def test_the_database_itself_lets_nobody_change_it(sealed: World, table: str, verb: str) -> None:
    with (
        pytest.raises(DBAPIError, match="append-only"),
        sealed.db.engine.execution_options(svartid_writes=True).begin() as connection,
    ):
        connection.exec_driver_sql(verb.format(table))


def test_many_writers_and_several_sealers_make_one_chain(world: World) -> None:
    sealers = [Sealer(world.db, world.clock) for _ in range(3)]
    stop = threading.Event()

    def seal(sealer: Sealer) -> None:
        while not stop.is_set():
            sealer.pass_once()

    def write_some(writer: int) -> None:
        for number in range(20):
            with world.db.writing() as session:
                write(session, writer * 100 + number)

    with ThreadPoolExecutor(9) as threads:
        sealing = [threads.submit(seal, one) for one in sealers]
        for done in [threads.submit(write_some, one) for one in range(6)]:
            done.result()
        stop.set()
        for one in sealing:
            one.result()
    while sealers[0].pass_once():
        pass
    with world.db.reading() as session:
        verdict = verify(session)
        assert verdict.checked == len(session.exec(select(AuditEntry)).all()) >= 120
    assert (verdict.broken, verdict.waiting) == (None, 0)


def test_a_lead_reads_who_changed_what(sealed: World) -> None:
    web = sealed.web(sealed.lead)
    sealed.mail()
    sealed.process_all()
    sealed.postman.taken.clear()
    web.put("/api/v1/tickets/1/severity", json={"severity": "critical", "reason": "Alt er nede."})
    (entry,) = web.get("/api/v1/audit", params={"action": "ticket.severity_set"}).json()["items"]
    assert entry["actor"] == f"agent:{sealed.lead.id}"
    assert entry["before"] == {"severity": "minor"}
    assert entry["after"]["severity"] == "critical"
    assert entry["position"] is None
    Sealer(sealed.db, sealed.clock).pass_once()
    assert web.get("/api/v1/audit").json()["items"][0]["hash"]
    renamed = {"subject": "customer", "action": "customer.renamed", "limit": 5}
    first = web.get("/api/v1/audit", params=renamed).json()
    rest = web.get("/api/v1/audit", params={**renamed, "cursor": first["next"]}).json()
    assert [row["seq"] for row in first["items"] + rest["items"]] == seqs(sealed)[::-1]
    sealed.process_all()
    sealed.postman.taken.clear()
    for phones in sealed.phones.values():
        phones.taken.clear()


def _delete(connection: Connection, table: str, seq: int) -> None:
    _run(connection, f"DELETE FROM {table} WHERE seq = {seq}")  # noqa: S608 - our own words


def _run(connection: Connection, statement: str) -> None:
    assert connection.exec_driver_sql(statement).rowcount == 1, statement
