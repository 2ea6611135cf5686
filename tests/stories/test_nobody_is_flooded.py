from datetime import timedelta

import pytest

from app.kit.errors import PermanentError
from app.sla.ladder import PageChannel
from app.sla.terms import ClockKind, Severity
from app.store import clocks, pages
from tests.harness.world import World, subject_and_text
from tests.ladder.pages import INGRID, OLA, give, outage, rota, told

MINUTE = timedelta(minutes=1)


def faults(world: World, count: int, *, first: int = 1) -> None:
    """Let small faults of as many customers come in, and each have the receipt."""
    for number in range(first, first + count):
        world.mail(
            "Hei\n\nDet er en liten feil i bunnteksten, den er skjev.\n",
            subject=f"Feil nummer {number}",
            sender=f"kunde{number}@butikk{number}.example",
            message_id=f"<{number}@butikk.example>",
        )
    world.process_all()
    world.postman.taken.clear()


def until_due(world: World, number: int = 1) -> timedelta:
    due = world.clock_of(ClockKind.FIRST_RESPONSE, number).next_alarm_at
    assert due is not None
    return due - world.now


def late(world: World, by: timedelta, number: int = 1) -> None:
    """Let time pass while no engine runs."""
    world.clock.move(until_due(world, number) + by)


@pytest.fixture
def desk(world: World) -> World:
    """A world in which Ola is on call."""
    rota(world, OLA)
    return world


def test_two_steps_for_one_person_at_one_moment_are_one_message(desk: World) -> None:
    faults(desk, 1)
    desk.move(seconds=until_due(desk).total_seconds())
    # Two clocks of one ticket have their step at once; whoever reads it needs to hear it once.
    desk.postman.expect(OLA, saying="1")


def test_tickets_that_fall_due_together_are_listed_in_one_message(desk: World) -> None:
    faults(desk, 3)
    desk.move(seconds=until_due(desk).total_seconds())
    text = subject_and_text(desk.postman.expect(OLA))
    assert all(f"Feil nummer {number}" in text for number in (1, 2, 3))
    assert len(told(desk, "step_fired", 3)) == 2


def test_what_falls_due_within_a_minute_of_a_message_goes_at_its_end(desk: World) -> None:
    faults(desk, 1)
    desk.clock.move(timedelta(seconds=20))
    faults(desk, 1, first=2)
    desk.clock.move(timedelta(seconds=20))
    faults(desk, 1, first=3)
    desk.move(seconds=until_due(desk).total_seconds())
    desk.postman.expect(OLA, saying="Feil nummer 1")
    desk.move(seconds=59)
    desk.expect_silence()
    desk.move(seconds=1)
    text = subject_and_text(desk.postman.expect(OLA))
    assert "Feil nummer 2" in text
    assert "Feil nummer 3" in text


def test_a_page_that_is_held_says_so_on_its_ticket_with_the_reason(desk: World) -> None:
    faults(desk, 1)
    desk.clock.move(timedelta(seconds=20))
    faults(desk, 1, first=2)
    desk.move(seconds=until_due(desk, 2).total_seconds())
    desk.postman.expect(OLA)
    held = told(desk, "page_held", 2)[0]
    assert held["person"] == "Ola Vakt"
    assert "less than a minute ago" in str(held["reason"])
    desk.move(minutes=1)
    desk.postman.expect(OLA)


def test_a_held_page_of_a_ticket_that_was_taken_meanwhile_is_not_sent(desk: World) -> None:
    faults(desk, 1)
    desk.clock.move(timedelta(seconds=20))
    faults(desk, 1, first=2)
    desk.move(seconds=until_due(desk, 2).total_seconds())
    desk.postman.expect(OLA)
    assert desk.web().post("/api/v1/tickets/2/take").status_code == 200
    desk.move(minutes=2)


def test_a_critical_page_is_never_held_behind_another_message(desk: World) -> None:
    faults(desk, 1)
    desk.move(seconds=until_due(desk).total_seconds())
    desk.postman.expect(OLA)
    outage(desk, sender="Liv <liv@vidda.example>", n=2)
    desk.postman.expect(OLA, saying="kritisk")
    assert told(desk, "page_held", 2) == []


def test_two_critical_tickets_are_two_pages(desk: World) -> None:
    outage(desk)
    outage(desk, sender="Liv <liv@vidda.example>", n=2)
    for number in (1, 2):
        desk.postman.expect(OLA, saying=f"Sak {number} kritisk")


def test_after_an_outage_a_person_gets_one_message_with_the_list(desk: World) -> None:
    faults(desk, 12)
    late(desk, timedelta(hours=2))
    desk.process_all()
    desk.expect_silence()
    desk.move(seconds=10)
    text = subject_and_text(desk.postman.expect(OLA))
    assert all(f"Feil nummer {number}" in text for number in range(1, 13))
    desk.move(minutes=2)
    held = told(desk, "page_held", 5)[0]
    assert "engine was away" in str(held["reason"])


def test_the_list_begins_with_what_is_most_urgent(desk: World) -> None:
    faults(desk, 4)
    with desk.db.writing() as session:
        # Its clocks stay as they are, so that the same step is due for the same person.
        session.merge(desk.ticket(4)).severity = Severity.SERIOUS
    late(desk, timedelta(hours=2))
    desk.process_all()
    desk.move(seconds=10)
    mail = desk.postman.expect(OLA)
    assert "Sak 4" in mail["Subject"]
    desk.postman.taken.clear()


def test_after_an_outage_a_critical_ticket_is_paged_before_the_list(desk: World) -> None:
    faults(desk, 3)
    late(desk, timedelta(hours=2), number=1)
    desk.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    desk.process_all()
    desk.postman.expect(OLA, saying="kritisk")
    desk.postman.taken.clear()  # The receipt.
    desk.move(seconds=10)
    desk.postman.expect(OLA, saying="Feil nummer 3")


def test_of_what_is_due_the_worst_is_claimed_first(desk: World) -> None:
    faults(desk, 2)
    late(desk, timedelta(hours=2), number=1)
    desk.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    with desk.db.reading() as session:
        first = clocks.claim_due(session, desk.now, 1)
    assert [clock.ticket_id for clock in first] == [desk.ticket(3).id]
    desk.process_all()
    desk.move(minutes=1)
    desk.postman.taken.clear()


def test_a_list_that_did_not_arrive_goes_by_the_next_method_and_loses_nobody(desk: World) -> None:
    give(desk, desk.agent, PageChannel.MAIL, "ola@home.example")
    give(desk, desk.agent, PageChannel.CHAT, "https://hooks.slack.com/services/ola")
    faults(desk, 3)
    late(desk, timedelta(seconds=5))
    while desk.engine.pass_once():
        pass
    desk.postman.failures.append(PermanentError("the mailbox is full"))
    desk.process_all()
    desk.move(minutes=2)
    rooms = desk.phones["chat"].taken
    text = "\n".join(str(payload["text"]) for _, payload in rooms)
    assert all(f"Feil nummer {number}" in text for number in (1, 2, 3))
    assert len(rooms) <= 2
    rooms.clear()
    for number in (1, 2, 3):
        assert "the mailbox is full" in str(told(desk, "page_failed", number)[0]["why"])


def test_what_is_confirmed_is_confirmed_for_every_ticket_of_the_list(desk: World) -> None:
    faults(desk, 2)
    desk.move(seconds=until_due(desk).total_seconds())
    desk.postman.taken.clear()
    with desk.db.writing() as session:
        sent = [page for n in (1, 2) for page in pages.of_ticket(session, desk.ticket(n).id)]
        (lead,) = (page for page in sent if page.lead_id is None)
        assert {page.lead_id for page in sent} == {None, lead.id}
        pages.confirm(session, lead.id)
    with desk.db.reading() as session:
        for number in (1, 2):
            states = {page.state for page in pages.of_ticket(session, desk.ticket(number).id)}
            assert states == {"confirmed"}


def test_somebody_else_is_told_at_once_whatever_the_first_has_been_sent(desk: World) -> None:
    faults(desk, 1)
    desk.move(seconds=until_due(desk).total_seconds())
    desk.postman.expect(OLA)
    desk.clock.move(timedelta(seconds=5))
    with desk.db.writing() as session:
        ticket = session.merge(desk.ticket(1))
        ticket.assignee_id = desk.lead.id
    faults(desk, 1, first=2)
    limit = desk.clock_of(ClockKind.FIRST_RESPONSE, 1).target_at
    assert limit is not None
    desk.move(seconds=(limit - desk.now).total_seconds())
    desk.postman.expect(INGRID)
    desk.postman.taken.clear()
