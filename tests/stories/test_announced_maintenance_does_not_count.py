from datetime import datetime, timedelta
from typing import Any

import pytest

from app.desk import people
from app.models import Customer
from app.sla.terms import ClockKind
from tests.harness.world import KARI, TUESDAY_TEN, World

MINOR = "Hei\n\nLogoen på kontaktsiden er skjev.\n"
HOUR = timedelta(hours=1)


@pytest.fixture
def fjellbod(world: World) -> Customer:
    """Return a customer of the world's whose mail domain is known."""
    with world.db.writing() as session:
        return people.add_customer(
            session, name="Fjellbod AS", domains=("fjellbod.example",), now=world.now
        )


def announce(world: World, begin: timedelta, end: timedelta, **about: Any) -> dict[str, Any]:
    body = {
        "title": "Oppgradering av databasen",
        "starts_at": (world.now + begin).isoformat(),
        "ends_at": (world.now + end).isoformat(),
        **about,
    }
    answer = world.web(world.lead).post("/api/v1/maintenance", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def report(world: World, *, sender: str = KARI, message_id: str = "<1@x.example>") -> None:
    # Each in other words: a third mail that is like two others is a machine's.
    word = "abcdefgh"[int(message_id[1])]
    text = f"{MINOR} {word}"
    world.mail(text, subject="Skjev logo", sender=sender, message_id=message_id)
    world.process_all()
    world.postman.expect(sender)


def limit(world: World, number: int = 1) -> datetime:
    found = world.clock_of(ClockKind.FIRST_RESPONSE, number).limit_at
    assert found is not None
    return found


def explained(world: World) -> dict[str, Any]:
    clocks = world.web().get("/api/v1/tickets/1/clocks").json()["clocks"]
    found: dict[str, Any] = next(one for one in clocks if one["kind"] == "first_response")
    assert sum(part["seconds"] for part in found["counted"]) == found["elapsed_s"]
    return found


def test_a_window_moves_the_deadlines_of_those_it_names_and_no_others(
    world: World, fjellbod: Customer
) -> None:
    report(world)
    report(world, sender="per@annen.example", message_id="<2@x.example>")
    before = limit(world)
    announce(world, HOUR, 3 * HOUR, customers=[str(fjellbod.id)])
    assert limit(world, 1) == before + 2 * HOUR
    assert limit(world, 2) == before
    world.process_all()
    world.postman.expect(KARI, saying="vedlikehold som er varslet")


def test_a_ticket_that_comes_before_or_in_the_window_has_it_in_its_deadlines(
    world: World, fjellbod: Customer
) -> None:
    report(world, sender="per@annen.example", message_id="<0@x.example>")
    plain = limit(world, 1)
    announce(world, HOUR, 3 * HOUR, customers=[str(fjellbod.id)])
    report(world)
    assert limit(world, 2) == plain + 2 * HOUR
    world.clock.move(2 * HOUR)
    report(world, message_id="<2@x.example>")
    # An hour of the window is left; the receipt was two hours later.
    assert limit(world, 3) == plain + 2 * HOUR + HOUR
    world.clock.move(2 * HOUR)
    report(world, message_id="<3@x.example>")
    assert limit(world, 4) == plain + 4 * HOUR


def test_an_overrun_counts(world: World, fjellbod: Customer) -> None:
    announce(world, HOUR, 2 * HOUR, everyone=True)
    report(world)
    # The work was to be over at noon, and goes on until one.
    world.clock.move(4 * HOUR)
    assert explained(world)["elapsed_s"] == 3 * 3600
    (stood,) = explained(world)["stood_still"]
    assert (stood["kind"], stood["actor"]) == ("exclusion", "desk")
    assert stood["reason"] == "Oppgradering av databasen"


def test_a_window_that_is_called_off_never_counted(world: World) -> None:
    report(world)
    before = limit(world)
    window = announce(world, HOUR, 3 * HOUR, everyone=True)
    world.clock.move(HOUR / 2)
    path = f"/api/v1/maintenance/{window['id']}/cancel"
    web = world.web(world.lead)
    assert web.post(path, json={"reason": "Utsatt."}).status_code == 200
    assert web.post(path, json={"reason": "Utsatt."}).status_code == 409
    assert limit(world) == before
    world.process_all()
    world.postman.expect(KARI, saying="vedlikehold")
    world.postman.expect(KARI, saying="teller likevel")
    report(world, message_id="<2@x.example>")
    assert "excluded" not in world.kinds(2)


def test_a_window_that_is_broken_off_excludes_what_it_covered(world: World) -> None:
    report(world)
    before = limit(world)
    window = announce(world, HOUR, 3 * HOUR, everyone=True)
    world.clock.move(1.5 * HOUR)
    path = f"/api/v1/maintenance/{window['id']}/cancel"
    assert world.web(world.lead).post(path, json={"reason": "Ferdig."}).status_code == 200
    assert limit(world) == before + HOUR / 2
    world.process_all()
    world.postman.expect(KARI, saying="vedlikehold")


def test_what_has_begun_is_not_announced_any_more(world: World, fjellbod: Customer) -> None:
    web = world.web(world.lead)
    body: dict[str, Any] = {
        "title": "Arbeid",
        "starts_at": (TUESDAY_TEN - HOUR).isoformat(),
        "ends_at": (TUESDAY_TEN + HOUR).isoformat(),
        "everyone": True,
    }
    answer = web.post("/api/v1/maintenance", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "starts_at")
    body["starts_at"] = (TUESDAY_TEN + HOUR / 2).isoformat()
    nobody = web.post("/api/v1/maintenance", json={**body, "everyone": False})
    assert (nobody.status_code, nobody.json()["field"]) == (422, "customers")
    body["ends_at"] = body["starts_at"]
    assert web.post("/api/v1/maintenance", json=body).status_code == 422
    assert web.get("/api/v1/maintenance").json()["items"] == []


def test_a_critical_ticket_in_a_window_is_paged_but_not_broken(world: World) -> None:
    announce(world, HOUR, 4 * HOUR, everyone=True)
    world.clock.move(HOUR)
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    world.process_all()
    world.postman.expect(KARI)
    assert limit(world) == TUESDAY_TEN + 6 * HOUR
    world.move(hours=4, minutes=59)
    assert "breached" not in world.kinds()
    world.postman.taken.clear()  # Pages are other stories'.
    world.move(minutes=2)
    assert "breached" in world.kinds()
    world.postman.taken.clear()  # Pages are other stories'.


def warned_at(world: World) -> datetime:
    """Return when three quarters of the first response's target were used, by the ladder."""
    return next(
        event.at
        for event in world.log()
        if event.kind == "step_fired"
        and event.data["clock"] == "first_response"
        and "Three quarters" in str(event.data["step"])
    )


def test_work_announced_for_after_the_target_holds_up_no_warning_before_it(world: World) -> None:
    report(world)
    # Nine of twelve working hours are used on Wednesday at eleven; the work is on Thursday.
    announce(world, 48 * HOUR, 50 * HOUR, everyone=True)
    world.process_all()
    world.postman.expect(KARI, saying="vedlikehold")
    world.move(hours=26)
    assert warned_at(world) == TUESDAY_TEN + 25 * HOUR
    world.postman.taken.clear()  # Whom it reached is another story's.


def test_work_announced_for_before_the_target_moves_its_warning_with_it(world: World) -> None:
    report(world)
    announce(world, HOUR, 3 * HOUR, everyone=True)
    world.process_all()
    world.postman.expect(KARI, saying="vedlikehold")
    world.move(hours=28)
    assert warned_at(world) == TUESDAY_TEN + 27 * HOUR
    world.postman.taken.clear()  # Whom it reached is another story's.
