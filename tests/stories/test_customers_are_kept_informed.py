from collections.abc import Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.kit.db import Database
from app.models import Clock
from app.sla.policy import default_policy
from app.sla.terms import ClockKind, ClockStatus
from app.sla.toml_write import write_toml
from tests.harness.world import KARI, TUESDAY_TEN, World, make_settings

TICKET = "/api/v1/tickets/1"
OLA = "ola@desk.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def outage(db: Database, tmp_path: Path) -> Generator[World]:
    """A house that promises news every hour and a cure in eight, with one critical ticket.

    It is taken, so that nobody is paged but who has it.
    """
    document: Any = default_policy().to_dict()
    critical = document["targets"]["critical"]
    critical["next_update"] = {"target": "45m", "limit": "1h", "counting": "every_hour"}
    critical["resolve"] = {"target": "4h", "limit": "8h", "counting": "every_hour"}
    file = tmp_path / "policy.toml"
    file.write_text(write_toml(document), encoding="utf-8")
    settings = make_settings(policy={"file": file, "catch_all": "alle@desk.example"})
    world = World(db, settings)
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    world.process_all()
    world.postman.expect(KARI, saying="Neste oppdatering fra oss")
    world.postman.expect(OLA)
    post(world, "take")
    yield world
    world.postman.expect_no_more()


def post(world: World, verb: str, **body: object) -> dict[str, Any]:
    answer = world.web().post(f"{TICKET}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def reply(world: World, text: str) -> None:
    post(world, "replies", text=text)
    world.process_all()
    world.postman.expect(KARI, saying=text)


def news(world: World) -> Clock:
    return world.clock_of(ClockKind.NEXT_UPDATE)


def explained(world: World, kind: str) -> dict[str, Any]:
    clocks = world.web().get(f"{TICKET}/clocks", params={"language": "nb"}).json()["clocks"]
    found: dict[str, Any] = next(one for one in clocks if one["kind"] == kind)
    assert sum(part["seconds"] for part in found["counted"]) == found["elapsed_s"]
    return found


def test_each_word_to_the_customer_promises_the_next(outage: World) -> None:
    assert news(outage).limit_at == TUESDAY_TEN + HOUR
    for minutes in (30, 10, 40):
        outage.clock.move(timedelta(minutes=minutes))
        reply(outage, f"Siste nytt {minutes}.")
        assert news(outage).limit_at == outage.now + HOUR
        assert news(outage).status is ClockStatus.RUNNING
    assert "breached" not in outage.kinds()
    assert len(explained(outage, "next_update")["rounds"]) == 3
    outage.postman.taken.clear()  # Reminders are the next story's.


def test_whoever_has_the_ticket_is_reminded_before_the_word_is_due(outage: World) -> None:
    reply(outage, "Vi har startet.")
    outage.move(minutes=44, seconds=59)
    outage.postman.expect_no_more()
    outage.move(seconds=2)
    outage.postman.expect(OLA, saying="neste oppdatering")


def test_a_customer_who_was_promised_news_is_told_once_that_it_is_late(outage: World) -> None:
    reply(outage, "Vi har startet.")
    outage.move(hours=1)
    outage.postman.taken.clear()  # Reminders are another story's.
    outage.move(seconds=1)
    letter = outage.postman.expect(KARI, saying="har vi ikke holdt det vi lovet")
    assert letter["Auto-Submitted"] == "auto-replied"
    outage.move(minutes=30)
    outage.postman.taken = [mail for mail in outage.postman.taken if KARI in str(mail["To"])]
    outage.postman.expect_no_more()
    assert news(outage).breached_at == TUESDAY_TEN + HOUR
    assert outage.kinds().count("late_told") == 1


def test_the_round_after_a_broken_one_is_kept_or_broken_by_itself(outage: World) -> None:
    reply(outage, "Vi har startet.")
    outage.move(hours=1, seconds=1)
    outage.postman.taken.clear()  # The letter is told of above.
    first = news(outage).run
    reply(outage, "Feilen er funnet.")
    again = news(outage)
    assert (again.breached_at, again.run) == (None, first + 1)
    assert again.limit_at == outage.now + HOUR
    (_, broken) = explained(outage, "next_update")["rounds"]
    assert broken["breached_at"] is not None
    outage.move(hours=1, seconds=1)
    assert outage.kinds().count("late_told") == 2
    outage.postman.taken.clear()  # The letter is told of above.


def test_a_customer_whose_answer_we_wait_for_is_promised_no_news(outage: World) -> None:
    post(outage, "replies", text="Hvilken nettleser?", then="wait")
    outage.process_all()
    outage.postman.expect(KARI, saying="Hvilken nettleser?")
    post(outage, "work")
    outage.move(hours=5)
    assert news(outage).status is ClockStatus.PAUSED
    assert "late_told" not in outage.kinds()


def test_a_cure_meets_its_promise_and_opening_anew_owes_it_again(outage: World) -> None:
    reply(outage, "Vi har startet.")
    post(outage, "work")
    outage.clock.move(HOUR / 2)
    post(outage, "solve", reason="Sertifikatet er fornyet.")
    cure = outage.clock_of(ClockKind.RESOLVE)
    assert (cure.status, cure.met_at) == (ClockStatus.MET, TUESDAY_TEN + HOUR / 2)
    assert news(outage).status is ClockStatus.CANCELLED
    outage.clock.move(10 * HOUR)
    post(outage, "reopen")
    again = outage.clock_of(ClockKind.RESOLVE)
    assert (again.status, again.met_at, again.run) == (ClockStatus.RUNNING, None, cure.run + 1)
    # The ten hours in which it was thought to be cured do not count.
    assert again.limit_at == TUESDAY_TEN + 18 * HOUR
    assert explained(outage, "resolve")["elapsed_s"] == 1800
    outage.process_all()
    outage.postman.taken.clear()  # Reminders are another story's.


def entry(world: World, kind: str) -> int:
    return next(event.seq or 0 for event in world.log() if event.kind == kind)


def correct(world: World, kind: str, at: datetime, **about: str) -> Any:
    body = {"at": at.isoformat(), "reason": "Ført for sent.", **about}
    seq = entry(world, kind)
    return world.web(world.lead).put(f"{TICKET}/timeline/{seq}/time", json=body)


def test_a_corrected_time_gives_what_would_have_been_known_from_the_start(outage: World) -> None:
    reply(outage, "Vi har startet.")
    outage.clock.move(3 * HOUR)
    post(outage, "work")
    before = outage.clock_of(ClockKind.WORK_STARTED)
    assert before.met_at == TUESDAY_TEN + 3 * HOUR
    assert explained(outage, "work_started")["kept"] is False
    answer = correct(outage, "work_started", TUESDAY_TEN + HOUR)
    assert answer.status_code == 200, answer.text
    after = outage.clock_of(ClockKind.WORK_STARTED)
    assert (after.status, after.met_at) == (ClockStatus.MET, TUESDAY_TEN + HOUR)
    assert explained(outage, "work_started")["kept"] is True
    first = next(event for event in outage.log() if event.kind == "work_started")
    assert first.at == TUESDAY_TEN + 3 * HOUR
    outage.process_all()
    outage.postman.taken.clear()  # Reminders are another story's.


def test_a_pause_that_was_entered_late_moves_the_deadline(outage: World) -> None:
    reply(outage, "Vi har startet.")
    outage.clock.move(HOUR / 2)
    post(outage, "wait", reason="Hvilken nettleser?")
    outage.clock.move(HOUR)
    post(outage, "resume")
    assert outage.clock_of(ClockKind.RESOLVE).limit_at == TUESDAY_TEN + 9 * HOUR
    assert correct(outage, "waiting", TUESDAY_TEN + HOUR / 4).status_code == 200
    assert outage.clock_of(ClockKind.RESOLVE).limit_at == TUESDAY_TEN + 9.25 * HOUR
    outage.process_all()
    outage.postman.taken.clear()  # Reminders are another story's.


def test_what_the_log_does_not_let_be_corrected(outage: World) -> None:
    reply(outage, "Vi har startet.")
    post(outage, "work")
    assert correct(outage, "opened", TUESDAY_TEN).status_code == 409
    assert correct(outage, "replied", TUESDAY_TEN).status_code == 409
    assert correct(outage, "work_started", TUESDAY_TEN - HOUR).status_code == 422
    assert correct(outage, "work_started", outage.now + HOUR).status_code == 422
    seq = entry(outage, "work_started")
    body = {"at": TUESDAY_TEN.isoformat(), "reason": "x"}
    web = outage.web(outage.lead)
    assert web.put(f"{TICKET}/timeline/{seq + 99}/time", json=body).status_code == 404
    assert outage.web().put(f"{TICKET}/timeline/{seq}/time", json=body).status_code == 403
