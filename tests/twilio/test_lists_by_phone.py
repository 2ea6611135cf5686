"""Several tickets that fall due together are told in one SMS or call, and each is answered."""

from collections.abc import Generator
from pathlib import Path

import pytest

from app.kit.db import Database
from app.models import DeliveryState, PageState
from app.sla.ladder import PageChannel
from app.store import pages
from tests.ladder.pages import ALL, OLA, rota
from tests.stories.test_nobody_is_flooded import faults, until_due
from tests.twilio.conftest import PhoneWorld, phone_world
from tests.twilio.test_sending import deliveries

LADDER = Path(__file__).parents[2] / "app" / "data" / "ladder.toml"
SMS, VOICE = PageChannel.SMS, PageChannel.VOICE


def fall_due(desk: PhoneWorld, channel: PageChannel) -> None:
    """Let three small faults fall due at once, and Ola be told of them by this channel."""
    rota(desk.world, OLA)
    desk.reach_ola(channel)
    faults(desk.world, 3)
    desk.world.clock.move(until_due(desk.world))
    while desk.world.engine.pass_once():
        pass


def states(desk: PhoneWorld, number: int) -> set[PageState]:
    with desk.world.db.reading() as session:
        return {page.state for page in pages.of_ticket(session, desk.world.ticket(number).id)}


@pytest.fixture
def desk(db: Database, tmp_path: Path) -> Generator[PhoneWorld]:
    """A desk whose people hear of small faults, too, by the method that they put first."""
    ladder = tmp_path / "ladder.toml"
    written = LADDER.read_text(encoding="utf-8")
    ladder.write_text(written.replace('how = ["mail"]', 'how = ["preferred"]'), encoding="utf-8")
    policy = {"catch_all": ALL, "ladder_file": str(ladder)}
    with phone_world(db, policy=policy) as made:
        yield made


@pytest.fixture
def texted(desk: PhoneWorld) -> PhoneWorld:
    fall_due(desk, SMS)
    return desk


@pytest.fixture
def called(desk: PhoneWorld) -> PhoneWorld:
    fall_due(desk, VOICE)
    return desk


def test_a_list_that_arrives_has_told_of_each_and_each_is_taken_by_its_number(
    texted: PhoneWorld,
) -> None:
    texted.world.deliver()
    sms = texted.ola.expect_sms("Feil nummer 1")
    assert "Feil nummer 2" in sms.text
    assert "Feil nummer 3" in sms.text
    sms.arrives()
    assert {one for number in (1, 2, 3) for one in states(texted, number)} == {PageState.CONFIRMED}
    texted.ola.sends("ta 2")
    texted.world.process_all()
    texted.ola.expect_sms("Sak 2 er din").arrives()
    assert states(texted, 2) == {PageState.ENDED}
    assert states(texted, 3) == {PageState.CONFIRMED}


def test_a_list_goes_out_while_one_of_its_tickets_waits(texted: PhoneWorld) -> None:
    web = texted.world.web(texted.world.lead)
    for number in (1, 2):
        assert web.post(f"/api/v1/tickets/{number}/take").status_code == 200
    texted.world.deliver()
    texted.ola.expect_sms("Feil nummer 3").arrives()
    # He is told by SMS that two are taken; he had not heard of them before.
    while texted.twilio.unexpected:
        texted.ola.expect_sms("har tatt sak").arrives()


def test_a_list_that_nobody_has_to_hear_any_more_stays_here(texted: PhoneWorld) -> None:
    web = texted.world.web(texted.world.lead)
    for number in (1, 2, 3):
        assert web.post(f"/api/v1/tickets/{number}/take").status_code == 200
    texted.world.deliver()
    cancelled = [one for one in deliveries(texted, "sms") if one.state is DeliveryState.CANCELLED]
    assert len(cancelled) == 1
    while texted.twilio.unexpected:
        texted.ola.expect_sms("har tatt sak").arrives()


def test_whoever_cannot_take_the_first_of_a_list_hands_on_all_of_it(called: PhoneWorld) -> None:
    called.world.deliver()
    called.ola.expect_call("Feil nummer 3").then_press("2")
    called.world.process_all()
    for number in (1, 2, 3):
        assert states(called, number) & {PageState.HANDED_ON}
    called.world.postman.taken.clear()
