"""A call is never just a log line: it opens or joins a ticket, and the caller knows."""

from collections.abc import Generator
from datetime import timedelta

import pytest

from app.desk import people
from app.kit.db import Database
from app.models import CallOutcome, Channel, Customer, Direction
from app.sla.terms import ClockKind, ClockStatus, Severity
from app.store import tickets
from tests.harness.calls import (
    KARIS_MOBILE,
    LANDLINE,
    LINE,
    TOMS_MOBILE,
    add_caller,
    add_customer,
    call_backs,
    calls,
    kari,
    phone_settings,
    phoned,
    tom,
)
from tests.harness.world import KARI, World

ANSWERED, MISSED, ABANDONED = CallOutcome.ANSWERED, CallOutcome.MISSED, CallOutcome.ABANDONED
CRITICAL, SERIOUS, MINOR, REQUEST = Severity


@pytest.fixture
def world(db: Database) -> Generator[World]:
    made = World(db, phone_settings())
    yield made
    made.expect_silence()


def test_a_call_opens_a_ticket_and_the_caller_gets_an_sms_and_a_mail(world: World) -> None:
    kari(world)
    phoned(world, outcome=ANSWERED, answered_at=world.now, severity=CRITICAL)
    ticket = world.ticket()
    assert (ticket.channel, ticket.severity) == (Channel.PHONE, CRITICAL)
    assert ticket.subject == "Telefon fra Fjellbod AS"
    world.deliver()
    sms = str(world.phones["sms"].expect(KARIS_MOBILE, "nummer 1 (kritisk)")["text"])
    assert "Arbeidet er i gang: senest tirsdag 24. november kl. 12.00" in sms
    assert "http" not in sms
    mail = world.postman.expect(KARI, saying="Takk for at du ringte")
    assert "Ring oss med en gang" not in str(mail)


def test_the_clocks_start_when_the_call_did(world: World) -> None:
    began = world.now - timedelta(minutes=3)
    phoned(world, outcome=MISSED, started_at=began, from_number=LANDLINE)
    assert world.ticket().received_at == began
    assert world.clock_of(ClockKind.FIRST_RESPONSE).started_at == began


def test_a_call_that_a_person_answers_is_the_first_response(world: World) -> None:
    kari(world)
    phoned(
        world, outcome=ANSWERED, answered_at=world.now, severity=SERIOUS, agent="ola@desk.example"
    )
    clock = world.clock_of(ClockKind.FIRST_RESPONSE)
    assert (clock.status, clock.met_at) == (ClockStatus.MET, world.now)
    assert world.data_of("spoken")["agent"] == "Ola Vakt"
    assert call_backs(world) == []
    settle(world)


@pytest.mark.parametrize("outcome", sorted(frozenset(CallOutcome) - {ANSWERED}))
def test_a_call_that_reached_nobody_is_a_ticket_with_a_task_to_call_back(
    world: World, outcome: CallOutcome
) -> None:
    kari(world)
    phoned(world, outcome=outcome)
    ticket = world.ticket()
    assert f"{outcome.value}_call" in ticket.flags
    assert world.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.RUNNING
    (task,) = call_backs(world)
    assert (task.number, task.ticket_id, task.done_at) == (KARIS_MOBILE, ticket.id, None)
    settle(world)


def test_what_is_unclear_is_serious_until_somebody_has_looked(world: World) -> None:
    phoned(world, outcome=ABANDONED, from_number=LANDLINE)
    ticket = world.ticket()
    assert (ticket.severity, ticket.confirm_severity) == (SERIOUS, True)


def test_whoever_says_that_it_is_something_else_is_believed(world: World) -> None:
    phoned(world, outcome=CallOutcome.VOICEMAIL, from_number=LANDLINE, severity=MINOR)
    ticket = world.ticket()
    assert (ticket.severity, ticket.confirm_severity) == (MINOR, False)


def test_a_hidden_number_is_a_ticket_of_nobodys(world: World) -> None:
    phoned(world, outcome=ABANDONED, from_number="anonymous")
    ticket = world.ticket()
    assert (ticket.contact_id, ticket.subject) == (None, "Telefon fra skjult nummer")
    assert "hidden_number" in ticket.flags
    assert call_backs(world) == []
    assert world.data_of("not_acknowledged")["reason"] == "hidden_number"
    assert calls(world)[0].from_number == "anonymous"


def test_two_hidden_numbers_are_not_taken_for_one_person(world: World) -> None:
    phoned(world, outcome=ABANDONED, from_number="anonymous")
    phoned(world, outcome=ABANDONED, from_number="anonymous")
    assert world.ticket(1).id != world.ticket(2).id


def test_a_landline_without_an_address_gets_no_receipt_and_the_log_says_why(world: World) -> None:
    phoned(world, outcome=MISSED, from_number=LANDLINE)
    assert world.data_of("not_acknowledged")["reason"] == "not_a_mobile"


def test_a_stranger_becomes_a_contact_and_is_known_the_next_time(world: World) -> None:
    _, first = phoned(world, outcome=MISSED, severity=MINOR, from_number=LANDLINE)
    _, second = phoned(world, outcome=MISSED, severity=MINOR, from_number="22 33 44 55")
    assert first is not None
    assert second is not None
    assert first.contact_id == second.contact_id is not None


def test_a_number_that_two_of_one_customer_share_is_the_customers(world: World) -> None:
    fjellbod = add_customer(world, "Fjellbod AS", "fjellbod.example")
    add_caller(world, fjellbod, phone=LANDLINE, email=KARI)
    add_caller(world, fjellbod, phone=LANDLINE, email="per@fjellbod.example")
    phoned(world, outcome=MISSED, from_number=LANDLINE)
    assert (world.ticket().customer_id, world.ticket().contact_id) == (fjellbod.id, None)


def test_the_same_call_twice_is_one_call_and_one_receipt(world: World) -> None:
    kari(world)
    for _ in range(3):
        phoned(world, external_id="7", outcome=MISSED)
    assert len(calls(world)) == len(call_backs(world)) == 1
    assert world.kinds().count("called") == 1
    settle(world)


def test_a_later_report_completes_an_earlier_one(world: World) -> None:
    kari(world)
    phoned(world, external_id="7", severity=SERIOUS)
    (call,) = calls(world)
    assert (call.outcome, call_backs(world)) == (None, [])
    phoned(world, external_id="7", outcome=CallOutcome.VOICEMAIL, transcript="Ingen får betalt.")
    (call,) = calls(world)
    assert call.outcome is CallOutcome.VOICEMAIL
    assert len(call_backs(world)) == 1
    with world.db.reading() as session:
        (message, *_) = tickets.messages(session, world.ticket().id)
    assert "Ingen får betalt." in message.text
    settle(world)


def test_reports_in_reverse_order_come_to_the_same(world: World) -> None:
    kari(world)
    began = world.now
    world.clock.move(timedelta(seconds=30))
    later = world.now
    phoned(world, external_id="7", ended_at=later)
    assert len(call_backs(world)) == 1
    phoned(world, external_id="7", answered_at=began, outcome=ANSWERED, ended_at=None)
    phoned(world, external_id="7", started_at=began)
    (call,) = calls(world)
    assert (call.outcome, call.answered_at, call.ended_at) == (ANSWERED, began, later)
    (task,) = call_backs(world)
    assert task.done_at is not None
    assert world.ticket().flags == []
    settle(world)


def test_what_a_message_says_makes_it_worse_and_never_better(world: World) -> None:
    kari(world)
    phoned(world, external_id="7", outcome=CallOutcome.VOICEMAIL, severity=SERIOUS)
    phoned(world, external_id="7", transcript="Hele nettbutikken er nede, ingen får handlet.")
    assert world.ticket().severity is CRITICAL
    phoned(world, external_id="7", transcript="Logoen har feil farge.")
    assert world.ticket().severity is CRITICAL
    settle(world)


def test_a_call_joins_the_fresh_fault_of_the_same_customer_and_raises_it(world: World) -> None:
    fjellbod = kari(world).customer_id
    world.mail("Hei, logoen vår vises i feil farge i bunnen av siden.")
    assert world.ticket().severity is MINOR
    world.deliver()
    world.postman.expect(KARI)
    with world.db.writing() as session:
        people.add_contact(
            session,
            phone=TOMS_MOBILE,
            name="Per Fjeld",
            customer=session.get(Customer, fjellbod),
            now=world.now,
        )
    _, ticket = phoned(world, from_number=TOMS_MOBILE, outcome=MISSED, severity=CRITICAL)
    assert ticket is not None
    assert (ticket.number, ticket.severity) == (1, CRITICAL)
    world.deliver()
    world.phones["sms"].expect(TOMS_MOBILE, "nummer 1 (kritisk)")


def test_a_call_never_lowers_the_severity(world: World) -> None:
    kari(world)
    phoned(world, outcome=MISSED, severity=CRITICAL)
    phoned(world, outcome=MISSED, severity=SERIOUS)
    assert world.ticket().severity is CRITICAL
    assert {call.ticket_id for call in calls(world)} == {world.ticket().id}
    settle(world)


def test_a_critical_mail_is_told_to_phone_and_the_call_joins_its_ticket(world: World) -> None:
    kari(world)
    world.mail("Hei, hele nettbutikken er nede for alle, ingen får handlet.")
    world.process_all()
    world.postman.expect(KARI, saying="Ring oss med en gang på +47 22 00 00 00")
    # Staff are paged meanwhile.
    world.postman.expect("ola@desk.example")
    world.move(minutes=2)
    _, ticket = phoned(world, outcome=ANSWERED, answered_at=world.now, severity=CRITICAL)
    assert ticket is not None
    assert ticket.number == 1
    assert world.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.MET
    settle(world)


def test_something_else_does_not_join_the_open_fault(world: World) -> None:
    kari(world)
    phoned(world, outcome=MISSED, severity=SERIOUS)
    _, ticket = phoned(world, outcome=MISSED, severity=MINOR)
    assert ticket is not None
    assert ticket.number == 2
    settle(world)


def test_a_fault_that_is_no_longer_fresh_is_not_joined(world: World) -> None:
    phoned(world, outcome=MISSED, severity=SERIOUS, from_number=LANDLINE)
    _, ticket = phoned(
        world,
        outcome=MISSED,
        severity=SERIOUS,
        from_number=LANDLINE,
        started_at=world.now - timedelta(hours=9),
    )
    assert ticket is not None
    assert ticket.number == 1
    world.clock.move(timedelta(hours=5))
    _, ticket = phoned(world, outcome=MISSED, severity=SERIOUS, from_number=LANDLINE)
    assert ticket is not None
    assert ticket.number == 2


def test_calling_back_does_the_task_and_is_the_first_response(world: World) -> None:
    kari(world)
    phoned(world, outcome=MISSED, severity=SERIOUS)
    out = {
        "direction": Direction.OUTBOUND,
        "from_number": LINE,
        "to_number": KARIS_MOBILE,
        "agent": "ola@desk.example",
    }
    phoned(world, **out, outcome=CallOutcome.BUSY)
    assert call_backs(world)[0].done_at is None
    world.clock.move(timedelta(minutes=5))
    phoned(world, **out, outcome=ANSWERED, answered_at=world.now)
    (task,) = call_backs(world)
    assert (task.done_at, task.done_by_id) == (world.now, world.agent.id)
    assert world.clock_of(ClockKind.FIRST_RESPONSE).met_at == world.now
    settle(world)


def test_a_call_of_ours_to_somebody_without_a_ticket_is_only_kept(world: World) -> None:
    _, ticket = phoned(
        world, direction=Direction.OUTBOUND, from_number=LINE, to_number=LANDLINE, outcome=ANSWERED
    )
    assert ticket is None
    assert len(calls(world)) == 1


def test_two_customers_who_phone_within_minutes_are_suspected_to_have_one_incident(
    world: World,
) -> None:
    kari(world)
    tom(world)
    phoned(world, outcome=MISSED, severity=CRITICAL)
    assert "suspected" not in world.kinds(1)
    world.clock.move(timedelta(minutes=3))
    phoned(world, outcome=MISSED, severity=SERIOUS, from_number=TOMS_MOBILE)
    assert world.data_of("suspected", 1)["tickets"] == [2]
    assert world.data_of("suspected", 2)["tickets"] == [1]
    assert "suspected_incident" in world.ticket(1).flags
    settle(world)


def test_two_people_of_one_customer_are_no_suspicion(world: World) -> None:
    kari(world)
    phoned(world, outcome=MISSED, severity=CRITICAL)
    phoned(world, outcome=MISSED, severity=CRITICAL)
    assert "suspected" not in world.kinds(1)
    settle(world)


def settle(world: World) -> None:
    """Take out what was sent: these stories are not about it."""
    world.deliver()
    world.postman.taken.clear()
    world.phones["sms"].taken.clear()
