from datetime import timedelta

import pytest

from app.models import Event, Role
from app.sla.ladder import PageChannel
from app.sla.terms import ClockKind
from tests.harness.world import TUESDAY_TEN, World
from tests.ladder.pages import (
    INGRID,
    INGRIDS_PHONE,
    OLA,
    give,
    outage,
    rota,
    small_fault,
    told,
)

PER = "per@desk.example"


@pytest.fixture
def page(world: World) -> World:
    """A world with a critical ticket, whose first page has reached Ola and Per."""
    world.hire("Per Drift", PER, Role.AGENT)
    outage(world)
    world.postman.expect(OLA)
    world.postman.expect(PER)
    return world


def do(world: World, verb: str, **body: object) -> int:
    return world.web().post(f"/api/v1/tickets/1/{verb}", json=body or None).status_code


def test_everybody_else_who_was_paged_is_told_who_has_taken_it(page: World) -> None:
    assert do(page, "take") == 200
    page.process_all()
    page.postman.expect(PER, saying="Ola Vakt har tatt sak 1")


def test_somebody_paged_by_sms_is_told_by_sms(page: World) -> None:
    give(page, page.lead, PageChannel.SMS, INGRIDS_PHONE)
    page.move(minutes=15)
    page.phones["sms"].expect(INGRIDS_PHONE)
    page.postman.taken.clear()
    do(page, "take")
    page.process_all()
    page.phones["sms"].expect(INGRIDS_PHONE, "Ola Vakt har tatt sak 1")
    page.postman.expect(PER, saying="tatt")


def test_taking_it_twice_tells_nobody_twice(page: World) -> None:
    assert [do(page, "take"), do(page, "take")] == [200, 200]
    page.process_all()
    page.postman.expect(PER, saying="tatt")
    assert page.kinds().count(Event.TAKEN) == 1


def test_what_was_taken_and_not_answered_warns_again_before_the_limit(page: World) -> None:
    do(page, "take")
    page.process_all()
    page.postman.expect(PER, saying="tatt")
    page.move(minutes=104)
    page.expect_silence()
    page.move(minutes=1)
    assert "Critical: a quarter of an hour to the limit" in {
        one["step"] for one in told(page, "step_fired")
    }
    page.postman.taken.clear()


def test_a_ticket_that_is_handed_back_pages_people_again_at_once(page: World) -> None:
    do(page, "take")
    page.move(minutes=20)
    page.postman.expect(PER, saying="tatt")
    assert do(page, "hand-back", reason="Jeg må gå.") == 200
    page.process_all()
    assert page.ticket().taken_at is None
    assert page.ticket().assignee_id is None
    assert "Handed back" in {one["step"] for one in told(page, "step_fired")}
    page.postman.expect(OLA)
    page.postman.expect(PER)
    page.postman.taken.clear()  # The clock of the work, which no step had told of before.


def test_what_nobody_has_taken_cannot_be_handed_back(page: World) -> None:
    assert do(page, "hand-back", reason="Hvorfor ikke.") == 409


def test_only_its_taker_or_a_lead_gives_a_ticket_away(page: World) -> None:
    do(page, "take")
    page.process_all()
    page.postman.expect(PER, saying="tatt")
    per = page.hire("Siri Ny", "siri@desk.example", Role.AGENT)
    refused = page.web(per).post("/api/v1/tickets/1/hand-back", json={"reason": "Nei."})
    assert refused.status_code == 403
    allowed = page.web(page.lead).post("/api/v1/tickets/1/hand-back", json={"reason": "Ja."})
    assert allowed.status_code == 200
    page.process_all()
    page.postman.taken.clear()


def test_a_ticket_that_is_handed_on_stays_taken_and_the_new_owner_is_told(page: World) -> None:
    do(page, "take")
    page.process_all()
    page.postman.expect(PER, saying="tatt")
    assert do(page, "hand-on", agent_id=str(page.lead.id), reason="Hun kan betaling.") == 200
    page.process_all()
    page.postman.expect(INGRID, saying="Hun kan betaling.")
    ticket = page.ticket()
    assert (ticket.taken_by_id, ticket.assignee_id) == (page.lead.id, page.lead.id)
    page.move(minutes=60)


def test_a_snooze_keeps_quiet_until_its_end(page: World) -> None:
    until = TUESDAY_TEN + timedelta(minutes=30)
    assert do(page, "snooze", until=until.isoformat(), reason="Leverandøren starter om.") == 200
    page.move(minutes=29)
    page.expect_silence()
    page.move(minutes=1)
    # The newest step that is due fires; the ones before it are recorded as snoozed.
    page.postman.expect(INGRID)
    reasons = {str(one["reason"]) for one in told(page, "step_skipped")}
    assert reasons == {"the ticket was snoozed, and a newer step is due"}


def test_a_snooze_never_outlasts_the_limit(page: World) -> None:
    until = TUESDAY_TEN + timedelta(days=2)
    assert do(page, "snooze", until=until.isoformat(), reason="La meg være.") == 200
    assert page.ticket().snoozed_until == TUESDAY_TEN + timedelta(hours=2)
    page.move(minutes=119)
    page.expect_silence()
    page.move(minutes=2)
    page.postman.expect(INGRID)
    page.postman.taken.clear()


def test_a_snooze_needs_a_reason(page: World) -> None:
    until = TUESDAY_TEN + timedelta(minutes=30)
    assert do(page, "snooze", until=until.isoformat(), reason=" ") == 422


def test_somebody_else_may_take_it_over_and_the_ticket_goes_along(page: World) -> None:
    do(page, "take")
    page.process_all()
    page.postman.expect(PER, saying="tatt")
    page.web(page.lead).post("/api/v1/tickets/1/take")
    assert page.ticket().assignee_id == page.lead.id
    assert page.clock_of(ClockKind.FIRST_RESPONSE).status == "running"


def test_a_solved_ticket_cannot_be_taken(page: World) -> None:
    do(page, "solve", reason="Oppe.")
    assert do(page, "take") == 409


def test_a_ticket_opened_anew_forgets_who_had_handed_it_back(world: World) -> None:
    rota(world, OLA)
    small_fault(world)
    do(world, "take")
    do(world, "hand-back", reason="Ikke nå.")
    world.process_all()
    world.postman.taken.clear()
    do(world, "solve", reason="Rettet.")
    world.web().post("/api/v1/tickets/1/reopen")
    world.process_all()
    assert world.ticket().handed_back_at is None
