"""How late a step of a ladder is, and what it costs to wait: ``python -m tests.bench.engine``.

Open tickets with two clocks each fill the database; of some of them a step falls due at an even
rate, and the product's engine runs as it does in the service. A step's lateness is counted from its
nominal time to the commit that fired it. Each step writes its record, two entries of the log, a
page and its message, or says why it is held. The floor, in the same run: a program that finds the
same rows by an index, writes as many rows with plain SQL, and decides nothing.
"""

import argparse
import bisect
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select, update

from app.desk import people
from app.desk.house import House, keep_version
from app.kit import schema
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.wake import Topic
from app.models import Clock, LadderStep, LadderVersion, Role, Status, Ticket
from app.models.base import Id, Row
from app.sla.ladder import Ladder
from app.sla.terms import ClockKind, ClockStatus, Severity
from app.worker import Loop, Loops
from escalation.engine import Engine
from tests.bench.bulk import filling
from tests.harness.databases import postgres_database, postgres_programs, postgres_server
from tests.harness.world import make_settings

FAR_AHEAD = timedelta(days=30)
AGENTS = 40
BATCH = 5000
# Five steps, two seconds apart, so that a ladder is climbed within the run.
STEPS = [
    {
        "name": f"step {number}",
        "when": {"anchor": "target"} if number == 0 else {"anchor": "previous", "offset_s": 2},
        "whom": ["assignee"],
        "fallback": ["role:lead"],
        "how": ["mail"],
    }
    for number in range(5)
]


@dataclass
class Filled:
    """A database with open tickets in it."""

    db: Database
    house: House
    # Of the clocks whose steps will fall due.
    clocks: list[Id]


def fill(db: Database, tickets: int, watched: int) -> Filled:
    """Put open tickets into the database; a tenth are critical, the rest serious."""
    now = datetime.now(UTC)
    with db.writing() as session:
        house = House.open(session, make_settings(), now=now)
        people.add_agent(session, name="Lead", email="lead@d.example", role=Role.LEAD, now=now)
        agents = [
            people.add_agent(
                session, name=f"Agent {n}", email=f"a{n}@d.example", role=Role.AGENT, now=now
            ).id
            for n in range(AGENTS)
        ]
        ladder = Ladder.from_dict({"name": "bench", "steps": STEPS})
        ladder_id = keep_version(session, LadderVersion, ladder, now=now).id
    chosen: list[Id] = []
    # All rows of a kind are alike but for a few of their values.
    ticket = _ticket(house, ladder_id, now)
    clock = _clock(ticket["id"], now)
    with filling(db, ("ticket", "clock")) as into:
        for start in range(0, tickets, BATCH):
            rows: list[Sequence[Any]] = []
            clocks: list[Sequence[Any]] = []
            for number in range(start + 1, min(start + BATCH, tickets) + 1):
                severity = Severity.CRITICAL if number % 10 == 0 else Severity.SERIOUS
                own: dict[str, Any] = {"id": new_id(), "number": number, "severity": severity.value}
                own |= {"assignee_id": agents[number % AGENTS], "subject": f"Kassen ({number})"}
                rows.append(tuple((ticket | own).values()))
                its = {"ticket_id": own["id"], "urgency": severity.rank}
                for kind in (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED):
                    its |= {"id": new_id(), "kind": kind.value}
                    clocks.append(tuple((clock | its).values()))
                    if kind is ClockKind.FIRST_RESPONSE and len(chosen) < watched:
                        chosen.append(its["id"])
            into.put("ticket", list(ticket), rows)
            into.put("clock", list(clock), clocks)
    return Filled(db, house, chosen)


def _ticket(house: House, ladder_id: Id, now: datetime) -> dict[str, Any]:
    row = Ticket(
        number=0,
        subject="",
        status=Status.OPEN,
        channel="email",
        severity=Severity.SERIOUS,
        severity_reasons=[],
        language="nb",
        time_zone="Europe/Oslo",
        policy_id=house.policy_id,
        ladder_id=ladder_id,
        received_at=now,
        created_at=now,
        updated_at=now,
        flags=[],
    )
    return _values(row)


def _clock(ticket_id: Id, now: datetime) -> dict[str, Any]:
    row = Clock(
        ticket_id=ticket_id,
        kind=ClockKind.FIRST_RESPONSE,
        status=ClockStatus.RUNNING,
        started_at=now,
        target_at=now + FAR_AHEAD,
        limit_at=now + 2 * FAR_AHEAD,
        next_alarm_at=now + FAR_AHEAD,
    )
    return _values(row)


def _values(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in type(row).model_fields}
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in values.items()
    }


class Running:
    """The engine in a loop of the service, and when each of its transactions was committed."""

    def __init__(self, filled: Filled) -> None:
        self.engine = Engine(filled.db, filled.house, MachineClock())
        self.db = filled.db
        # When the transactions that fired steps had ended.
        self.passes: list[datetime] = []
        # The processor's time that the loop's thread has taken, in seconds.
        self.cpu_s = 0.0
        self._loops = Loops(filled.db.wake)
        self.engine._climb_due = self._climbed(self.engine._climb_due)  # type: ignore[method-assign]

    def __enter__(self) -> "Running":
        engine = self.engine
        loop = Loop("engine", self._pass, Topic.CLOCKS, engine.wait_s, engine.rest_s)
        self._loops.start([loop])
        return self

    def __exit__(self, *_: object) -> None:
        self._loops.stop()

    def _pass(self) -> int:
        worked = self.engine.pass_once()
        self.cpu_s = time.thread_time()
        return worked

    def _climbed(self, climb: Callable[..., int]) -> Callable[..., int]:
        """Note when each transaction that fires steps was committed; a pass may have several."""

        def noted(*what: Any) -> int:
            worked = climb(*what)
            self.passes.append(datetime.now(UTC))
            return worked

        return noted


def idle_ms(filled: Filled) -> list[float]:
    """Return what looks that find nothing cost."""
    engine = Engine(filled.db, filled.house, MachineClock())
    engine.pass_once()
    took = []
    for _ in range(300):
        began = time.perf_counter()
        assert engine.pass_once() == 0
        took.append((time.perf_counter() - began) * 1000)
    return took


def load(filled: Filled, rate: int, seconds: int) -> dict[str, float]:
    """Let ladders begin at an even rate, and return how late their steps were."""
    # Five steps a clock: the steps due in a second are as many as asked for once all are climbing.
    count = max(1, rate * seconds // len(STEPS))
    begin = datetime.now(UTC) + timedelta(seconds=2)
    gap = seconds / count
    moved = [
        {"row": clock, "at": begin + timedelta(seconds=number * gap)}
        for number, clock in enumerate(filled.clocks[:count])
    ]
    del filled.clocks[:count]
    _move(filled.db, moved)
    with Running(filled) as running:
        time.sleep(max(0.0, (begin - datetime.now(UTC)).total_seconds()) + seconds + 10)
        ends = sorted(running.passes)
        cpu_s = running.cpu_s
    with filled.db.reading() as session:
        rows = session.exec(
            select(LadderStep).where(col(LadderStep.clock_id).in_([one["row"] for one in moved]))
            if count < 30_000
            else select(LadderStep)
        ).all()
    starts = {one["row"]: one["at"] for one in moved}
    lateness = [_committed(row.fired_at, ends) - row.nominal_at for row in rows]
    drift = [
        abs((row.nominal_at - starts[row.clock_id]).total_seconds() - 2 * row.step)
        for row in rows
        if row.clock_id in starts
    ]
    late = sorted(one.total_seconds() for one in lateness)
    return {
        "steps": len(rows),
        "expected": count * len(STEPS),
        "skipped": sum(1 for row in rows if row.skipped),
        "p50_s": round(statistics.median(late), 3),
        "p99_s": round(late[int(len(late) * 0.99)], 3),
        "worst_s": round(late[-1], 3),
        "cpu_ms_a_step": round(cpu_s / len(rows) * 1000, 2),
        "passes": len(ends),
        "drift_s": max(drift, default=0.0),
    }


def _committed(fired_at: datetime, ends: Sequence[datetime]) -> datetime:
    """Return when the pass that fired at an instant had ended."""
    place = bisect.bisect_left(ends, fired_at)
    return ends[place] if place < len(ends) else ends[-1]


def _move(db: Database, moved: Sequence[dict[str, Any]]) -> None:
    statement = (
        update(Clock)
        .where(col(Clock.id) == bindparam("row"))
        .values(target_at=bindparam("at"), next_alarm_at=bindparam("at"))
    )
    with db.writing() as session:
        session.connection().execute(statement, list(moved))


def drain(filled: Filled, count: int) -> float:
    """Return how many first steps a second the engine fires when all are due at once."""
    now = datetime.now(UTC) - timedelta(milliseconds=1)
    _move(filled.db, [{"row": clock, "at": now} for clock in filled.clocks[:count]])
    del filled.clocks[:count]
    engine = Engine(filled.db, filled.house, MachineClock())
    began = time.perf_counter()
    done = 0
    while done < count:
        done += engine.pass_once()
    took = time.perf_counter() - began
    with filled.db.writing() as session:
        # The rest of their ladders is not climbed in the next measurement.
        stop = update(Clock).where(col(Clock.next_alarm_at) < now + timedelta(days=1))
        session.connection().execute(stop.values(next_alarm_at=None))
    return count / took


def floor(filled: Filled, count: int) -> float:
    """Return how many steps a second plain SQL writes: six rows each, nothing decided."""
    now = datetime.now(UTC)
    _move(filled.db, [{"row": clock, "at": now} for clock in filled.clocks[:count]])
    del filled.clocks[:count]
    with filled.db.writing() as session:
        session.connection().execute(
            text("CREATE TABLE IF NOT EXISTS floor_row (id TEXT, at TEXT, body TEXT)")
        )
    began = time.perf_counter()
    done = 0
    while done < count:
        with filled.db.writing() as session:
            due = _due(session, now)
            done += len(due)
            rows = [{"id": str(new_id()), "at": now.isoformat(), "body": "x" * 300}] * 5 * len(due)
            session.connection().execute(
                text("INSERT INTO floor_row VALUES (:id, :at, :body)"), rows
            )
            session.connection().execute(
                update(Clock).where(col(Clock.id).in_(due)).values(next_alarm_at=now + FAR_AHEAD)
            )
    return count / (time.perf_counter() - began)


def _due(session: Session, now: datetime) -> list[Id]:
    query = (
        select(Clock.id)
        .where(Clock.urgency >= 0, col(Clock.next_alarm_at) <= now)
        .limit(200)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(query))


@contextmanager
def databases(names: Sequence[str]) -> Generator[list[tuple[str, Database]]]:
    """Yield an empty, migrated database of each kind asked for."""
    found: list[tuple[str, Database]] = []
    folder = Path(tempfile.mkdtemp(prefix="svartid-bench-"))
    try:
        if "sqlite" in names:
            found.append(("sqlite", Database(f"sqlite:///{folder / 'bench.db'}")))
        if "postgresql" in names and postgres_programs():
            with postgres_server(fsync=True) as server, postgres_database(server, "bench") as url:
                found.append(("postgresql", Database(url)))
                yield found
                found[-1][1].close()
            return
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(name: str, db: Database, tickets: int, rates: Sequence[int], seconds: int) -> None:
    """Fill a database, measure it, and print a line of JSON for each figure."""
    schema.migrate(db)
    watched = sum(max(1, rate * seconds // len(STEPS)) for rate in rates) + 8000
    began = time.perf_counter()
    filled = fill(db, max(tickets, watched), watched)
    about = {"database": name, "tickets": max(tickets, watched)}
    told = {"filled_s": round(time.perf_counter() - began, 1)}
    print(json.dumps(about | told), flush=True)
    idle = sorted(idle_ms(filled))
    told = {"idle_ms_p50": round(statistics.median(idle), 2), "p99": round(idle[297], 2)}
    print(json.dumps(about | told), flush=True)
    speeds = {"floor_per_s": round(floor(filled, 4000)), "engine_per_s": round(drain(filled, 4000))}
    print(json.dumps(about | speeds), flush=True)
    for rate in rates:
        print(json.dumps(about | {"rate": rate} | load(filled, rate, seconds)), flush=True)


def main() -> None:
    """Measure as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--rates", type=int, nargs="+", default=[10, 100, 200, 1000])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    for one in asked.databases:
        with databases([one]) as found:
            for name, db in found:
                measure(name, db, asked.tickets, asked.rates, asked.seconds)
    sys.exit(0)


if __name__ == "__main__":
    main()
