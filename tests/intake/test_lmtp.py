import asyncio
import smtplib
import socket
from collections.abc import Generator, Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from app.config import Settings
from app.kit.errors import BadConfig, Unavailable
from app.models import InboundMail, LedgerState
from app.models.base import Id
from app.service import Part, Service
from app.store import mail as ledger
from intake.handed import Handed, HandedLedger
from intake.lmtp import LmtpServer
from tests.harness.world import KARI, SUPPORT, World, make_mail, make_settings
from tests.intake.lmtp import listening

SALES = "salg@desk.example"


def two_mailboxes(**lmtp: Any) -> Settings:
    smtp = {"host": "smtp.example"}
    return make_settings(
        lmtp={"port": 0, **lmtp},
        mailboxes={
            "support": {"address": SUPPORT, "smtp": smtp},
            "sales": {"address": SALES, "smtp": smtp},
        },
        intake={"max_bytes": 100_000},
    )


class Ledger(HandedLedger):
    """The real ledger, which can be away."""

    away = False

    @override
    def take(self, mails: Sequence[Handed]) -> list[Id]:
        if self.away:
            raise Unavailable("the disk is full")
        return super().take(mails)


class Here:
    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger(world.db, world.clock)
        self.address: Any = None

    def client(self) -> smtplib.LMTP:
        return smtplib.LMTP(*self.address)

    def rows(self) -> Sequence[InboundMail]:
        with self.world.db.reading() as session:
            return list(reversed(ledger.listing(session, below=None, limit=50)))

    def raw(self) -> bytes:
        with self.world.db.reading() as session:
            return ledger.raw_of(session, self.rows()[-1].raw_sha256)


@pytest.fixture
def here(world: World) -> Generator[Here]:
    made = Here(world)
    with listening(LmtpServer(two_mailboxes(), made.ledger)) as addresses:
        (made.address,) = addresses
        yield made


def test_a_mail_handed_over_becomes_a_ticket(here: Here) -> None:
    with here.client() as client:
        assert client.sendmail(KARI, [SUPPORT], make_mail()) == {}
    (row,) = here.rows()
    assert (row.mailbox, row.folder, row.state) == ("support", "lmtp", LedgerState.RECEIVED)
    here.world.process_all()
    assert here.world.ticket().subject == "Feil i butikken"
    here.world.postman.expect(KARI)


def test_while_we_cannot_commit_the_mail_server_keeps_the_mail(here: Here) -> None:
    here.ledger.away = True
    with here.client() as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail(KARI, [SUPPORT], make_mail())
        assert caught.value.smtp_code == 451
        assert here.rows() == []
        here.ledger.away = False
        client.sendmail(KARI, [SUPPORT], make_mail())
    assert len(here.rows()) == 1


def test_each_recipient_has_an_answer_and_each_mailbox_a_row(here: Here) -> None:
    with here.client() as client:
        client.ehlo_or_helo_if_needed()
        client.mail(KARI)
        codes = [client.rcpt(to)[0] for to in (SUPPORT, "nobody@desk.example", SALES)]
        assert codes == [250, 550, 250]
        assert client.data(make_mail())[0] == 250
        assert client.getreply()[0] == 250
        assert client.noop()[0] == 250, "one answer too many"
    assert [row.mailbox for row in here.rows()] == ["support", "sales"]
    here.world.process_all()
    assert [row.state for row in here.rows()] == [LedgerState.OPENED, LedgerState.DUPLICATE]
    here.world.postman.expect(KARI)


def test_the_envelope_is_kept_above_the_mail(here: Here) -> None:
    with here.client() as client:
        client.sendmail("bounce@relay.example", ["Support+7.x@desk.example"], make_mail())
    head = here.raw().split(b"\r\n\r\n")[0]
    assert head.startswith(b"Return-Path: <bounce@relay.example>\r\n")
    assert b"Delivered-To: Support+7.x@desk.example\r\n" in head


def test_the_clocks_start_when_the_mail_server_had_it(here: Here) -> None:
    earlier = here.world.now - timedelta(minutes=40)
    stamped = (
        b"Received: from mx.kunde.example by mx.desk.example\r\n\tid 7;\r\n\t"
        + format_datetime(earlier).encode()
        + b"\r\nReceived: by elsewhere; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    )
    with here.client() as client:
        client.sendmail(KARI, [SUPPORT], stamped + make_mail())
    assert here.rows()[0].received_at == earlier


@pytest.mark.parametrize("days", [-1, 30])
def test_a_receipt_time_that_cannot_be_is_not_believed(here: Here, days: int) -> None:
    claimed = format_datetime(here.world.now - timedelta(days=days)).encode()
    with here.client() as client:
        client.sendmail(KARI, [SUPPORT], b"Received: by x; " + claimed + b"\r\n" + make_mail())
    assert here.rows()[0].received_at == here.world.now


def test_a_mail_above_the_limit_is_cut_and_still_becomes_a_ticket(here: Here) -> None:
    big = make_mail() + b"x" * 900 + b"\r\n" + (b"0123456789" * 90 + b"\r\n") * 500
    with here.client() as client:
        assert client.sendmail(KARI, [SUPPORT], big) == {}
        client.sendmail(KARI, [SUPPORT], make_mail(message_id="<2@fjellbod.example>"))
    first, second = here.rows()
    assert first.truncated
    assert first.size > 400_000
    assert not second.truncated
    with here.world.db.reading() as session:
        assert len(ledger.raw_of(session, first.raw_sha256)) < 101_000
    here.world.process_all()
    assert "truncated" in here.world.ticket().flags
    here.world.postman.taken.clear()


def test_dots_at_the_beginning_of_lines_survive(here: Here) -> None:
    text = ".\n..\n.skjult\nvanlig\n"
    with here.client() as client:
        client.sendmail(KARI, [SUPPORT], make_mail(text).replace(b"\n", b"\r\n"))
    assert here.raw().endswith(text.replace("\n", "\r\n").encode())


def test_a_bare_line_feed_never_ends_a_mail(here: Here) -> None:
    smuggled = b"Subject: one\r\n\r\nhi\n.\nMAIL FROM:<x@y.example>\r.\r\n\n.\r\nend\r\n"
    with socket.create_connection(here.address[:2]) as link:
        link.sendall(
            b"LHLO mx\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<"
            + SUPPORT.encode()
            + b">\r\nDATA\r\n"
            + smuggled
            + b".\r\nQUIT\r\n"
        )
        said = b""
        while chunk := link.recv(65_536):
            said += chunk
    assert said.count(b" taken\r\n") == 1
    assert said.endswith(b"221 2.0.0 bye\r\n")
    assert here.raw().endswith(smuggled)
    assert len(here.rows()) == 1


def test_what_is_no_lmtp_is_refused_and_the_line_stays_in_step(here: Here) -> None:
    with here.client() as client:
        assert client.docmd("EHLO", "x")[0] == 500
        assert client.docmd("MAIL", "FROM:<a@b.example>")[0] == 503
        assert client.docmd("LHLO", "x")[0] == 250
        assert client.docmd("RCPT", f"TO:<{SUPPORT}>")[0] == 503
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("MAIL", "nonsense")[0] == 501
        assert client.docmd("NOOP")[0] == 250


def test_a_line_without_an_end_takes_no_memory(here: Here) -> None:
    with socket.create_connection(here.address[:2]) as link:
        link.sendall(b"A" * 10_000)
        said = b""
        while chunk := link.recv(65_536):
            said += chunk
    assert b"500 5.5.2" in said


def test_a_connection_that_breaks_in_the_middle_of_a_mail_leaves_nothing(here: Here) -> None:
    with socket.create_connection(here.address[:2]) as link:
        link.sendall(
            b"LHLO mx\r\nMAIL FROM:<>\r\nRCPT TO:<"
            + SUPPORT.encode()
            + b">\r\nDATA\r\nSubject: half"
        )
    with here.client() as client:
        assert client.noop()[0] == 250
    assert here.rows() == []


def test_a_unix_socket_is_listened_on_and_a_dead_one_replaced(world: World, tmp_path: Path) -> None:
    file = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(file))
    settings = two_mailboxes(port=None, socket_file=file)
    with (
        listening(LmtpServer(settings, HandedLedger(world.db, world.clock))),
        smtplib.LMTP(str(file)) as client,
    ):
        client.sendmail(KARI, [SUPPORT], make_mail())
    world.process_all()
    world.postman.expect(KARI)


def test_a_taken_port_is_named(world: World) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        second = LmtpServer(
            two_mailboxes(port=other.getsockname()[1]), HandedLedger(world.db, world.clock)
        )
        with pytest.raises(BadConfig, match=r"lmtp\.port"):
            asyncio.run(second.serve(asyncio.Event()))


def test_the_service_listens_and_stops(world: World) -> None:
    parts = frozenset({Part.INTAKE})
    service = Service.open(two_mailboxes(), world.db, world.clock, parts)
    service.start()
    try:
        assert service.lmtp is not None
        assert service.lmtp.listening.wait(10)
        (address,) = service.lmtp.addresses
        assert isinstance(address, tuple)
        with smtplib.LMTP(*address) as client:
            client.sendmail(KARI, [SUPPORT], make_mail())
        assert {loop.state for loop in service.loops.health() if loop.name == "lmtp"} == {"running"}
    finally:
        assert service.stop() == []
    assert service.lmtp.health().state == "stopped"
    world.process_all()
    world.postman.expect(KARI)
