"""The line: what callers hear, who is rung, and what is a ticket whatever goes wrong."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.kit.errors import Unavailable
from app.models import Attachment, Call, CallOutcome, Role
from app.outbox.twilio.account import Account
from app.sla.ladder import PageChannel
from app.sla.terms import ClockKind, ClockStatus, Severity
from app.store import tickets
from intake.phone import twilio as line_web
from intake.phone.lost import LostCalls
from intake.phone.recordings import Recordings
from tests.harness.callers import Caller
from tests.harness.calls import (
    KARIS_MOBILE,
    LANDLINE,
    TOMS_MOBILE,
    call_backs,
    calls,
    kari,
    phoned,
    tom,
)
from tests.harness.fake_twilio import Recording
from tests.harness.world import KARI
from tests.ladder.pages import INGRID, INGRIDS_PHONE, OLA, OLAS_PHONE, give, rota
from tests.twilio.conftest import PhoneWorld, desk, held  # noqa: F401 - a fixture

CRITICAL, SERIOUS, MINOR, REQUEST = Severity
# Three at night in Oslo, on a Wednesday.
NIGHT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
VOICE = PageChannel.VOICE


@pytest.fixture(autouse=True)
def quiet(desk: PhoneWorld) -> object:  # noqa: F811 - the fixture's name
    """Let time move with the calls; receipts and pages are not what these stories are about."""
    desk.twilio.move = desk.world.clock.move  # type: ignore[attr-defined] # read by Caller
    yield
    desk.world.deliver()
    desk.world.postman.taken.clear()
    desk.twilio.unexpected.clear()


def caller(desk: PhoneWorld, number: str = KARIS_MOBILE) -> Caller:  # noqa: F811
    return Caller(desk.twilio, number)


def on_call(desk: PhoneWorld) -> None:  # noqa: F811
    """Let Ola be on call, and Ingrid come next, each with a telephone."""
    give(desk.world, desk.world.agent, VOICE, OLAS_PHONE)
    give(desk.world, desk.world.lead, VOICE, INGRIDS_PHONE)
    rota(desk.world, OLA, INGRID)


def the_call(desk: PhoneWorld) -> Call:  # noqa: F811
    (call,) = calls(desk.world)
    return call


def fetch(desk: PhoneWorld) -> Recordings:  # noqa: F811
    world = desk.world
    return Recordings(world.db, world.house, world.clock, Account(world.settings))


def files(desk: PhoneWorld) -> Sequence[Attachment]:  # noqa: F811
    with desk.world.db.reading() as session:
        messages = tickets.messages(session, desk.world.ticket().id)
        return tickets.attachments(session, [one.id for one in messages])


def text_of(desk: PhoneWorld) -> str:  # noqa: F811
    with desk.world.db.reading() as session:
        first = tickets.first_message(session, desk.world.ticket().id)
    assert first is not None
    return first.text


def test_a_known_caller_is_greeted_by_company_and_put_through(desk: PhoneWorld) -> None:  # noqa: F811
    kari(desk.world)
    on_call(desk)
    call = caller(desk).dials().hears("Hei, Fjellbod AS. Dette er Nordheim Drift. Trykk 1")
    call.presses("1").hears("Saken din har nummer 1. Vi setter deg over")
    assert desk.world.ticket().severity is CRITICAL
    call.waits()
    assert call.rung == OLAS_PHONE
    call.is_picked_up(saying="Kritisk sak 1 fra Fjellbod AS. Trykk 1").talks(minutes=4)
    made = the_call(desk)
    assert (made.outcome, made.agent) == (CallOutcome.ANSWERED, "Ola Vakt")
    assert made.ended_at is not None
    ticket = desk.world.ticket()
    assert (ticket.taken_by_id, ticket.assignee_id) == (desk.world.agent.id,) * 2
    assert desk.world.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.MET
    assert call_backs(desk.world) == []


def test_a_critical_call_at_night_reaches_the_second_on_call_person(desk: PhoneWorld) -> None:  # noqa: F811
    kari(desk.world)
    on_call(desk)
    desk.world.clock.move(NIGHT - desk.world.now)
    call = caller(desk).dials().presses("1").waits()
    assert call.rung == OLAS_PHONE
    call.nobody_answers()
    assert call.rung == INGRIDS_PHONE
    call.is_picked_up(saying="Kritisk sak 1").talks(minutes=2)
    assert the_call(desk).agent == "Ingrid Leder"
    assert desk.world.ticket().taken_by_id == desk.world.lead.id
    desk.world.process_all()
    desk.phone(KARIS_MOBILE).expect_sms("Saken har nummer 1 (kritisk)")


def test_nobodys_own_voicemail_takes_a_call(desk: PhoneWorld) -> None:  # noqa: F811
    on_call(desk)
    call = caller(desk).dials().presses("1").waits().voicemail_answers()
    assert call.rung == INGRIDS_PHONE
    call.is_picked_up(press="9").hears("Ingen kunne ta telefonen akkurat nå. Fortell etter tonen")
    call.leaves("Hele butikken er nede")
    assert the_call(desk).outcome is CallOutcome.VOICEMAIL


def test_a_caller_may_leave_a_message_instead(desk: PhoneWorld) -> None:  # noqa: F811
    on_call(desk)
    call = caller(desk).dials().presses("2").presses("0").hears("Fortell etter tonen")
    call.leaves("Kassen er treg. Det begynte i dag tidlig")
    assert "Kassen er treg Det begynte i dag tidlig" in text_of(desk)
    assert fetch(desk).pass_once() == 1
    (file,) = files(desk)
    assert (file.sniffed_type, file.size) == ("audio/mpeg", len(b"ID3 hei"))
    assert fetch(desk).pass_once() == 0
    (task,) = call_backs(desk.world)
    assert task.number == KARIS_MOBILE


def test_a_message_that_is_understood_makes_it_critical(desk: PhoneWorld) -> None:  # noqa: F811
    call = caller(desk).dials().waits()
    assert (desk.world.ticket().severity, desk.world.ticket().confirm_severity) == (SERIOUS, True)
    call.waits().leaves("Hele nettbutikken er nede, ingen får handlet")
    assert desk.world.ticket().severity is CRITICAL


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("Kritisk.", CRITICAL),
        ("alvorlig", SERIOUS),
        ("noe annet", MINOR),
        ("ikke kritisk", SERIOUS),
        ("hallo er det noen der", SERIOUS),
        ("Hele nettbutikken er nede, ingen får betalt", CRITICAL),
    ],
)
def test_a_caller_may_speak(desk: PhoneWorld, words: str, severity: Severity) -> None:  # noqa: F811
    caller(desk).dials().says(words).hangs_up()
    assert desk.world.ticket().severity is severity


def test_a_closed_desk_says_when_it_opens_and_takes_a_message(desk: PhoneWorld) -> None:  # noqa: F811
    on_call(desk)
    desk.world.clock.move(NIGHT - desk.world.now)
    call = caller(desk, LANDLINE).dials().presses("3")
    call.hears("Vi har stengt og åpner onsdag 25. november kl. 09.00. Da hører du fra oss.")
    call.hangs_up()
    assert the_call(desk).outcome is CallOutcome.AFTER_HOURS
    assert desk.world.ticket().severity is MINOR


def test_a_caller_from_abroad_is_spoken_to_in_english(desk: PhoneWorld) -> None:  # noqa: F811
    call = caller(desk, "+442079460958").dials().hears("Hello, this is Nordheim Drift. Press 1")
    call.presses("1").hears("Your ticket is number 1.").hangs_up()


def test_whoever_hangs_up_before_saying_anything_has_a_ticket(desk: PhoneWorld) -> None:  # noqa: F811
    kari(desk.world)
    caller(desk).dials().hangs_up()
    ticket = desk.world.ticket()
    assert (ticket.severity, ticket.flags) == (SERIOUS, ["abandoned_call", "call_back"])
    assert len(call_backs(desk.world)) == 1
    desk.world.process_all()
    desk.phone(KARIS_MOBILE).expect_sms("nummer 1 (alvorlig)")
    desk.world.postman.expect(KARI, saying="Takk for at du ringte")


def test_a_hidden_number_is_taken_all_the_same(desk: PhoneWorld) -> None:  # noqa: F811
    on_call(desk)
    call = caller(desk, "anonymous").dials().presses("1").waits()
    call.is_picked_up(saying="Kritisk sak 1 fra ?").talks(minutes=1)
    assert desk.world.ticket().subject == "Telefon fra skjult nummer"
    assert the_call(desk).outcome is CallOutcome.ANSWERED


def test_two_callers_at_once_about_one_outage(desk: PhoneWorld) -> None:  # noqa: F811
    kari(desk.world)
    tom(desk.world)
    first, second = caller(desk).dials(), caller(desk, TOMS_MOBILE).dials()
    first.presses("1")
    second.presses("1")
    third = caller(desk).dials().presses("2").hears("Saken din har nummer 1.")
    for call in (first, second, third):
        call.hangs_up()
    assert desk.world.ticket(1).customer_id != desk.world.ticket(2).customer_id
    assert "suspected_incident" in desk.world.ticket(1).flags
    assert "suspected_incident" in desk.world.ticket(2).flags


def test_a_repeat_of_every_callback_changes_nothing(desk: PhoneWorld) -> None:  # noqa: F811
    kari(desk.world)
    on_call(desk)
    desk.twilio.repeats = 3
    call = caller(desk).dials().presses("1").waits().nobody_answers().nobody_answers()
    call.leaves("Alt er nede. Ring meg")
    assert fetch(desk).pass_once() == 1
    assert len(calls(desk.world)) == len(files(desk)) == len(call_backs(desk.world)) == 1
    kinds = desk.world.kinds()
    assert [kinds.count(one) for one in ("opened", "called", "call_back_due")] == [1, 1, 1]
    assert text_of(desk).count("Alt er nede") == 1
    desk.world.process_all()
    desk.phone(KARIS_MOBILE).expect_sms("nummer 1")
    assert not [one for one in desk.twilio.unexpected if one.get("To") == KARIS_MOBILE]


def test_callbacks_in_reverse_order_come_to_the_same(desk: PhoneWorld) -> None:  # noqa: F811
    desk.twilio.held = []
    caller(desk).dials().presses("2").presses("0").leaves("Kassen er treg. Ring meg. Takk")
    held, desk.twilio.held = desk.twilio.held, None
    assert len(held) == 5
    for url, fields in reversed(held):
        desk.twilio.callback(url, fields)
    assert the_call(desk).outcome is CallOutcome.VOICEMAIL
    assert "Kassen er treg Ring meg Takk" in text_of(desk)
    assert len(call_backs(desk.world)) == 1


def test_the_end_of_a_call_that_is_told_first_makes_its_ticket(desk: PhoneWorld) -> None:  # noqa: F811
    call = caller(desk).dials()
    call.hangs_up()
    call.over = False
    call.presses("1").hears("Saken din har nummer 1.")
    assert len(calls(desk.world)) == 1
    assert desk.world.ticket().severity is CRITICAL


@pytest.fixture
def no_database(desk: PhoneWorld, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:  # noqa: F811
    """Let every transaction fail until it is undone."""

    def is_away(*_: object, **__: object) -> None:
        raise Unavailable("The database is away.")

    monkeypatch.setattr(desk.world.db, "writing", is_away)
    monkeypatch.setattr(desk.world.db, "reading", is_away)
    return monkeypatch


def test_without_a_database_a_message_is_taken_and_becomes_a_ticket_later(
    desk: PhoneWorld,  # noqa: F811
    no_database: pytest.MonkeyPatch,
) -> None:
    call = caller(desk).dials().hears("Hei, dette er Nordheim Drift. Trykk 1")
    call.presses("1").hears("Fortell etter tonen hva som er galt")
    desk.twilio.held = []
    call.leaves("Alt er nede")
    held, desk.twilio.held = desk.twilio.held, None
    # The recording's callback comes while the database is still away, and once more after that.
    recording = next(one for one in held if "/recording?" in one[0])
    desk.twilio.callback(*recording, expect=503)
    no_database.undo()
    desk.twilio.callback(*recording)
    ticket = desk.world.ticket()
    assert (ticket.severity, ticket.received_at) == (CRITICAL, call.made.made_at)
    made = the_call(desk)
    assert (made.outcome, made.from_number) == (CallOutcome.VOICEMAIL, KARIS_MOBILE)
    for url, fields in held:
        desk.twilio.callback(url, fields)
    assert len(calls(desk.world)) == 1


def test_a_caller_waits_no_longer_than_seconds_for_a_database_that_hangs(
    desk: PhoneWorld,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Three and five seconds outside of tests.
    monkeypatch.setattr(line_web, "_SAID_WITHIN_S", 0.4)
    monkeypatch.setattr(line_web, "_TOLD_WITHIN_S", 0.4)
    with held(desk):
        began = time.monotonic()
        call = caller(desk).dials().hears("Hei, dette er Nordheim Drift. Trykk 1")
        call.presses("1").hears("Fortell etter tonen hva som er galt")
        desk.twilio.held = []
        call.leaves("Alt er nede")
        callbacks, desk.twilio.held = desk.twilio.held, None
        recording = next(one for one in callbacks if "/recording?" in one[0])
        desk.twilio.callback(*recording, expect=503)
        # Four answers; what is above is this machine's, which runs other tests as well.
        assert time.monotonic() - began < 4 * 0.4 + 1.5
    # Twilio repeats what was not taken; what was begun meanwhile comes to its end beside it.
    for callback in (recording, *callbacks):
        desk.twilio.callback(*callback)
    (made,) = calls(desk.world)
    assert (made.outcome, made.from_number) == (CallOutcome.VOICEMAIL, KARIS_MOBILE)
    ticket = desk.world.ticket()
    assert (ticket.severity, ticket.received_at) == (CRITICAL, call.made.made_at)


def lost(desk: PhoneWorld) -> LostCalls:  # noqa: F811
    world = desk.world
    return LostCalls(world.db, world.house, world.clock, Account(world.settings))


def test_what_was_left_while_we_were_down_is_a_ticket_when_we_are_back(desk: PhoneWorld) -> None:  # noqa: F811
    desk.twilio.held = []
    # Twilio's own fallback has taken the message, and hung up.
    call = caller(desk)
    call.hangs_up()
    desk.world.clock.move(timedelta(minutes=1))
    caller(desk, LANDLINE).hangs_up()
    fallback(desk, call)
    desk.twilio.held = None
    desk.world.clock.move(timedelta(minutes=20))
    assert lost(desk).pass_once() == 2
    outcomes = {one.from_number: one.outcome for one in calls(desk.world)}
    assert outcomes == {KARIS_MOBILE: CallOutcome.VOICEMAIL, LANDLINE: CallOutcome.ABANDONED}
    assert desk.world.ticket().received_at == call.made.made_at
    assert fetch(desk).pass_once() == 1
    assert len(files(desk)) == 1
    assert lost(desk).pass_once() == 0
    # What was heard of in time is not taken up again.
    caller(desk).dials().hangs_up()
    desk.world.clock.move(timedelta(minutes=20))
    assert lost(desk).pass_once() == 0


def test_calls_from_before_the_desk_are_nobodys_tickets(desk: PhoneWorld) -> None:  # noqa: F811
    desk.twilio.held = []
    caller(desk).hangs_up()
    desk.twilio.held = None
    desk.world.clock.move(timedelta(hours=3))
    assert lost(desk).pass_once() == 0


def fallback(desk: PhoneWorld, call: Caller) -> None:  # noqa: F811
    sid = desk.twilio.new_sid("RE")
    desk.twilio.recordings[sid] = Recording(sid, call.sid, b"ID3", desk.twilio.now())


def test_a_recording_that_is_not_there_yet_is_asked_for_again(desk: PhoneWorld) -> None:  # noqa: F811
    caller(desk).dials().presses("2").presses("0").leaves("Hei")
    (made,) = desk.twilio.recordings.values()
    made.late = 2
    assert fetch(desk).pass_once() == 1
    assert the_call(desk).fetch_error is not None
    assert fetch(desk).pass_once() == 0
    for _ in range(3):
        desk.world.clock.move(timedelta(minutes=10))
        fetch(desk).pass_once()
    assert len(files(desk)) == 1
    assert the_call(desk).fetch_error is None


def test_only_the_accounts_own_recordings_are_fetched(desk: PhoneWorld) -> None:  # noqa: F811
    url = "http://169.254.169.254/latest/meta-data"
    phoned(desk.world, source="twilio", recording_url=url, fetch=True, outcome=CallOutcome.MISSED)
    assert fetch(desk).pass_once() == 1
    made = the_call(desk)
    assert (made.fetch_at, files(desk)) == (None, [])
    assert "no recording" in str(made.fetch_error)


def test_an_answer_whose_callback_was_lost_is_written_down_at_the_end(desk: PhoneWorld) -> None:  # noqa: F811
    on_call(desk)
    call = caller(desk).dials().presses("1").waits()
    call.is_picked_up(lost=True).talks(minutes=3)
    made = the_call(desk)
    assert (made.outcome, made.agent) == (CallOutcome.ANSWERED, "Ola Vakt")
    assert call_backs(desk.world) == []


def test_the_customer_is_called_back_through_the_line(desk: PhoneWorld) -> None:  # noqa: F811
    on_call(desk)
    caller(desk).dials().hangs_up()
    web = desk.world.web()
    answer = web.post("/api/v1/tickets/1/call", json={})
    assert answer.status_code == 202, answer.text
    desk.world.deliver()
    rings = desk.ola.expect_call("Sak 1. Trykk 1 for å ringe +47 91 23 45 67.")
    assert int(rings.made.get("TimeLimit")) > 3600
    gather = rings.heard.find("Gather")
    assert gather is not None
    heard = rings._go(gather.attributes["action"], {"Digits": "1"})
    dial = heard.find("Dial")
    assert dial is not None
    assert dial.inside[0].text == KARIS_MOBILE
    desk.world.clock.move(timedelta(minutes=3))
    done = {"DialCallStatus": "completed", "DialCallDuration": "120", "DialBridged": "true"}
    rings._go(dial.attributes["action"], done)
    back = calls(desk.world)[-1]
    assert (back.direction, back.outcome, back.agent) == ("outbound", "answered", "Ola Vakt")
    (task,) = call_backs(desk.world)
    assert (task.done_by_id, task.done_call_id) == (desk.world.agent.id, back.id)
    clock = desk.world.clock_of(ClockKind.FIRST_RESPONSE)
    assert clock.met_at == desk.world.now - timedelta(minutes=2)


def test_somebody_without_a_telephone_cannot_be_rung(desk: PhoneWorld) -> None:  # noqa: F811
    caller(desk).dials().hangs_up()
    answer = desk.world.web().post("/api/v1/tickets/1/call", json={})
    assert (answer.status_code, "no telephone" in answer.json()["detail"]) == (409, True)


def test_people_on_leave_are_not_rung_and_those_without_a_schedule_all_are(
    desk: PhoneWorld,  # noqa: F811
) -> None:
    per = desk.world.hire("Per Drift", "per@desk.example", Role.AGENT)
    give(desk.world, desk.world.agent, VOICE, OLAS_PHONE)
    give(desk.world, per, PageChannel.SMS, "+4790000003")
    call = caller(desk).dials().presses("1").waits()
    assert call.rung == OLAS_PHONE
    call.nobody_answers("busy")
    assert call.rung == "+4790000003"
    call.nobody_answers().hears("Ingen kunne ta telefonen").hangs_up()


def test_a_request_that_twilio_did_not_sign_is_refused(desk: PhoneWorld) -> None:  # noqa: F811
    web = desk.world.web()
    for step in ("", "/choice", "/connect", "/accept", "/recording", "/status", "/bridged"):
        answer = web.post(f"/twilio/line{step}", data={"CallSid": "CA1", "From": KARIS_MOBILE})
        assert answer.status_code == 403, step
    assert calls(desk.world) == []
