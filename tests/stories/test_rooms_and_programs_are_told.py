from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from app.kit.db import Database
from app.kit.errors import PermanentError
from tests.harness.world import World, make_settings
from tests.ladder.pages import ALL, INGRID, OLA, outage, rota, told

Make = Callable[[str], World]


@pytest.fixture
def make(db: Database, tmp_path: Path) -> Generator[Make]:
    """Yield what makes a world whose ladder has one step, for these receivers."""
    made: list[World] = []

    def world(whom: str) -> World:
        file = tmp_path / "ladder.toml"
        file.write_text(
            f'name = "rooms"\n[[steps]]\nname = "At once"\nclocks = ["first_response"]\n'
            f'when = {{ anchor = "start" }}\nwhom = [{whom}]\nhow = ["mail"]\n'
        )
        room = {"kind": "chat", "url": "https://hooks.slack.com/services/x"}
        signed = {"url": "https://board.example/hook", "secret": "whsec_" + "A" * 44}
        settings = make_settings(
            policy={"catch_all": ALL, "ladder_file": str(file)},
            webhooks={"room": room, "board": signed},
        )
        made.append(World(db, settings))
        rota(made[0], OLA)
        return made[0]

    yield world
    made[0].expect_silence()


def test_a_room_is_told_beside_the_person_on_call(make: Make) -> None:
    world = make('"on_call:desk", "webhook:room"')
    outage(world)
    world.postman.expect(OLA)
    world.phones["chat"].expect("room", "KRITISK")


def test_a_program_is_told_by_a_signed_webhook(make: Make) -> None:
    world = make('"on_call:desk", "webhook:board"')
    outage(world)
    world.postman.expect(OLA)
    told_it = world.phones["webhook"].expect("board", "1")
    assert (told_it["ticket"], told_it["severity"]) == (1, "critical")


def test_a_room_answers_nobody_so_an_empty_seat_beside_it_is_filled(make: Make) -> None:
    world = make('"on_call:desk", "webhook:room"')
    rota(world, OLA, starts="2027-01-04T08:00")
    outage(world)
    world.phones["chat"].expect("room")
    world.postman.expect(ALL)
    assert "found nobody" in str(told(world, "ladder_note")[0]["note"])


def test_a_step_that_names_a_room_alone_means_it(make: Make) -> None:
    world = make('"webhook:room"')
    outage(world)
    world.phones["chat"].expect("room")
    world.move(minutes=4)
    world.expect_silence()
    world.move(minutes=1)
    world.postman.expect(ALL)


def test_a_room_that_is_gone_is_said_on_the_ticket_and_a_person_is_paged(make: Make) -> None:
    world = make('"webhook:room"')
    world.phones["chat"].failures.append(PermanentError("the room is gone"))
    outage(world)
    world.postman.expect(ALL)
    assert "the room is gone" in str(told(world, "page_failed")[0]["why"])


def test_taking_it_tells_people_and_no_program(make: Make) -> None:
    world = make('"on_call:desk", "role:lead", "webhook:room"')
    outage(world)
    for one in (OLA, INGRID):
        world.postman.expect(one)
    world.phones["chat"].expect("room")
    world.web().post("/api/v1/tickets/1/take")
    world.process_all()
    world.postman.expect(INGRID, saying="tatt")
