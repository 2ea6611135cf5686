from datetime import timedelta

from app.kit.errors import PermanentError, TemporaryError
from app.models import Agent, Role
from app.sla.ladder import PageChannel, Receiver, ReceiverKind
from escalation.directory import Staff
from tests.harness.world import World
from tests.ladder.pages import (
    ALL,
    INGRID,
    INGRIDS_PHONE,
    OLA,
    OLAS_PHONE,
    away,
    give,
    outage,
    rota,
    save,
    told,
)


def test_without_a_schedule_everybody_who_works_on_tickets_is_paged(world: World) -> None:
    world.hire("Per Drift", "per@desk.example", Role.AGENT)
    outage(world)
    world.postman.expect(OLA)
    world.postman.expect("per@desk.example")


def test_whoever_is_on_call_is_paged_and_nobody_else(world: World) -> None:
    world.hire("Per Drift", "per@desk.example", Role.AGENT)
    rota(world, "per@desk.example", OLA)
    outage(world)
    world.postman.expect("per@desk.example")


def test_whoever_comes_next_is_paged_when_the_first_does_not_answer(world: World) -> None:
    world.hire("Per Drift", "per@desk.example", Role.AGENT)
    rota(world, "per@desk.example", OLA)
    outage(world)
    world.move(minutes=14)
    for _ in range(3):
        world.postman.expect("per@desk.example")
    world.move(minutes=1)
    world.postman.expect(OLA)
    world.postman.expect(INGRID)
    world.postman.expect("per@desk.example")


def test_a_hand_off_between_two_repeats_changes_who_is_paged(world: World) -> None:
    world.hire("Per Drift", "per@desk.example", Role.AGENT)
    # It is ten in Oslo; at three minutes past, Ola takes over from Per.
    rota(world, "per@desk.example", OLA, every="day", starts="2026-11-23T10:03")
    outage(world)
    world.postman.expect("per@desk.example")
    world.move(minutes=5)
    world.postman.expect(OLA)


def test_somebody_on_leave_is_not_paged_and_the_next_in_the_rota_is(world: World) -> None:
    save(
        world,
        {
            "name": "desk",
            "tz": "Europe/Oslo",
            "layers": [
                {"name": "first", "people": [OLA], "starts": "2026-11-23T08:00"},
                {"name": "second", "people": [INGRID], "starts": "2026-11-23T08:00"},
            ],
        },
    )
    away(world, world.agent, world.now - timedelta(hours=1), world.now + timedelta(days=1))
    outage(world)
    world.postman.expect(INGRID)


def test_an_empty_schedule_goes_on_at_once_and_says_so(world: World) -> None:
    rota(world, OLA, starts="2026-12-24T08:00")
    outage(world)
    world.postman.expect(INGRID)
    assert any("found nobody" in str(note["note"]) for note in told(world, "ladder_note"))


def test_the_catch_all_is_paged_when_everybody_is_away(world: World) -> None:
    for agent in (world.agent, world.lead):
        away(world, agent, world.now - timedelta(hours=1), world.now + timedelta(days=1))
    outage(world)
    world.postman.expect(ALL)


def test_a_person_is_reached_by_the_method_they_put_first(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    outage(world)
    world.phones["sms"].expect(OLAS_PHONE, "TA 1")


def test_a_method_that_was_never_verified_is_not_used(world: World) -> None:
    web = world.web()
    web.post(
        f"/api/v1/agents/{world.agent.id}/methods", json={"channel": "sms", "address": OLAS_PHONE}
    )
    world.deliver()
    world.phones["sms"].expect(OLAS_PHONE, "Koden")
    outage(world)
    world.postman.expect(OLA)


def test_a_method_for_critical_tickets_alone_is_not_used_for_others(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE, urgencies=("high",))
    give(world, world.agent, PageChannel.MAIL, "ola@home.example", urgencies=("low",))
    outage(world)
    world.phones["sms"].expect(OLAS_PHONE)


def test_quiet_hours_do_not_hold_a_critical_page_back(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    web = world.web()
    quiet = {"start": "00:00", "end": "23:59"}
    assert web.put(f"/api/v1/agents/{world.agent.id}/quiet-hours", json=quiet).status_code == 204
    outage(world)
    world.phones["sms"].expect(OLAS_PHONE)


def test_a_message_that_is_refused_is_followed_by_the_next_method_at_once(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    world.phones["sms"].failures.append(PermanentError("no such number"))
    outage(world)
    world.postman.expect(OLA)
    (failed,) = told(world, "page_failed")
    assert "no such number" in str(failed["why"])
    assert failed["then"] == "by mail instead"


def test_a_provider_that_is_away_is_not_waited_for(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    world.phones["sms"].failures.append(TemporaryError("the provider is away"))
    outage(world)
    world.postman.expect(OLA)
    world.move(seconds=20)
    # The sender still tries it: a page too many wakes nobody who is not on call.
    world.phones["sms"].expect(OLAS_PHONE)


def test_an_sms_of_which_nothing_is_heard_is_followed_by_the_next_method(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    outage(world)
    world.phones["sms"].expect(OLAS_PHONE)
    world.move(seconds=179)
    world.expect_silence()
    world.move(seconds=1)
    world.postman.expect(OLA)


def test_a_call_of_which_nothing_is_heard_is_followed_after_ninety_seconds(world: World) -> None:
    give(world, world.agent, PageChannel.VOICE, OLAS_PHONE)
    outage(world)
    world.phones["voice"].expect(OLAS_PHONE)
    world.move(seconds=89)
    world.expect_silence()
    world.move(seconds=1)
    world.postman.expect(OLA)


def test_when_no_method_of_a_persons_works_the_next_person_is_paged(world: World) -> None:
    rota(world, OLA)
    give(world, world.lead, PageChannel.SMS, INGRIDS_PHONE)
    world.mail("Hele nettbutikken er nede for alle kunder, ingen får betalt.", subject="Nede")
    while world.engine.pass_once():
        pass
    world.postman.failures += [PermanentError("the mailbox is full")]
    world.process_all()
    world.phones["sms"].expect(INGRIDS_PHONE)
    world.postman.taken.clear()  # The customer's receipt.
    assert "Ingrid Leder was paged instead" in str(told(world, "page_failed")[-1]["then"])


def test_a_page_is_followed_no_further_once_the_ticket_is_taken(world: World) -> None:
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    outage(world)
    world.phones["sms"].expect(OLAS_PHONE)
    world.web().post("/api/v1/tickets/1/take")
    world.move(minutes=60)


def test_a_team_takes_turns_ticket_by_ticket(world: World) -> None:
    with world.db.writing() as session:
        for one in (world.agent, world.lead):
            agent = session.get(Agent, one.id)
            assert agent is not None
            agent.team = "drift"
        staff = Staff.of(session, world.house, world.now)
    outage(world)
    outage(world, sender="Liv <liv@vidda.example>", n=2)
    world.postman.taken.clear()  # The shipped ladder asks no team.
    team = Receiver(ReceiverKind.TEAM, "drift")
    first = [staff.for_ticket(world.ticket(number)).people(team, world.now)[0] for number in (1, 2)]
    assert sorted(first) == sorted(str(one.id) for one in (world.agent, world.lead))
