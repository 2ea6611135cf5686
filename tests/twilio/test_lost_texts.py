"""What customers wrote while we were away is found at Twilio, and counts from when it was sent."""

from datetime import timedelta

import pytest

from app.models import Event, Status
from app.outbox.twilio.account import Account
from app.store import tickets
from intake.sms_lost import LostTexts
from tests.twilio.conftest import PhoneWorld

KARI = "+4790000010"
FAULT = "Hei, kassen i butikken stopper når vi skanner varer. Feil 42."


@pytest.fixture
def lost(desk: PhoneWorld) -> LostTexts:
    world = desk.world
    return LostTexts(world.db, world.house, world.clock, Account(world.settings))


def test_an_sms_that_was_never_handed_over_opens_its_ticket_late(
    desk: PhoneWorld, lost: LostTexts
) -> None:
    sent_at = desk.world.now
    desk.phone(KARI).sends(FAULT, told=False)
    desk.world.clock.move(timedelta(minutes=40))
    assert lost.pass_once() == 1
    desk.world.process_all()
    desk.phone(KARI).expect_sms("Saken har nummer 1").arrives()
    assert desk.world.ticket().received_at == sent_at
    desk.world.postman.taken.clear()


def test_what_was_handed_over_is_not_taken_in_again(desk: PhoneWorld, lost: LostTexts) -> None:
    desk.phone(KARI).sends(FAULT)
    desk.world.process_all()
    desk.phone(KARI).expect_sms("nummer 1")
    # We answered it; our own are in Twilio's list as well.
    desk.world.clock.move(timedelta(minutes=40))
    assert lost.pass_once() == 0
    with desk.world.db.reading() as session:
        assert tickets.find_by_number(session, 2) is None
    desk.world.postman.taken.clear()


def test_they_are_taken_in_in_the_order_in_which_they_were_sent(
    desk: PhoneWorld, lost: LostTexts
) -> None:
    desk.phone(KARI).sends(FAULT)
    desk.world.process_all()
    desk.phone(KARI).expect_sms("nummer 1")
    desk.world.web().post("/api/v1/tickets/1/solve", json={"reason": "Byttet."})
    for text in ("Fortsatt feil.", "Nå virker den.", "Tusen takk!"):
        desk.phone(KARI).sends(text, told=False)
        desk.world.clock.move(timedelta(minutes=1))
    desk.world.clock.move(timedelta(minutes=10))
    assert lost.pass_once() == 3
    with desk.world.db.reading() as session:
        rows = tickets.messages(session, desk.world.ticket().id)
    assert [row.text for row in rows][-3:] == ["Fortsatt feil.", "Nå virker den.", "Tusen takk!"]
    assert desk.world.ticket().status is Status.OPEN
    assert desk.world.kinds().count(Event.REOPENED) == 1
    desk.world.process_all()
    desk.world.postman.taken.clear()


def test_twilio_is_asked_now_and_then_and_not_all_the_time(
    desk: PhoneWorld, lost: LostTexts
) -> None:
    for _ in range(10):
        assert lost.pass_once() == 0
    asked = [one for one in desk.twilio.requests if one.startswith("GET")]
    assert len(asked) == 1
    assert lost.wait_s() == 300
    desk.world.clock.move(timedelta(minutes=5))
    lost.pass_once()
    assert len([one for one in desk.twilio.requests if one.startswith("GET")]) == 2


def test_what_was_sent_before_there_was_a_desk_is_nobodys_ticket(
    desk: PhoneWorld, lost: LostTexts
) -> None:
    desk.phone(KARI).sends(FAULT, told=False)
    desk.world.clock.move(timedelta(hours=2))
    assert lost.pass_once() == 0
