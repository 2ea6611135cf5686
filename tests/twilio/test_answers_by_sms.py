"""One of ours answers a page by SMS."""

import pytest

from app.models import Event, Role
from app.sla.ladder import PageChannel
from tests.ladder.pages import OLA, give, outage, told
from tests.twilio.conftest import PhoneWorld

SMS, VOICE = PageChannel.SMS, PageChannel.VOICE
PER, PERS_PHONE = "per@desk.example", "+4790000003"


@pytest.fixture
def paged(desk: PhoneWorld) -> PhoneWorld:
    """An outage about which Ola has an SMS."""
    desk.reach_ola(SMS)
    outage(desk.world)
    return desk


def another(desk: PhoneWorld) -> None:
    outage(desk.world, sender="Nina <nina@havn.example>", n=2)
    desk.ola.expect_sms("Sak 2").arrives()


@pytest.mark.parametrize("word", ["1", "ack 1", "ACK 1", "ta", "Ta 1", " ta  #1 ", "take", "Tar."])
def test_a_word_takes_the_ticket(paged: PhoneWorld, word: str) -> None:
    paged.ola.expect_sms("Svar TA 1 for å ta den").then_reply(word)
    paged.world.process_all()
    paged.ola.expect_sms("Sak 1 er din").arrives()
    assert paged.world.ticket().taken_by_id == paged.world.agent.id
    paged.world.move(minutes=14)


def test_the_same_answer_twice_is_one_answer(paged: PhoneWorld) -> None:
    paged.twilio.repeats = 3
    paged.ola.expect_sms("Sak 1").then_reply("ta 1")
    paged.world.process_all()
    paged.ola.expect_sms("Sak 1 er din").arrives()
    assert paged.world.kinds().count(Event.TAKEN) == 1


def test_whoever_was_paged_about_two_is_asked_which(paged: PhoneWorld) -> None:
    paged.ola.expect_sms("Sak 1").arrives()
    another(paged)
    paged.ola.sends("ta")
    paged.world.process_all()
    paged.ola.expect_sms("Flere saker venter: 2, 1. Svar TA og nummeret.").then_reply("ta 1")
    paged.world.process_all()
    paged.ola.expect_sms("Sak 1 er din").arrives()
    # One is left, and needs no number.
    paged.ola.sends("ta")
    paged.world.process_all()
    paged.ola.expect_sms("Sak 2 er din").arrives()


def test_somebody_elses_ticket_is_not_taken_by_its_number(paged: PhoneWorld) -> None:
    per = paged.world.hire("Per Drift", PER, Role.VIEWER)
    give(paged.world, per, SMS, PERS_PHONE)
    paged.ola.expect_sms("Sak 1").arrives()
    # He was paged about nothing.
    paged.phone(PERS_PHONE).sends("ta 1")
    paged.world.process_all()
    paged.phone(PERS_PHONE).expect_sms("Ingen slik sak venter på deg").arrives()
    assert paged.world.ticket().taken_at is None


def test_a_number_that_was_never_verified_takes_nothing(paged: PhoneWorld) -> None:
    paged.ola.expect_sms("Sak 1").arrives()
    paged.phone("+4790000011").sends("ta 1")
    paged.world.process_all()
    assert paged.world.ticket().taken_at is None
    # To us it is a stranger, who has written to the desk.
    assert paged.world.ticket(2).channel == "sms"
    paged.phone("+4790000011").expect_sms("Saken har nummer 2").arrives()
    for mail in list(paged.world.postman.taken):
        assert "2" in str(mail["Subject"])
    paged.world.postman.taken.clear()


def test_whoever_comes_second_is_told_who_was_quicker(paged: PhoneWorld) -> None:
    paged.ola.expect_sms("Sak 1").arrives()
    paged.world.web(paged.world.lead).post("/api/v1/tickets/1/take")
    paged.world.process_all()
    paged.ola.expect_sms("Ingrid Leder har tatt sak 1").arrives()
    paged.ola.sends("ta 1")
    paged.world.process_all()
    paged.ola.expect_sms("Ingrid Leder har tatt sak 1").arrives()
    assert paged.world.ticket().taken_by_id == paged.world.lead.id


def test_a_no_pages_the_next_person_at_once(paged: PhoneWorld) -> None:
    paged.ola.expect_sms("Sak 1").then_reply("nei 1")
    paged.world.process_all()
    paged.ola.expect_sms("Da varsler vi en annen om sak 1").arrives()
    assert [one["why"] for one in told(paged.world, "page_failed")] == ["the person cannot take it"]
    paged.world.postman.expect("ingrid@desk.example")


def test_what_is_mistyped_is_explained_and_opens_no_ticket(paged: PhoneWorld) -> None:
    paged.ola.expect_sms("Sak 1").then_reply("tq 1")
    paged.world.process_all()
    paged.ola.expect_sms("Svar TA 1 for å ta saken, NEI 1 hvis du ikke kan").then_reply("TA 1")
    paged.world.process_all()
    paged.ola.expect_sms("Sak 1 er din").arrives()


def test_whoever_reads_english_is_answered_in_english(paged: PhoneWorld) -> None:
    with paged.world.db.writing() as session:
        session.add(paged.world.agent)
        paged.world.agent.language = "en"
    paged.ola.expect_sms("Sak 1").then_reply("ack 1")
    paged.world.process_all()
    paged.ola.expect_sms("Ticket 1 is yours. Thank you!").arrives()


def test_one_of_ours_who_wants_no_sms_is_reached_another_way(desk: PhoneWorld) -> None:
    desk.reach_ola(SMS, VOICE)
    desk.ola.sends("STOPP")
    outage(desk.world)
    desk.ola.expect_call("Sak 1").then_press("1").hears("Sak 1 er din")
    assert "wants no SMS" in str(told(desk.world, "page_failed"))
    # Until START; a code could not reach him before that.
    desk.ola.sends("start")
    outage(desk.world, sender="Nina <nina@havn.example>", n=2)
    desk.ola.expect_sms("Sak 2").arrives()
    assert OLA not in str(desk.world.postman.taken)
