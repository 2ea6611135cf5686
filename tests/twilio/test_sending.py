"""What is sent through Twilio is sent once, whatever Twilio answers and in whatever order it tells.

Every request of these stories is made by Twilio's own library and held to Twilio's own document.
"""

from datetime import timedelta

import pytest
from sqlmodel import select

from app.connections import phones
from app.models import Delivery, DeliveryClass, DeliveryState, Event
from app.models.base import Id
from app.outbox.claim import claim
from app.outbox.deliver import Lanes, Sender
from app.outbox.put import Notice, put_notice
from app.sla.ladder import PageChannel
from app.store import pages
from tests.harness.require import missing
from tests.harness.twilio_document import Document
from tests.harness.world import make_mail
from tests.ladder.pages import OLA, outage, small_fault
from tests.twilio.conftest import PhoneWorld

SMS, VOICE = PageChannel.SMS, PageChannel.VOICE
OUTAGE = "Hei\n\nHele nettbutikken er nede for alle kunder, ingen får betalt.\n"
KARIS_PHONE = "+4790000010"


def deliveries(desk: PhoneWorld, channel: str) -> list[Delivery]:
    with desk.world.db.reading() as session:
        query = select(Delivery).where(Delivery.channel == channel)
        return sorted(session.exec(query), key=lambda row: row.id)


def one(desk: PhoneWorld, channel: str = "sms") -> Delivery:
    (row,) = deliveries(desk, channel)
    return row


def write(desk: PhoneWorld, text: str, *, key: str = "1", channel: str = "sms") -> None:
    """Put a message to Kari into the outbox, as a verb would."""
    with desk.world.db.writing() as session:
        notice = Notice(
            dedupe_key=key,
            kind=DeliveryClass.RECEIPT,
            channel=channel,
            recipient=KARIS_PHONE,
            payload={"text": text, "language": "nb"},
        )
        put_notice(session, notice, now=desk.world.now)


def test_every_request_is_held_to_twilios_document() -> None:
    document = Document.load()
    if document is None:
        missing("Twilio's OpenAPI document, beside the checkout,")
    assert document is not None
    path = f"/2010-04-01/Accounts/AC{'5' * 32}/Messages.json"
    right = {"To": ["+4790000001"], "Body": ["hei"], "From": ["+4721000000"]}
    assert document.wrong_in_request("POST", path, {}, right) == []
    wrong = {"To": ["90000001"], "Bodi": ["hei"], "ValidityPeriod": ["3 min"]}
    assert len(document.wrong_in_request("POST", path, {}, wrong)) == 3
    assert document.wrong_in_request("POST", path, {}, {"Body": ["hei"]}) == ["To is missing"]
    assert document.wrong_in_request("POST", path.replace("Messages", "Massages"), {}, right)


def test_an_sms_carries_our_delivery_so_that_its_callbacks_find_it(desk: PhoneWorld) -> None:
    write(desk, "Sak 1 er mottatt – “takk” …")
    desk.world.deliver()
    sms = desk.phone(KARIS_PHONE).expect_sms('Sak 1 er mottatt - "takk" ...').arrives()
    row = one(desk)
    assert sms.made.get("StatusCallback").endswith(f"/twilio/deliveries/{row.id}")
    # Only a page is not worth sending late.
    assert sms.made.get("ValidityPeriod") == ""
    assert (row.state, row.provider_state) == (DeliveryState.SENT, "delivered")
    assert row.message_id == sms.made.sid


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 20500), (503, 20503)])
@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_a_twilio_that_fails_is_asked_again_and_sends_once(
    desk: PhoneWorld, channel: str, status: int, code: int
) -> None:
    desk.twilio.fails_next("Messages" if channel == "sms" else "Calls", status=status, code=code)
    write(desk, "Hei", channel=channel)
    desk.world.deliver()
    assert f"(Twilio {code})" in str(one(desk, channel).last_error)
    desk.world.move(seconds=7)
    if channel == "sms":
        desk.phone(KARIS_PHONE).expect_sms("Hei").arrives()
    else:
        desk.phone(KARIS_PHONE).expect_call("Hei").then_hang_up()
    desk.world.move(hours=2)


@pytest.mark.parametrize("code", [21211, 21610, 21614, 21408, 13225])
def test_what_twilio_refuses_for_good_is_not_asked_again(desk: PhoneWorld, code: int) -> None:
    desk.twilio.fails_next("Messages", status=400, code=code)
    write(desk, "Hei")
    desk.world.deliver()
    assert one(desk).state is DeliveryState.FAILED
    desk.world.move(hours=2)


def test_a_wrong_token_is_mended_and_nothing_is_lost(desk: PhoneWorld) -> None:
    desk.twilio.fails_next("Messages", status=401, code=20003)
    write(desk, "Hei")
    desk.world.deliver()
    assert "auth token is wrong" in str(one(desk).last_error)
    desk.world.move(seconds=7)
    desk.phone(KARIS_PHONE).expect_sms("Hei").arrives()


def test_an_answer_that_is_lost_is_found_and_nothing_is_sent_twice(desk: PhoneWorld) -> None:
    desk.twilio.loses_next_answer("Messages")
    write(desk, "Hei")
    desk.world.deliver()
    assert one(desk).state is DeliveryState.PENDING
    desk.world.move(seconds=7)
    sms = desk.phone(KARIS_PHONE).expect_sms("Hei")
    row = one(desk)
    assert (row.state, row.message_id, row.attempts) == (DeliveryState.SENT, sms.made.sid, 2)
    assert str(row.response).endswith("of an earlier try")


def test_a_callback_tells_what_a_lost_answer_did_not(desk: PhoneWorld) -> None:
    desk.twilio.loses_next_answer("Messages")
    write(desk, "Hei")
    desk.world.deliver()
    sms = desk.phone(KARIS_PHONE).expect_sms("Hei").says("sent")
    asked = len(desk.twilio.requests)
    desk.world.move(hours=2)
    row = one(desk)
    assert (row.state, row.message_id, row.attempts) == (DeliveryState.SENT, sms.made.sid, 1)
    assert len(desk.twilio.requests) == asked


def test_a_lost_call_is_found_and_nobody_is_called_twice(desk: PhoneWorld) -> None:
    desk.twilio.loses_next_answer("Calls")
    write(desk, "Hei", channel="voice")
    desk.world.deliver()
    desk.world.move(seconds=7)
    call = desk.phone(KARIS_PHONE).expect_call("Hei")
    assert one(desk, "voice").message_id == call.made.sid
    desk.world.move(hours=2)


def test_a_message_of_another_delivery_is_not_taken_for_a_lost_one(desk: PhoneWorld) -> None:
    write(desk, "Hei", key="1", channel="voice")
    desk.world.deliver()
    first = desk.phone(KARIS_PHONE).expect_call("Hei")
    desk.twilio.fails_next("Calls", status=503, code=20503)
    write(desk, "Hei", key="2", channel="voice")
    desk.world.deliver()
    desk.world.move(seconds=7)
    second = desk.phone(KARIS_PHONE).expect_call("Hei")
    assert second.made.sid != first.made.sid


@pytest.mark.anyio
async def test_a_sender_killed_before_it_wrote_the_answer_down_sends_nothing_twice(
    desk: PhoneWorld,
) -> None:
    write(desk, "Hei")
    until = desk.world.now + timedelta(seconds=60)
    with desk.world.db.writing() as session:
        (claimed,) = claim(session, now=desk.world.now, until=until, limit=1)
    sms = phones(desk.world.settings, desk.world.db)["sms"]
    await sms.deliver(KARIS_PHONE, claimed.payload, key=str(claimed.id))
    # And then the power goes; another sender claims it when the lease has ended.
    desk.world.clock.move(timedelta(seconds=61))
    assert await desk.world.sender.pass_once() == 1
    made = desk.phone(KARIS_PHONE).expect_sms("Hei").made
    assert (one(desk).state, one(desk).message_id) == (DeliveryState.SENT, made.sid)


def test_callbacks_may_come_twice(desk: PhoneWorld) -> None:
    desk.twilio.repeats = 3
    desk.reach_ola(SMS, VOICE)
    outage(desk.world)
    desk.ola.expect_sms("Sak 1").is_undelivered(30005)
    desk.world.process_all()
    desk.ola.expect_call("Sak 1").then_press("1")
    desk.world.process_all()
    kinds = desk.world.kinds()
    wanted = (Event.DELIVERY_FAILED, Event.PAGE_FAILED, Event.TAKEN)
    assert [kinds.count(one) for one in wanted] == [1, 1, 1]


def test_callbacks_may_come_in_reverse(desk: PhoneWorld) -> None:
    desk.reach_ola(SMS)
    outage(desk.world)
    sms = desk.ola.expect_sms("Sak 1").says("delivered").says("sent").says("queued")
    assert one(desk).provider_state == "delivered"
    # What has ended has ended, whatever is told then.
    sms.says("undelivered", 30003)
    assert one(desk).state is DeliveryState.SENT
    desk.world.move(minutes=4)
    assert desk.world.kinds().count(Event.DELIVERED) == 1


def test_a_call_whose_end_is_told_first_has_ended(desk: PhoneWorld) -> None:
    desk.reach_ola(VOICE)
    outage(desk.world)
    call = desk.ola.expect_call("Sak 1").says("no-answer").says("ringing").says("initiated")
    call.says("in-progress")
    row = one(desk, "voice")
    assert (row.state, row.provider_state) == (DeliveryState.FAILED, "no-answer")
    desk.world.process_all()
    desk.world.postman.expect(OLA)


def test_a_late_callback_of_the_first_try_does_not_touch_the_second(desk: PhoneWorld) -> None:
    write(desk, "Hei")
    desk.world.deliver()
    kari = desk.phone(KARIS_PHONE)
    first = kari.expect_sms("Hei").is_undelivered(30008)
    desk.world.move(seconds=7)
    second = kari.expect_sms("Hei").says("sent")
    first.says("undelivered", 30008)
    row = one(desk)
    assert (row.state, row.provider_state) == (DeliveryState.SENT, "sent")
    second.says("delivered")
    assert one(desk).provider_state == "delivered"


def paged(desk: PhoneWorld) -> Id:
    """Let a page by SMS be put into the outbox and no further; return its id."""
    desk.reach_ola(SMS)
    desk.world.put(make_mail(OUTAGE, subject="Nettbutikken er nede"))
    while desk.world.processor.pass_once() or desk.world.engine.pass_once():
        pass
    with desk.world.db.reading() as session:
        (page,) = pages.of_ticket(session, desk.world.ticket().id)
    return page.id


def test_a_page_that_arrived_by_one_channel_still_goes_by_the_others_it_was_asked_for_with(
    desk: PhoneWorld,
) -> None:
    page = paged(desk)
    with desk.world.db.writing() as session:
        pages.confirm(session, page)
    desk.world.deliver()
    desk.ola.expect_sms("Sak 1").arrives()
    desk.world.postman.expect("kari@fjellbod.example")


def test_a_page_that_was_answered_before_it_left_is_not_sent(desk: PhoneWorld) -> None:
    paged(desk)
    assert desk.world.web().post("/api/v1/tickets/1/take").status_code == 200
    desk.world.deliver()
    row = one(desk)
    assert (row.state, row.last_error) == (
        DeliveryState.CANCELLED,
        "the page was answered by then",
    )
    desk.world.postman.expect("kari@fjellbod.example")


def test_staff_are_told_of_a_customers_sms_that_did_not_arrive(desk: PhoneWorld) -> None:
    small_fault(desk.world)
    with desk.world.db.writing() as session:
        notice = Notice(
            dedupe_key="receipt",
            kind=DeliveryClass.RECEIPT,
            channel="sms",
            recipient=KARIS_PHONE,
            payload={"text": "Sak 1 er mottatt.", "language": "nb"},
            ticket_id=desk.world.ticket().id,
        )
        put_notice(session, notice, now=desk.world.now)
    desk.world.deliver()
    desk.phone(KARIS_PHONE).expect_sms("mottatt").is_undelivered(30005)
    desk.world.process_all()
    assert Event.DELIVERY_FAILED in desk.world.kinds()
    desk.world.postman.expect(OLA, saying=KARIS_PHONE)
    desk.world.postman.taken.clear()


@pytest.mark.anyio
async def test_a_provider_that_hangs_keeps_no_mail_waiting(desk: PhoneWorld) -> None:
    world = desk.world
    mail = Sender(world.db, world.clock, {"support": [world.postman]}, lanes=Lanes.MAIL)
    world.put(make_mail())
    world.processor.pass_once()
    write(desk, "Hei")
    assert [await mail.pass_once(), await mail.pass_once()] == [1, 0]
    world.postman.expect("kari@fjellbod.example")
    assert one(desk).state is DeliveryState.PENDING
    rest = Sender(world.db, world.clock, {}, world.phones, lanes=Lanes.NOTICES)
    assert await rest.pass_once() == 1
    world.phones["sms"].expect(KARIS_PHONE, "Hei")
