"""A mail to ourselves that must come back, and what happens when it does not."""

from collections.abc import Generator, Sequence
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
from sqlmodel import select

from app.kit.db import Database
from app.kit.errors import TemporaryError
from app.models import Canary, InboundMail, LedgerState, Status
from app.outbox.deliver import Sender
from app.sla.terms import Severity
from intake.canary import Canaries
from intake.canary_mark import find_canary, mark_of
from tests.harness.world import SUPPORT, World, make_mail, make_settings

OLA, INGRID, ALL = "ola@desk.example", "ingrid@desk.example", "alle@desk.example"


class Coop:
    """A world whose mailbox has a canary every ten minutes, with five to come back in."""

    def __init__(self, db: Database, **more: Any) -> None:
        smtp = {"host": "smtp.example"}
        boxes = {"support": {"address": SUPPORT, "smtp": smtp, "canary_minutes": 10}, **more}
        self.world = World(db, make_settings(mailboxes=boxes))
        postmen = {name: [self.world.postman] for name in boxes}
        self.world.sender = Sender(db, self.world.clock, postmen)
        self.canaries = Canaries(db, self.world.house, self.world.clock)

    def look(self, **later: float) -> None:
        self.world.clock.move(timedelta(**later))
        self.canaries.pass_once()
        self.world.deliver()

    def sent(self) -> Message:
        return self.world.postman.expect(SUPPORT, saying="Canary of support")

    def comes(self, mail: Message, **changes: str) -> InboundMail:
        del mail["X-Test-Recipients"]
        for name, value in changes.items():
            mail.replace_header(name.replace("_", "-"), value)
        return self.world.process(self.world.put(mail.as_bytes()))

    def rows(self) -> Sequence[Canary]:
        with self.world.db.reading() as session:
            return session.exec(select(Canary)).all()

    def alarms(self, saying: str = "") -> None:
        for reader in (OLA, INGRID, ALL):
            self.world.postman.expect(reader, saying=saying)


@pytest.fixture
def coop(db: Database) -> Generator[Coop]:
    made = Coop(db)
    yield made
    made.world.postman.expect_no_more()


def test_a_canary_that_comes_back_is_a_ledger_row_and_no_ticket(coop: Coop) -> None:
    coop.look()
    mail = coop.sent()
    assert mail["Auto-Submitted"] == "auto-generated"
    row = coop.comes(mail)
    assert (row.state, row.reason, row.ticket_id) == (LedgerState.REFUSED, "canary", None)
    assert coop.rows()[0].came_at == coop.world.now
    coop.look(minutes=6)
    assert coop.rows()[0].alarmed_at is None


def test_one_is_sent_for_each_stretch_of_time_however_often_we_look(coop: Coop) -> None:
    other = Canaries(coop.world.db, coop.world.house, coop.world.clock)
    for _ in range(3):
        coop.look(minutes=1)
        other.pass_once()
        coop.world.deliver()
    coop.comes(coop.sent())
    coop.look(minutes=10)
    coop.comes(coop.sent())
    assert len(coop.rows()) == 2


def test_when_it_does_not_come_everybody_is_told_when_it_last_worked(coop: Coop) -> None:
    coop.look()
    coop.comes(coop.sent())
    coop.look(minutes=10)
    coop.sent()
    coop.look(minutes=4, seconds=59)
    coop.world.postman.expect_no_more()
    coop.look(seconds=1)
    # It came back at ten in Oslo, and the relay took the one that is missing.
    coop.alarms(saying="kl. 10.00, for 15 minutter siden")
    ticket = coop.world.ticket()
    assert (ticket.severity, ticket.contact_id) == (Severity.CRITICAL, None)
    assert "canary:support" in ticket.flags


def test_an_outage_is_one_ticket_and_its_end_is_noted_on_it(coop: Coop) -> None:
    coop.look()
    first = coop.sent()
    coop.look(minutes=5)
    coop.alarms(saying="250 2.0.0 taken")
    for _ in range(3):
        coop.look(minutes=10)
        last = coop.sent()
    coop.world.postman.expect_no_more()
    for mail in (first, last):
        coop.comes(mail)
    web = coop.world.web()
    notes = [one["text"] for one in web.get("/api/v1/tickets/1/messages").json()["items"]]
    assert sum("arrives again" in note for note in notes) == 1
    coop.look(minutes=10)
    coop.sent()
    coop.look(minutes=5)
    coop.sent()
    coop.alarms()
    assert coop.world.ticket(2).status is Status.OPEN


def test_a_relay_that_is_down_is_named_and_the_page_goes_by_another_mailbox(
    db: Database,
) -> None:
    coop = Coop(db, sales={"address": "salg@desk.example", "smtp": {"host": "smtp.example"}})
    coop.world.postman.failures = [TemporaryError("the relay is down")]
    coop.look()
    coop.look(seconds=1)
    coop.world.clock.move(timedelta(minutes=5))
    coop.canaries.pass_once()
    with coop.world.db.reading() as session:
        assert coop.world.ticket().mailbox == "sales"
        assert session.exec(select(Canary)).one().ticket_id is not None
    coop.world.deliver()
    for reader in (OLA, INGRID, ALL):
        page = coop.world.postman.expect(reader, saying="the relay is down")
        assert "salg@desk.example" in page["From"]
    coop.world.postman.taken.clear()  # The canary itself, at last.


def test_a_ticket_solved_while_it_is_still_missing_is_told_again_after_an_hour(coop: Coop) -> None:
    coop.look()
    coop.sent()
    coop.look(minutes=5)
    coop.alarms()
    coop.world.web().post("/api/v1/tickets/1/solve", json={})
    coop.look(minutes=59)
    coop.sent()
    coop.look(minutes=1)
    coop.alarms()
    assert coop.world.ticket(2).status is Status.OPEN


def test_a_relay_that_writes_its_own_message_id_is_no_matter(coop: Coop) -> None:
    coop.look()
    row = coop.comes(coop.sent(), Message_ID="<other@relay.example>")
    assert row.reason == "canary"
    assert coop.rows()[0].came_at is not None


def test_nobody_else_can_make_a_canary(coop: Coop) -> None:
    coop.look()
    coop.sent()
    forged = mark_of("another secret", coop.rows()[0].id)
    row = coop.world.mail(subject=f"Canary of support {forged}")
    assert row.state is LedgerState.OPENED
    assert coop.rows()[0].came_at is None
    assert find_canary(coop.world.house.secret, forged) is None
    coop.world.process_all()
    coop.world.postman.expect("kari@fjellbod.example")
    coop.world.postman.taken.clear()  # How bad it was judged to be is another story's.


def test_a_bounced_canary_opens_no_ticket_and_proves_nothing(coop: Coop) -> None:
    coop.look()
    mail = coop.sent()
    report = (
        "From: mailer-daemon@relay.example\r\nTo: support@desk.example\r\nSubject: failed\r\n"
        "Message-ID: <b@relay.example>\r\nMIME-Version: 1.0\r\nReturn-Path: <>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nno\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n"
        "\r\nFinal-Recipient: rfc822; support@desk.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {mail['Message-ID']}\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    )
    row = coop.world.process(coop.world.put(report.encode()))
    assert (row.state, row.reason) == (LedgerState.REFUSED, "canary")
    assert coop.rows()[0].came_at is None


def test_a_canary_in_another_mailbox_proves_nothing(db: Database) -> None:
    coop = Coop(db)
    coop.look()
    mail = coop.sent()
    with db.writing() as session:
        session.exec(select(Canary)).one().mailbox = "another"
    coop.comes(mail)
    assert coop.rows()[0].came_at is None


def test_without_a_setting_there_is_no_canary(world: World) -> None:
    Canaries(world.db, world.house, world.clock).pass_once()
    world.put(make_mail())
    world.process_all()
    world.postman.expect("kari@fjellbod.example")


def test_staff_see_how_each_canary_fares(coop: Coop) -> None:
    def told() -> dict[str, object]:
        (one,) = coop.world.web().get("/api/v1/intake/canaries").json()["items"]
        return dict(one)

    assert told() == {
        "mailbox": "support",
        "every_minutes": 10,
        "last_sent_at": None,
        "last_returned_at": None,
        "missing_since": None,
    }
    coop.look()
    coop.comes(coop.sent())
    returned = told()["last_returned_at"]
    assert returned is not None
    coop.look(minutes=10)
    coop.sent()
    assert told()["missing_since"] is None
    coop.look(minutes=5)
    assert told()["missing_since"] == told()["last_sent_at"]
    assert told()["last_returned_at"] == returned
    coop.alarms()
