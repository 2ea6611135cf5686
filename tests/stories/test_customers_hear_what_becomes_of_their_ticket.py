from collections.abc import Generator

import pytest

from app.kit.db import Database
from tests.harness.world import KARI, World, make_settings
from tests.ladder.pages import told


@pytest.fixture
def desk(db: Database) -> Generator[World]:
    """A desk that tells of everything, and a customer who has had the receipt."""
    world = World(db, make_settings(customers={}))
    world.mail("Hei\n\nDet er en liten feil i bunnteksten, den er skjev.\n", subject="Skjev tekst")
    world.process_all()
    world.postman.expect(KARI)
    yield world
    world.expect_silence()


def do(world: World, verb: str, **body: object) -> None:
    answer = world.web().post(f"/api/v1/tickets/1/{verb}", json=body or None)
    assert answer.status_code in {200, 201}, answer.text
    world.deliver()


def test_the_customer_hears_that_work_has_begun(desk: World) -> None:
    do(desk, "work")
    desk.postman.expect(KARI, saying="Vi er i gang med sak 1")


def test_work_that_is_said_to_have_begun_twice_is_told_once(desk: World) -> None:
    do(desk, "work")
    desk.postman.expect(KARI)
    do(desk, "work")


def test_a_customer_whose_answer_is_waited_for_hears_what_is_asked(desk: World) -> None:
    do(desk, "wait", reason="Hvilken side gjelder det?")
    mail = desk.postman.expect(KARI, saying="Hvilken side gjelder det?")
    assert mail["Auto-Submitted"] == "auto-replied"


def test_the_customer_hears_that_the_ticket_is_solved_and_how_to_open_it_again(desk: World) -> None:
    do(desk, "solve", reason="Rettet i kode.")
    desk.postman.expect(KARI, saying="svar på denne e-posten")
    assert told(desk, "change_told") == [{"change": "solved", "told": True, "reason": ""}]


def test_what_a_person_has_just_written_needs_no_form_letter_behind_it(desk: World) -> None:
    do(desk, "replies", text="Nå er den rett.")
    desk.postman.expect(KARI, saying="Nå er den rett.")
    do(desk, "solve", reason="Rettet.")
    assert told(desk, "change_told")[0]["reason"] == "just_written"


def test_the_customer_hears_of_another_severity_and_what_it_promises(desk: World) -> None:
    path = "/api/v1/tickets/1/severity"
    body = {"severity": "serious", "reason": "Kjøpsvilkårene står der."}
    assert desk.web().put(path, json=body).status_code == 200
    desk.deliver()
    desk.postman.expect(KARI, saying="Dette kan du regne med")


def test_a_ticket_that_is_opened_anew_is_told_with_its_promises(desk: World) -> None:
    do(desk, "solve", reason="Rettet.")
    desk.postman.expect(KARI)
    do(desk, "reopen")
    desk.postman.expect(KARI, saying="på nytt")
    desk.process_all()


def test_an_automatic_word_meets_no_promise(desk: World) -> None:
    do(desk, "work")
    desk.postman.expect(KARI)
    clocks = desk.web().get("/api/v1/tickets/1").json()["clocks"]
    assert next(one for one in clocks if one["kind"] == "first_response")["status"] == "running"


def test_a_machine_is_told_nothing_and_the_log_says_why(db: Database) -> None:
    world = World(db, make_settings(customers={}))
    world.mail("Butikken svarer ikke.", subject="Alarm", sender="no-reply@monitor.example")
    world.process_all()
    world.postman.taken.clear()
    do(world, "work")
    assert told(world, "change_told")[0]["reason"] == "nobody_reads_it"
    world.expect_silence()
