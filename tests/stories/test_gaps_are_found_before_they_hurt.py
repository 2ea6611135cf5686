from datetime import timedelta
from pathlib import Path

import pytest

from app.desk import ladders
from app.kit.errors import BadInput
from app.models import Role
from app.sla.ladder import Ladder, PageChannel
from escalation.rounds import Rounds
from tests.harness.command import run
from tests.harness.world import World
from tests.ladder.pages import INGRID, OLA, OLAS_PHONE, away, give, rota

STEP = 'name = "mine"\n[[steps]]\nname = "Call"\nwhen = {{ anchor = "start" }}\n'


def rounds(world: World, *, hours: float = 0) -> None:
    """Make the rounds every quarter of an hour for so long, and deliver what they tell."""
    walk = Rounds(world.db, world.house, world.clock)
    walk.pass_once()
    for _ in range(round(hours * 4)):
        world.clock.move(timedelta(minutes=15))
        walk.pass_once()
    world.deliver()


def ladder(whom: str, *, how: str = '"preferred"', fallback: str = "") -> Ladder:
    return Ladder.from_toml(
        STEP.format() + f"whom = [{whom}]\nhow = [{how}]\nfallback = [{fallback}]\n"
    )


def save(world: World, one: Ladder) -> None:
    with world.db.writing() as session:
        ladders.import_ladder(session, world.house, one, at=world.now, now=world.now, actor="test")


def test_both_are_told_an_hour_before_a_hand_off(world: World) -> None:
    # It is ten in Oslo, and Ola takes over from Ingrid at noon.
    rota(world, INGRID, OLA, every="day", starts="2026-11-23T12:00")
    rounds(world, hours=0.75)
    world.expect_silence()
    rounds(world, hours=0.25)
    world.postman.expect(OLA, saying="etter Ingrid Leder")
    world.postman.expect(INGRID, saying="Ola Vakt tar over")
    rounds(world, hours=2)


def test_a_hand_off_is_told_by_the_method_that_is_first_and_never_by_a_call(world: World) -> None:
    give(world, world.agent, PageChannel.VOICE, OLAS_PHONE)
    give(world, world.agent, PageChannel.SMS, OLAS_PHONE)
    rota(world, INGRID, OLA, every="day", starts="2026-11-23T12:00")
    rounds(world, hours=1)
    world.phones["sms"].expect(OLAS_PHONE, "«desk»")
    world.postman.expect(INGRID)


def test_a_hand_off_is_told_once_however_many_make_the_rounds(world: World) -> None:
    rota(world, INGRID, OLA, every="day", starts="2026-11-23T12:00")
    rounds(world)
    world.clock.move(timedelta(hours=1))
    for _ in range(3):
        rounds(world)
    world.postman.expect(OLA)
    world.postman.expect(INGRID)


def test_the_lead_is_told_of_a_gap_two_weeks_ahead(world: World) -> None:
    rota(world, OLA)
    away(world, world.agent, world.now + timedelta(days=5), world.now + timedelta(days=6))
    rounds(world, hours=23)
    mail = world.postman.expect(INGRID, saying="Ingen har vakt i «desk» fra")
    assert "noe må ordnes" in mail["Subject"]
    rounds(world, hours=20)


def test_the_lead_is_told_every_day_until_it_is_mended(world: World) -> None:
    rota(world, OLA)
    away(world, world.agent, world.now + timedelta(days=5), world.now + timedelta(days=6))
    rounds(world, hours=47)
    for _ in range(2):
        world.postman.expect(INGRID, saying="Ingen har vakt")
    rota(world, OLA, INGRID, every="day")
    rounds(world, hours=1)
    world.postman.taken.clear()  # The hand-off notices of the new schedule.


def test_nobody_is_told_while_all_is_well(world: World) -> None:
    rota(world, OLA)
    world.hire("Anne Sjef", "anne@desk.example", Role.ADMIN)
    rounds(world, hours=47)


@pytest.mark.parametrize(
    ("whom", "how", "why"),
    [
        ('"agent:gone@desk.example"', '"preferred"', "nobody"),
        ('"team:drift"', '"preferred"', "nobody"),
        ('"on_call_next:night"', '"preferred"', "nobody in the next 28 days"),
        ('"webhook:room"', '"chat"', "there is no webhooks.room"),
        ('"role:lead"', '"sms", "voice"', "nobody with a verified sms or voice"),
        ('"assignee"', '"preferred"', "may have none"),
    ],
)
def test_a_ladder_that_reaches_nobody_is_refused_when_it_is_saved(
    world: World, whom: str, how: str, why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        save(world, ladder(whom, how=how))


def test_a_schedule_that_has_run_empty_is_nobody(world: World) -> None:
    rota(world, OLA, starts="2027-03-01T08:00")
    with pytest.raises(BadInput, match="nobody in the next 28 days"):
        save(world, ladder('"on_call:desk"'))


def test_a_verified_phone_or_a_fallback_makes_it_right(world: World) -> None:
    save(world, ladder('"role:lead"', how='"sms"', fallback='"catch_all"'))
    give(world, world.lead, PageChannel.SMS, OLAS_PHONE)
    save(world, ladder('"role:lead"', how='"sms"'))


def test_the_doctor_finds_a_ladder_that_reaches_nobody(world: World, tmp_path: Path) -> None:
    file = tmp_path / "ladder.toml"
    file.write_text(STEP.format() + 'whom = ["team:drift"]\n')
    result = run(world, "doctor")
    assert "reach" in result.output
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SVARTID_POLICY__LADDER_FILE", str(file))
        result = run(world, "doctor")
    assert "“Call” reaches nobody (team:drift: nobody)" in result.output
    assert result.exit_code == 1
