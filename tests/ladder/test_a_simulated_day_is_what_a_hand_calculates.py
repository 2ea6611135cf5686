"""Five tickets through the shipped ladder and policy without any chance, worked out by hand."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.sla.ladder import Ladder, default_ladder
from app.sla.policy import default_policy
from app.sla.terms import Severity
from escalation import simulate as model
from escalation.outcome import Outcome
from escalation.scenario import Scenario
from tests.ladder.climbing import make_ladder, make_step

OSLO = ZoneInfo("Europe/Oslo")
Arrival = tuple[Severity, datetime]

# Kari sits at the desk and is on call, and answers no page; the others answer every one.
STAFF = [
    {"name": "kari", "methods": ["voice"], "answers": 0, "wakes": 0},
    {"name": "lena", "roles": ["lead"], "at_desk": False, "answers": 1, "wakes": 1},
    {"name": "mari", "roles": ["admin"], "at_desk": False, "answers": 1, "wakes": 1},
]
ALWAYS_KARI = {
    "name": "desk",
    "tz": "Europe/Oslo",
    "layers": [{"name": "all", "people": ["kari"], "starts": "2026-01-01T08:00:00"}],
}


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return a moment of January 2027; the 12th is a Tuesday."""
    return datetime(2027, 1, day, hour, minute, second, tzinfo=OSLO)


def lived(
    monkeypatch: pytest.MonkeyPatch,
    *arrivals: Arrival,
    ladder: Ladder | None = None,
    **changes: Any,
) -> Outcome:
    """Run these arrivals with every time at its median."""

    def arrive(year: Any) -> None:
        for number, (severity, moment) in enumerate(arrivals, start=1):
            year._at(moment, "arrives", model._Ticket(severity, moment, number))

    monkeypatch.setattr(model, "_SPREAD", 0)
    monkeypatch.setattr(model._Year, "_arrivals", arrive)
    scenario = {
        "starts": "2027-01-11T00:00:00+01:00",
        "days": 3,
        "staff": STAFF,
        "schedules": [ALWAYS_KARI],
        "noticed_s": 2 * 3600,
        "answered_s": 120,
        "first_answer_s": 900,
        "work_s": 6 * 3600,
    } | changes
    return model.simulate(
        Scenario.from_dict(scenario), ladder or default_ladder(), default_policy(), seed=1
    )


def test_five_tickets_come_to_what_a_hand_calculates(monkeypatch: pytest.MonkeyPatch) -> None:
    told = lived(
        monkeypatch,
        # Kari is called at 02:00, :05, :10 and :15, and at :15 also Lena, who takes it at 02:17.
        (Severity.CRITICAL, at(12, 2)),
        # Kari sees it in the queue at 12:00, before anything falls due, and is busy until 18:00.
        (Severity.REQUEST, at(12, 10)),
        # As the first, by day: taken at 10:22.
        (Severity.CRITICAL, at(12, 10, 5)),
        # An hour of the queue's two is over at 17:00: seen at 10:00, answered at 10:15.
        (Severity.SERIOUS, at(12, 16)),
        # Seen at 10:00:30, but Kari is busy until 16:00: answered at 16:15. The limits were
        # 12:00:30 for the work and 16:00:30 for the answer. At nine tenths of each (11:36:30 and
        # 15:12:30) Kari has a mail, at each limit Lena and Mari.
        (Severity.SERIOUS, at(12, 16, 0, 30)),
    ).to_dict()
    assert told["promises"] == {
        "critical.first_response": {"met": 2, "breached": 0},
        "critical.work_started": {"met": 2, "breached": 0},
        "request.first_response": {"met": 1, "breached": 0},
        "serious.first_response": {"met": 2, "breached": 1},
        "serious.work_started": {"met": 2, "breached": 1},
    }
    assert told["people"] == {
        "kari": {"pages": 4 + 4 + 2, "nights": 1},
        "lena": {"pages": 1 + 1 + 2, "nights": 1},
        "mari": {"pages": 2, "nights": 0},
    }
    assert told["time_to_take_s"] == {
        "critical": {"median": 17 * 60, "p90": 17 * 60, "worst": 17 * 60},
        "request": {"median": 2 * 3600, "p90": 2 * 3600, "worst": 2 * 3600},
        "serious": {"median": 18 * 3600, "p90": 18 * 3600, "worst": 18 * 3600},
    }
    assert told["steps"] == {
        "Critical: on call, at once": 8,
        "Critical: next on call and lead": 2,
        "Nine tenths of the limit are used": 2,
        "The limit is reached": 2,
    }
    assert (told["skipped"], told["exhausted"]) == ({}, 0)


def test_without_the_schedule_every_agent_is_on_call_as_in_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff = [*STAFF, {"name": "ola", "at_desk": False, "answers": 1, "wakes": 1}]
    told = lived(monkeypatch, (Severity.CRITICAL, at(12, 2)), staff=staff, schedules=[])
    assert told.pages == {"kari": 1, "ola": 1}
    assert told.taken_after_s[Severity.CRITICAL] == [120]


def test_a_team_takes_turns_by_ticket_and_its_repeats_stay_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = {"team": "drift", "at_desk": False, "answers": 0, "wakes": 0}
    staff = [{"name": "per"} | silent, {"name": "siri"} | silent]
    step = make_step("team", clocks=["first_response"], whom=["team:drift"])
    step |= {"repeat_every_s": 300, "repeat_times": 2}
    arrivals = [(Severity.CRITICAL, at(12, 10)), (Severity.CRITICAL, at(13, 10))]
    orders: list[list[str]] = []
    people = model._Directory.people

    def watched(self: Any, receiver: Any, moment: datetime) -> Any:
        found = people(self, receiver, moment)
        if str(receiver) == "team:drift":
            orders.append(list(found))
        return found

    monkeypatch.setattr(model._Directory, "people", watched)
    lived(monkeypatch, *arrivals, ladder=make_ladder(step), staff=staff, schedules=[])
    assert orders == [["siri", "per"]] * 3 + [["per", "siri"]] * 3


def test_a_mail_wakes_nobody_though_only_a_phone_is_written_and_neither_does_the_catch_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ladder = make_ladder(make_step("mail", clocks=["first_response"], how=["mail"]))
    told = lived(monkeypatch, (Severity.CRITICAL, at(12, 2)), ladder=ladder)
    assert told.pages == {"kari": 1, model.CATCH_ALL: 1}
    assert not any(told.nights.values())
    assert told.taken_after_s[Severity.CRITICAL] == [5 * 60 + 120]


def test_a_step_for_a_room_alone_pages_no_person_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ladder = make_ladder(
        make_step("room", clocks=["first_response"], whom=["webhook:room"], how=["webhook"]),
        make_step(
            "lead",
            clocks=["first_response"],
            when={"anchor": "start", "offset_s": 600},
            whom=["role:lead", "webhook:room"],
        ),
    )
    told = lived(monkeypatch, (Severity.CRITICAL, at(12, 2)), ladder=ladder)
    assert told.pages == {"lena": 1}
    assert told.steps == {"room": 1, "lead": 1}
    assert told.taken_after_s[Severity.CRITICAL] == [600 + 120]
