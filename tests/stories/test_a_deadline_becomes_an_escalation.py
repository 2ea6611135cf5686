from datetime import timedelta

import pytest

from app.models import Clock, LadderVersion, Ticket
from app.sla.terms import ClockKind, ClockStatus
from tests.harness.world import KARI, TUESDAY_TEN, World

OLA, INGRID, ALL = "ola@desk.example", "ingrid@desk.example", "alle@desk.example"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outage(world: World) -> World:
    """A world with a critical ticket that was just received, its first page taken out."""
    world.mail(
        "Hei\n\nHele nettbutikken er nede for alle kunder, ingen får betalt.\n",
        subject="Nettbutikken er nede",
    )
    world.process_all()
    world.postman.expect(KARI)
    world.postman.expect(OLA, saying="1")
    return world


@pytest.fixture
def fault(world: World) -> World:
    """A world with a minor ticket: 12 and 48 working hours to a first response."""
    world.mail("Hei\n\nDet er en liten feil i bunnteksten, den er skjev.\n", subject="Skjev tekst")
    world.process_all()
    world.postman.expect(KARI)
    assert world.ticket().severity == "minor"
    return world


def steps(world: World) -> list[tuple[str, str, timedelta]]:
    """Return (clock, step, how late) of every step that paged somebody."""
    return [
        (str(event.data["clock"]), str(event.data["step"]), event.recorded_at - event.at)
        for event in world.log()
        if event.kind == "step_fired"
    ]


def test_a_critical_ticket_pages_at_once(outage: World) -> None:
    assert [step for _, step, _ in steps(outage)] == ["Critical: on call, at once"]


def test_every_step_fires_at_its_nominal_time(outage: World) -> None:
    outage.move(hours=2, minutes=20)
    assert {late for _, _, late in steps(outage)} == {timedelta(0)}
    outage.postman.taken.clear()  # Whom they reached is the other tests' matter.


def test_before_the_limit_at_the_limit_and_past_it_others_are_told(outage: World) -> None:
    outage.move(hours=2)
    outage.postman.taken.clear()
    outage.move(seconds=1)
    assert "breached" in outage.kinds()
    outage.move(minutes=16)
    outage.postman.expect(ALL)
    assert any("exhausted" in str(event.data.get("note")) for event in outage.log())
    outage.postman.taken.clear()


def test_taking_it_stops_the_paging_but_not_the_clock(outage: World) -> None:
    outage.web().post("/api/v1/tickets/1/take")
    outage.move(hours=1, minutes=40)
    outage.postman.expect_no_more()
    assert outage.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.RUNNING
    outage.move(minutes=10)
    # A quarter of an hour to the limit: who has taken it hears once more.
    outage.postman.expect(OLA)
    outage.postman.taken.clear()
    outage.move(minutes=10)
    outage.postman.expect(INGRID)
    outage.postman.taken.clear()


def test_an_answer_and_a_start_of_work_end_the_ladder(outage: World) -> None:
    web = outage.web()
    web.post("/api/v1/tickets/1/replies", json={"text": "Vi er på saken."})
    web.post("/api/v1/tickets/1/work")
    outage.move(hours=5)
    outage.postman.expect(KARI, saying="Vi er på saken.")
    assert "breached" not in outage.kinds()


def test_a_solved_ticket_pages_nobody(outage: World) -> None:
    outage.web().post("/api/v1/tickets/1/solve", json={"reason": "Oppe igjen."})
    outage.move(hours=5)
    assert "breached" not in outage.kinds()


def test_a_promise_met_at_the_very_second_of_its_limit_is_kept(outage: World) -> None:
    outage.clock.move(timedelta(hours=2))
    outage.web().post("/api/v1/tickets/1/replies", json={"text": "Vi er på saken."})
    outage.web().post("/api/v1/tickets/1/work")
    outage.move(hours=1)
    assert "breached" not in outage.kinds()
    outage.postman.taken.clear()


def test_working_hours_alone_count_for_a_minor_fault(fault: World) -> None:
    clock = fault.clock_of(ClockKind.FIRST_RESPONSE)
    # Seven hours are left of Tuesday, five more reach 14:00 on Wednesday.
    assert clock.target_at == TUESDAY_TEN + timedelta(hours=28)
    fault.move(hours=24 + 1)
    assert [step for _, step, _ in steps(fault)] == ["Three quarters of the target are used"] * 2
    # Both clocks' steps in one message.
    fault.postman.expect(OLA)


def test_a_clock_that_waits_for_the_customer_pages_nobody(fault: World) -> None:
    fault.web().post("/api/v1/tickets/1/wait", json={"reason": "Hvilken side?"})
    fault.move(days=10)
    assert steps(fault) == []


def test_after_an_outage_of_ours_only_the_newest_step_fires(outage: World) -> None:
    outage.clock.move(timedelta(hours=3))
    outage.process_all()
    fired = [step for clock, step, _ in steps(outage) if clock == "work_started"]
    # The target of a critical ticket is at its limit, so the newest moment has two steps.
    assert fired == ["The target is reached", "The limit is reached"]
    skipped = [event for event in outage.log() if event.kind == "step_skipped"]
    assert {str(event.data["reason"]) for event in skipped} == {"a newer step was due as well"}
    outage.postman.taken.clear()


def test_a_poisoned_clock_is_set_aside_and_holds_up_nobody(outage: World) -> None:
    outage.mail(
        "Hele nettbutikken er nede for alle kunder, ingen får betalt.",
        subject="Nettbutikken er nede",
        sender="per@annen.example",
        message_id="<2@annen.example>",
    )
    poison(outage, number=1)
    outage.process_all()
    outage.postman.expect("per@annen.example")
    outage.postman.expect(OLA, saying="2")
    clock = outage.clock_of(ClockKind.FIRST_RESPONSE, 1)
    assert clock.failures == 1
    assert clock.next_alarm_at == outage.now + timedelta(hours=1)


def poison(world: World, *, number: int) -> None:
    """Let the next look at a ticket's first clock raise: its ladder's body is nonsense."""
    with world.db.writing() as session:
        broken = LadderVersion(
            name="broken", version=1, digest="x", body={"steps": 1}, created_at=world.now
        )
        session.add(broken)
        ticket = session.get(Ticket, world.ticket(number).id)
        assert ticket is not None
        ticket.ladder_id = broken.id
        clock = session.get(Clock, world.clock_of(ClockKind.FIRST_RESPONSE, number).id)
        assert clock is not None
        clock.next_alarm_at = world.now


def test_the_link_in_a_page_takes_the_ticket_only_when_it_is_pressed(world: World) -> None:
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    world.process_all()
    world.postman.expect(KARI)
    page = world.postman.expect(OLA)
    body = page.get_body(("plain",))  # type: ignore[attr-defined]
    link = next(word for word in body.get_content().split() if "/take/" in word)
    path = "/take/" + link.partition("/take/")[2].rstrip(".")
    client = world.web()
    del client.headers["Authorization"]
    shown = client.get(path)
    assert shown.status_code == 200
    assert "Ola Vakt" in shown.text
    assert world.ticket().taken_at is None
    assert client.post(path).status_code == 200
    assert world.ticket().taken_at == world.now
    assert client.get(path[:-3] + "aaa").status_code == 404
