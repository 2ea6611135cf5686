import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.harness.command import said
from tests.harness.world import KARI, TUESDAY_TEN, World

TICKET = "/api/v1/tickets/1"


@pytest.fixture
def minor(world: World) -> World:
    """A world with one minor ticket, received on a Tuesday at ten; its receipt is taken out."""
    world.mail("Hei\n\nLogoen på kontaktsiden er skjev.\n", subject="Skjev logo")
    world.process_all()
    world.postman.expect(KARI)
    return world


def explained(world: World, kind: str = "first_response", **query: str) -> dict[str, Any]:
    answer = world.web().get(f"{TICKET}/clocks", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = next(one for one in answer.json()["clocks"] if one["kind"] == kind)
    assert sum(part["seconds"] for part in found["counted"]) == found["elapsed_s"]
    return found


def a_busy_life(world: World) -> None:
    """Pause over a night, raise the severity, solve, and open anew."""
    web = world.web()

    def post(verb: str, **body: object) -> None:
        answer = web.post(f"{TICKET}/{verb}", json=body)
        assert answer.status_code == 200, answer.text

    world.clock.move(timedelta(hours=1, seconds=7))
    post("wait", reason="Hvilken nettleser?")
    world.clock.move(timedelta(hours=23))
    post("resume")
    world.clock.move(timedelta(minutes=30, seconds=1))
    body = {"severity": "serious", "reason": "Flere butikker er rammet"}
    assert web.put(f"{TICKET}/severity", json=body).status_code == 200
    world.clock.move(timedelta(hours=2))
    post("solve", reason="")
    world.clock.move(timedelta(days=1))
    post("reopen")
    world.clock.move(timedelta(minutes=11))


def test_the_stretches_add_up_to_the_elapsed_time_after_a_busy_life(minor: World) -> None:
    a_busy_life(minor)
    told = explained(minor)
    # 1:00:07 before the pause; then 9:00:07 of Wednesday to noon and a half: 30:01 and two hours;
    # then eleven minutes on Thursday.
    assert told["elapsed_s"] == (3_607) + (1_801) + (7_200) + (660)
    assert [(halt["kind"], halt["reason"]) for halt in told["stood_still"]] == [
        ("pause", "Hvilken nettleser?"),
        ("pause", "solved"),
    ]
    assert told["received_at"] == TUESDAY_TEN.isoformat().replace("+00:00", "Z")
    assert [change["severity"] for change in told["changes"]] == ["serious"]
    assert told["basis"]["limit_s"] == 8 * 3600


def test_the_explanation_ends_at_the_deadline_that_the_ticket_shows(minor: World) -> None:
    a_busy_life(minor)
    shown = minor.web().get(TICKET).json()
    for clock in shown["clocks"]:
        told = explained(minor, clock["kind"])
        for name in ("target_at", "limit_at", "met_at", "breached_at", "status"):
            assert told[name] == clock[name], name


def test_what_is_left_is_the_limit_without_what_counted(minor: World) -> None:
    minor.clock.move(timedelta(minutes=90))
    minor.web().post(f"{TICKET}/wait", json={"reason": "Hvilken side?"})
    minor.clock.move(timedelta(days=9))
    told = explained(minor)
    assert told["elapsed_s"] == 90 * 60
    assert told["remaining_limit_s"] == told["basis"]["limit_s"] - 90 * 60
    assert told["limit_at"] is None


def test_it_is_told_in_words_with_peoples_names_in_either_language(minor: World) -> None:
    a_busy_life(minor)
    norwegian = "\n".join(explained(minor, language="nb")["words"])
    assert "av Ola Vakt: Hvilken nettleser?" in norwegian
    assert "av Ola Vakt: saken var løst" in norwegian
    english = "\n".join(explained(minor, language="en")["words"])
    assert "by Ola Vakt: the ticket was solved" in english
    assert "Promised for serious (standard v1): target 6 h" in english
    assert "Changed to serious Wednesday 25 November 2026" in english
    assert "agent:" not in norwegian + english


def test_an_answer_by_mail_ends_the_pause_in_the_customers_name(minor: World) -> None:
    minor.web().post(f"{TICKET}/wait", json={"reason": "Hvilken side?"})
    minor.clock.move(timedelta(hours=1))
    minor.mail(
        "Forsiden.",
        subject="Re: [#1] Skjev logo",
        In_Reply_To="<1@fjellbod.example>",
        message_id="<2@fjellbod.example>",
    )
    minor.clock.move(timedelta(minutes=5))
    told = explained(minor)
    assert told["elapsed_s"] == 5 * 60
    start, end = (datetime.fromisoformat(told["stood_still"][0][key]) for key in ("from", "to"))
    assert end - start == timedelta(hours=1)
    minor.process_all()


def test_a_language_that_we_do_not_write_is_refused(minor: World) -> None:
    answer = minor.web().get(f"{TICKET}/clocks", params={"language": "fr"})
    assert answer.status_code == 422
    assert answer.json()["field"] == "language"


def test_the_command_tells_the_same(minor: World) -> None:
    a_busy_life(minor)
    told = json.loads(said(minor, "ticket", "explain", "1", "--json"))
    clocks = {one["kind"]: one for one in told["clocks"]}
    assert set(clocks) == {"first_response", "work_started"}
    for kind, clock in clocks.items():
        assert sum(part["seconds"] for part in clock["counted"]) == clock["elapsed_s"]
        assert clock["limit_at"][:19] == explained(minor, kind)["limit_at"][:19]
    in_words = said(minor, "ticket", "explain", "1", "--language", "en")
    assert "First response: the report reached us Tuesday 24 November 2026 at 10:00." in in_words
