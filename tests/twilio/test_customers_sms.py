"""A customer's SMS joins their ticket or opens one, and is confirmed like a mail."""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.desk import people
from app.models import Contact, Event, MailStop, Status
from app.store import tickets
from tests.twilio.conftest import PhoneWorld, away

KARI = "+4790000010"
FAULT = "Hei, kassen i butikken stopper når vi skanner varer. Feil 42."


def messages(desk: PhoneWorld, number: int = 1) -> list[str]:
    with desk.world.db.reading() as session:
        rows = tickets.messages(session, desk.world.ticket(number).id)
        return [row.text for row in rows]


def know(desk: PhoneWorld, **about: str) -> Contact:
    with desk.world.db.writing() as session:
        customer = people.add_customer(
            session, name="Fjellbod AS", domains=(), language="nn", now=desk.world.now
        )
        return people.add_contact(
            session, phone=KARI, customer=customer, now=desk.world.now, **about
        )


@pytest.fixture
def opened(desk: PhoneWorld) -> PhoneWorld:
    """Kari has written an SMS, which opened a ticket and was confirmed."""
    desk.phone(KARI).sends(FAULT)
    desk.world.process_all()
    desk.phone(KARI).expect_sms("Nordheim Drift: Vi har fått meldingen din. Saken har nummer 1 (")
    desk.world.postman.taken.clear()
    return desk


def test_an_sms_opens_a_ticket_and_is_confirmed_without_a_link(desk: PhoneWorld) -> None:
    desk.phone(KARI).sends(FAULT)
    desk.world.process_all()
    sms = desk.phone(KARI).expect_sms("Saken har nummer 1 (").arrives()
    assert "http" not in sms.text
    assert "senest" in sms.text or "innen" in sms.text
    ticket = desk.world.ticket()
    assert (ticket.channel, ticket.subject) == ("sms", FAULT[:80])
    assert messages(desk)[0] == FAULT
    assert desk.world.data_of(Event.ACKNOWLEDGED)["by"] == "sms"
    desk.world.postman.taken.clear()


def test_a_customer_known_by_the_number_is_written_to_in_their_language(desk: PhoneWorld) -> None:
    contact = know(desk, name="Kari Fjell")
    desk.phone(KARI).sends(FAULT)
    desk.world.process_all()
    desk.phone(KARI).expect_sms("Vi har fått meldinga di. Saka har nummer 1").arrives()
    assert desk.world.ticket().customer_id == contact.customer_id
    desk.world.postman.taken.clear()


def test_a_further_sms_joins_the_ticket_and_is_not_confirmed_again(opened: PhoneWorld) -> None:
    opened.phone(KARI).sends("Det gjelder begge kassene.")
    opened.world.process_all()
    assert messages(opened)[-1] == "Det gjelder begge kassene."
    assert Event.RECEIVED in opened.world.kinds()


def test_the_same_sms_told_three_times_is_one(desk: PhoneWorld) -> None:
    desk.twilio.repeats = 3
    desk.phone(KARI).sends(FAULT)
    desk.world.process_all()
    desk.phone(KARI).expect_sms("nummer 1").arrives()
    with desk.world.db.reading() as session:
        assert tickets.find_by_number(session, 2) is None
    desk.world.postman.taken.clear()


def test_an_sms_goes_on_with_the_ticket_that_it_names(opened: PhoneWorld) -> None:
    opened.world.web().post("/api/v1/tickets/1/solve", json={"reason": "Byttet."})
    opened.world.postman.taken.clear()
    opened.world.clock.move(timedelta(days=15))
    opened.phone(KARI).sends("Ny feil: skriveren i butikken er tom for papir og stopper.")
    opened.world.process_all()
    opened.phone(KARI).expect_sms("Saken har nummer 2")
    opened.phone(KARI).sends("Sak 2: nå virker den heller ikke etter omstart.")
    opened.world.process_all()
    assert len(messages(opened, 2)) == 3
    # The first was solved too long ago.
    opened.phone(KARI).sends("Gjelder sak 1 også.")
    opened.world.process_all()
    assert messages(opened, 2)[-1] == "Gjelder sak 1 også."
    opened.world.postman.taken.clear()


def test_an_sms_reopens_what_was_solved_lately_unless_it_says_thanks(opened: PhoneWorld) -> None:
    opened.world.web().post("/api/v1/tickets/1/solve", json={"reason": "Byttet."})
    opened.phone(KARI).sends("Tusen takk!")
    assert opened.world.ticket().status is Status.SOLVED
    opened.phone(KARI).sends("Kassen stopper fortsatt.")
    assert opened.world.ticket().status is Status.OPEN
    opened.world.process_all()
    opened.world.postman.taken.clear()


def test_an_answer_of_ours_reaches_whoever_has_only_a_number(opened: PhoneWorld) -> None:
    web = opened.world.web()
    said = web.post("/api/v1/tickets/1/replies", json={"text": "Vi er på saken, start kassen om."})
    assert said.status_code in {200, 201}, said.text
    opened.world.process_all()
    opened.phone(KARI).expect_sms("Vi er på saken, start kassen om.").then_reply("Det hjalp ikke.")
    assert messages(opened)[-1] == "Det hjalp ikke."
    assert Event.REPLIED in opened.world.kinds()
    opened.world.process_all()
    opened.world.postman.taken.clear()


@pytest.mark.parametrize("word", ["STOP", "stopp", "Stopp!", " STOPP. "])
def test_whoever_says_stop_gets_no_sms_any_more(opened: PhoneWorld, word: str) -> None:
    opened.phone(KARI).sends(word)
    opened.world.process_all()
    said = opened.world.web().post("/api/v1/tickets/1/replies", json={"text": "Hei"})
    assert (said.status_code, "wants no sms" in said.text) == (409, True)
    opened.world.web().post("/api/v1/tickets/1/solve", json={"reason": "Byttet."})
    opened.world.clock.move(timedelta(days=400))
    opened.phone(KARI).sends("Ny feil i kassen, den stopper helt når vi tar betalt.")
    opened.world.process_all()
    assert opened.world.data_of(Event.NOT_ACKNOWLEDGED, 2)["reason"] == "wants_no_sms"
    assert word.strip() not in messages(opened)
    opened.world.postman.taken.clear()


@pytest.mark.parametrize("word", ["START", "Ja", "ja!"])
def test_start_and_ja_take_a_stop_back(opened: PhoneWorld, word: str) -> None:
    opened.phone(KARI).sends("STOPP")
    opened.phone(KARI).sends(word)
    opened.world.web().post("/api/v1/tickets/1/replies", json={"text": "Velkommen tilbake."})
    opened.world.process_all()
    opened.phone(KARI).expect_sms("Velkommen tilbake.").arrives()
    with opened.world.db.reading() as session:
        assert session.exec(select(MailStop)).all() == []


def test_ja_without_a_stop_is_an_answer(opened: PhoneWorld) -> None:
    opened.phone(KARI).sends("Ja")
    assert messages(opened)[-1] == "Ja"


def test_what_twilio_tells_of_a_stop_is_heeded(opened: PhoneWorld) -> None:
    opened.world.web().post("/api/v1/tickets/1/replies", json={"text": "Hei"})
    opened.world.process_all()
    opened.phone(KARI).expect_sms("Hei").is_undelivered(21610)
    said = opened.world.web().post("/api/v1/tickets/1/replies", json={"text": "Hei igjen"})
    assert said.status_code == 409
    opened.world.process_all()
    opened.world.postman.taken.clear()


@pytest.mark.parametrize("sender", ["BankID", "1990", "anonymous"])
def test_a_machines_sms_opens_a_ticket_and_is_not_answered(desk: PhoneWorld, sender: str) -> None:
    desk.phone(sender).sends("Avtalen din utløper snart.")
    desk.world.process_all()
    assert desk.world.data_of(Event.NOT_ACKNOWLEDGED)["reason"] == "machine"
    desk.world.postman.taken.clear()


def test_a_landline_is_not_sent_what_it_cannot_take(desk: PhoneWorld) -> None:
    desk.phone("+4722123456").sends(FAULT)
    desk.world.process_all()
    assert desk.world.data_of(Event.NOT_ACKNOWLEDGED)["reason"] == "not_a_mobile"
    desk.world.postman.taken.clear()


def test_a_loop_with_another_machine_ends_after_one_confirmation(desk: PhoneWorld) -> None:
    for number in range(30):
        desk.phone(KARI).sends(f"Vi har mottatt meldingen din. Saksnummer 10{number}.")
        desk.world.process_all()
        desk.world.move(minutes=1)
    desk.phone(KARI).expect_sms("nummer 1")
    assert len(messages(desk)) == 31
    desk.world.postman.taken.clear()


def test_an_sms_is_answered_503_while_the_database_is_away_and_taken_when_it_comes_again(
    desk: PhoneWorld,
) -> None:
    sid = desk.twilio.new_sid("SM")
    with away(desk):
        desk.phone(KARI).sends(FAULT, expect=503, MessageSid=sid)
    desk.phone(KARI).sends(FAULT, MessageSid=sid)
    desk.world.process_all()
    desk.phone(KARI).expect_sms("nummer 1")
    desk.world.postman.taken.clear()


def test_what_is_no_sms_is_refused(desk: PhoneWorld) -> None:
    said = desk.twilio.callback("https://desk.example/twilio/sms", {"Body": "hei"}, expect=422)
    assert "no SMS" in said.text
