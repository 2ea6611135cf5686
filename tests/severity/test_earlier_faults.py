"""A message that says only that it goes on is as bad as its sender's unsolved fault."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from app.desk.earlier import heed_earlier
from app.kit.db import Database
from app.models import Contact, Status, Ticket
from app.sla.severity import Judgement, Report
from app.sla.severity.earlier import goes_on
from app.sla.severity.reason_words import in_bokmal
from app.sla.terms import Severity
from tests.harness.world import World, make_settings

DOWN = "Hele nettbutikken er nede for alle kunder, ingen får betalt.\n"
MILD = Judgement(Severity.MINOR, 0.4, ("it says little of what is wrong",))
LIKEWISE = Report("email", "Igjen", "Fortsatt akkurat likt her.")


def write(world: World, text: str, *, subject: str = "Hei", **about: str) -> Ticket:
    world.mail(text, subject=subject, message_id=f"<{subject}.{len(text)}@x.example>", **about)
    world.postman.taken.clear()  # The receipt is another story's.
    with world.db.reading() as session:
        return session.exec(select(Ticket).order_by(col(Ticket.number).desc()).limit(1)).one()


def heeded(world: World, report: Report = LIKEWISE, *, theirs: bool = True) -> Judgement:
    """Judge what the sender of the first ticket, or a stranger to it, says next."""
    with world.db.reading() as session:
        contact = session.exec(select(Contact)).one()
        return heed_earlier(
            session,
            world.house,
            report,
            MILD,
            customer_id=None,
            contact_id=contact.id if theirs else None,
            now=world.now,
        )


def test_what_goes_on_is_as_bad_as_what_it_goes_on_from(db: Database) -> None:
    world = World(db)
    assert write(world, DOWN, subject="Nede").severity is Severity.CRITICAL
    told = heeded(world)
    assert (told.severity, told.confirm) == (Severity.CRITICAL, False)
    why = "#1 of the same customer is critical, and this says that it goes on"
    assert told.reasons == (why, *MILD.reasons)
    assert in_bokmal(why) == "#1 fra samme kunde er kritisk, og denne sier at det fortsetter"
    # At night an alarm for so few words asks first.
    world.clock.move(timedelta(hours=12))
    assert heeded(world).confirm is True


def test_it_is_not_where_there_is_nothing_to_go_on(db: Database) -> None:
    world = World(db)
    write(world, DOWN, subject="Nede")
    assert heeded(world).severity is Severity.CRITICAL
    assert heeded(world, theirs=False) is MILD
    world.clock.move(timedelta(days=1, minutes=1))
    assert heeded(world) is MILD


def test_a_solved_fault_does_not_go_on(db: Database) -> None:
    world = World(db)
    write(world, DOWN, subject="Nede")
    with world.db.writing() as session:
        session.exec(select(Ticket)).one().status = Status.SOLVED
    assert heeded(world) is MILD


def test_a_mail_is_judged_by_it(db: Database) -> None:
    world = World(db)
    write(world, DOWN, subject="Nede")
    assert write(world, "Det er ikke løst.\n", subject="Feilen").severity is Severity.CRITICAL
    stranger = write(world, "Det er ikke løst.\n", subject="Den", sender="Per <per@dalbu.example>")
    assert stranger.severity is not Severity.CRITICAL


@pytest.mark.parametrize(
    "text",
    [
        "No change yet!",
        "Det er ikke løst.",
        "Still the same.",
        "Ingen bedring",
        "Noch nicht behoben",
    ],
)
def test_it_is_known_by_its_words(text: str) -> None:
    assert goes_on(Report("sms", None, text), MILD)


@pytest.mark.parametrize(
    "text",
    [
        "Takk, nå virker det igjen!",
        "Saken om fakturaen er ikke løst.",
        "Er det fortsatt nede?",
        "Skrivefeilen er ikke rettet.",
        "Fortsatt det samme, men nå også dette: " + "kjøleskapet er borte fra lista, og " * 6,
    ],
)
def test_what_says_something_itself_is_judged_by_that(text: str) -> None:
    assert not goes_on(Report("email", "Hei", text), MILD)


def test_what_is_settled_or_as_bad_is_left_alone() -> None:
    assert not goes_on(LIKEWISE, Judgement(Severity.CRITICAL, 0.9, ("down",)))
    assert not goes_on(LIKEWISE, Judgement(Severity.REQUEST, 0.9, ("a drill",), settled=True))


def test_a_machine_that_is_known_to_watch_needs_no_sign_in_its_subject(db: Database) -> None:
    mail = {"sender": "Vakt <vakt@puls.example>", "subject": "shop.example is DOWN"}
    settings = make_settings(automatic={"monitors": ["@puls.example"]})
    told = write(World(db, settings), "HTTP 200 expected, from 5 places.\n", **mail)
    assert told.severity is Severity.CRITICAL
    assert told.severity_reasons[0] == "a monitor: it is down"
