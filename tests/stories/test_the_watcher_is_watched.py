from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from click.testing import Result
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from app.cli.commands import cli
from app.desk.pulse import ENGINE, Patience, PulseState, pulse_of
from app.kit.db import Database
from app.kit.net import Outside
from app.main import create_app
from app.sla.terms import ClockKind
from app.store import heartbeats
from app.worker import LoopHealth
from escalation.engine import Engine
from escalation.heartbeat import Heart, Lifeline
from escalation.watchdog import Trouble, Watchdog
from tests.harness.other_side import OtherSide, other_side
from tests.harness.smtp_server import SmtpServer
from tests.harness.world import TUESDAY_TEN, World
from tests.ladder.pages import OLA, outage, small_fault

MINUTE = timedelta(minutes=1)
PATIENCE = Patience(silent=timedelta(seconds=30), late=timedelta(seconds=60))


@pytest.fixture
def side() -> Generator[OtherSide]:
    with other_side() as one:
        yield one


def ready(world: World) -> tuple[int, str]:
    answer = world.web().get("/readyz")
    return answer.status_code, answer.json()["engine"]["state"]


def test_a_house_whose_engine_runs_is_ready(world: World) -> None:
    world.engine.pass_once()
    assert ready(world) == (200, "ok")


def test_a_house_whose_engine_never_ran_is_not_ready(world: World) -> None:
    assert ready(world) == (503, "never")


def test_a_house_whose_engine_is_silent_is_not_ready(world: World) -> None:
    world.engine.pass_once()
    world.clock.move(timedelta(seconds=30))
    assert ready(world) == (200, "ok")
    world.clock.move(timedelta(seconds=1))
    assert ready(world) == (503, "silent")


def test_a_house_whose_steps_are_late_is_not_ready_though_its_engine_beats(world: World) -> None:
    small_fault(world)
    due = world.clock_of(ClockKind.FIRST_RESPONSE).next_alarm_at
    assert due is not None
    world.clock.move(due - world.now + timedelta(seconds=61))
    with world.db.writing() as session:
        heartbeats.beat(session, ENGINE, at=world.now, lag_s=0, version=1)
    assert ready(world) == (503, "behind")
    world.process_all()
    assert ready(world) == (200, "ok")
    world.postman.taken.clear()


def test_how_late_the_engine_was_is_written_with_its_heartbeat(world: World) -> None:
    world.engine.pass_once()
    small_fault(world)
    due = world.clock_of(ClockKind.FIRST_RESPONSE).next_alarm_at
    assert due is not None
    world.clock.move(due - world.now + timedelta(seconds=7))
    world.process_all()
    with world.db.reading() as session:
        heartbeat = heartbeats.find(session, ENGINE)
    assert heartbeat is not None
    assert heartbeat.lag_s == 7
    world.postman.taken.clear()


def test_the_numbers_show_that_it_falls_behind(world: World) -> None:
    world.engine.pass_once()
    small_fault(world)
    due = world.clock_of(ClockKind.FIRST_RESPONSE).next_alarm_at
    assert due is not None
    world.clock.move(due - world.now + timedelta(seconds=90))
    text = world.web().get("/metrics").text
    assert "svartid_engine_lag_seconds 90.0" in text
    assert 'svartid_engine_state{state="silent"} 1.0' in text
    world.process_all()
    assert "svartid_engine_lag_seconds 0.0" in world.web().get("/metrics").text
    world.postman.taken.clear()


def test_the_numbers_tell_of_loops_and_of_what_waits_to_leave(world: World) -> None:
    world.mail()
    app = create_app(
        world.db,
        world.house,
        world.clock,
        loop_health=lambda: [LoopHealth("sender", "failing", error="the disk is full")],
    )
    client = TestClient(app)
    client.headers["Authorization"] = world.web().headers["Authorization"]
    text = client.get("/metrics").text
    assert 'svartid_loop_running{loop="sender"} 0.0' in text
    assert 'svartid_outbox_waiting{channel="mail"} 1.0' in text
    assert TestClient(app).get("/metrics").status_code == 401


def test_an_older_engine_stands_aside_while_a_newer_one_is_at_work(world: World) -> None:
    newer = Engine(world.db, world.house, world.clock, Heart(world.db, world.clock, version=2))
    newer.pass_once()
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    assert world.engine.pass_once() == 0
    assert newer.pass_once() == 1
    world.deliver()
    world.postman.taken.clear()


def test_an_older_engine_is_needed_again_when_the_newer_one_has_gone(world: World) -> None:
    newer = Engine(world.db, world.house, world.clock, Heart(world.db, world.clock, version=2))
    newer.pass_once()
    outage(world)
    world.expect_silence()
    world.clock.move(timedelta(seconds=61))
    world.process_all()
    world.postman.expect(OLA)


def test_somebody_outside_is_called_only_while_all_is_well(world: World, side: OtherSide) -> None:
    here = Outside((ip_network("127.0.0.0/8"),))
    line = Lifeline(world.db, world.clock, here, side.url("/ping"), PATIENCE)
    line.pass_once()
    assert side.asked == []
    world.engine.pass_once()
    line.pass_once()
    assert [asked.path for asked in side.asked] == ["/ping"]
    world.clock.move(timedelta(seconds=31))
    line.pass_once()
    assert len(side.asked) == 1


def test_somebody_outside_who_is_away_stops_nothing_here(world: World) -> None:
    world.engine.pass_once()
    line = Lifeline(world.db, world.clock, Outside(), "https://127.0.0.1/", PATIENCE)
    assert line.pass_once() == 0


def dog(said: list[str], **about: object) -> Watchdog:
    def tell(subject: str, text: str) -> None:
        said.append(f"{subject}: {text}")

    return Watchdog("Nordheim", "nb", {"test": tell}, again_after=30 * MINUTE, **about)  # type: ignore[arg-type]


def heard(dog: Watchdog, *minutes: int, trouble: Trouble | None) -> list[Sequence[str]]:
    return [dog.hear(trouble, now=TUESDAY_TEN + one * MINUTE) for one in minutes]


def test_the_watchdog_barks_once_and_again_while_it_lasts_and_says_when_it_is_over() -> None:
    said: list[str] = []
    watching = dog(said)
    heard(watching, 0, 1, 29, trouble=Trouble("silent", age=75))
    assert len(said) == 1
    assert "75 s" in said[0]
    heard(watching, 30, trouble=Trouble("silent", age=900))
    assert len(said) == 2
    heard(watching, 31, 32, trouble=None)
    assert len(said) == 3
    assert "virker igjen" in said[2]


def test_a_watchdog_run_by_cron_remembers_what_it_told(tmp_path: Path) -> None:
    said: list[str] = []
    memory = tmp_path / "watchdog.json"
    for minute in (0, 5, 10):
        heard(dog(said, memory=memory), minute, trouble=Trouble("silent"))
    assert len(said) == 1
    heard(dog(said, memory=memory), 15, trouble=None)
    assert len(said) == 2
    assert not memory.exists()


def test_a_bark_that_reached_nobody_is_tried_again_at_the_next_look() -> None:
    def fails(subject: str, text: str) -> None:
        raise OSError("no line")

    watching = Watchdog("Nordheim", "nb", {"test": fails}, again_after=30 * MINUTE)
    assert not any(heard(watching, 0, 1, trouble=Trouble("silent")))
    watching.tellers = {"other": lambda subject, text: None}
    assert heard(watching, 2, trouble=Trouble("silent")) == [["other"]]


def run(db: Database, side: OtherSide, *words: str, **env: str) -> Result:
    settings = {
        "SVARTID_DATABASE__URL": db.url.render_as_string(hide_password=False),
        "SVARTID_DESK__SECRET": "s" * 40,
        "SVARTID_WEBHOOKS__ROOM__KIND": "chat",
        "SVARTID_WEBHOOKS__ROOM__URL": side.url("/room"),
        "SVARTID_NETWORK__PRIVATE_TARGETS": '["127.0.0.0/8"]',
        "SVARTID_WATCHDOG__TELL": '["webhook:room"]',
        **env,
    }
    return CliRunner().invoke(cli, ["watchdog", "--once", *words], env=settings)


def test_the_command_tells_a_room_of_a_dead_engine(db: Database, side: OtherSide) -> None:
    with db.writing() as session:
        at = datetime.now(UTC) - timedelta(seconds=75)
        heartbeats.beat(session, ENGINE, at=at, lag_s=0, version=1)
    result = run(db, side)
    assert result.exit_code == 1, result.output
    assert "vaktbikkja" in side.asked[0].body.decode()
    assert run(db, side, "--older-than", "600").exit_code == 0
    assert len(side.asked) == 1


def test_the_command_tells_of_a_database_that_is_away(
    db: Database, side: OtherSide, tmp_path: Path
) -> None:
    away = f"sqlite:///{tmp_path / 'empty.db'}"
    result = run(db, side, SVARTID_DATABASE__URL=away)
    assert result.exit_code == 1
    assert "Databasen svarer ikke" in side.asked[0].body.decode()


def test_the_command_tells_a_person_by_mail_without_the_outbox(
    db: Database, side: OtherSide
) -> None:
    with SmtpServer().serve() as server:
        result = run(
            db,
            side,
            SVARTID_WATCHDOG__TELL='["mail:vakt@desk.example"]',
            SVARTID_MAILBOXES__SUPPORT__ADDRESS="support@desk.example",
            SVARTID_MAILBOXES__SUPPORT__SMTP__HOST="127.0.0.1",
            SVARTID_MAILBOXES__SUPPORT__SMTP__PORT=str(server.port),
            SVARTID_MAILBOXES__SUPPORT__SMTP__SECURITY="none",
        )
    assert result.exit_code == 1, result.output
    (mail,) = server.received
    assert mail.recipients == ("vakt@desk.example",)


def test_a_watchdog_with_nobody_to_tell_is_refused_by_name(db: Database, side: OtherSide) -> None:
    result = run(db, side, SVARTID_WATCHDOG__TELL="[]")
    assert "watchdog.tell" in str(result.exception)


def test_the_pulse_is_told_the_same_on_both_databases(db: Database) -> None:
    with db.writing() as session:
        heartbeats.beat(session, ENGINE, at=TUESDAY_TEN, lag_s=1.5, version=1)
        heartbeats.beat(session, ENGINE, at=TUESDAY_TEN + MINUTE, lag_s=0.5, version=1)
    with db.reading() as session:
        pulse = pulse_of(session, PATIENCE, now=TUESDAY_TEN + MINUTE)
    assert (pulse.state, pulse.age_s, pulse.lag_s) == (PulseState.OK, 0, 0)
