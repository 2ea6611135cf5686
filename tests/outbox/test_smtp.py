"""Mail is handed over once, and every "no" is told apart from every "perhaps"."""

import asyncio
from collections.abc import Iterator

import pytest

from app.config import Security
from app.kit.errors import BadConfig, PermanentError, TemporaryError
from app.outbox.compose import compose
from app.outbox.refusals import About, MailDeferred, MailRefused
from app.outbox.smtp import Sent, SmtpSettings, SmtpTransport
from tests.harness.smtp_server import SmtpServer, Stage
from tests.outbox.letters import make_letter

pytestmark = pytest.mark.anyio
SENDER, KARI, PER = "support@example.no", "kari@kunde.example", "per@kunde.example"
MAIL = compose(make_letter())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def server(request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    with SmtpServer(pipelining=request.param).serve() as running:
        yield running


def settings_for(server: SmtpServer, **changes: object) -> SmtpSettings:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": Security.NONE,
        "timeout_s": 5.0,
        "accept_s": 5.0,
        "hello": "desk.example.no",
    }
    return SmtpSettings(**(values | changes))  # type: ignore[arg-type]


async def send(transport: SmtpTransport, *recipients: str, data: bytes = MAIL) -> Sent:
    return await transport.send(SENDER, recipients or (KARI,), data)


async def test_a_mail_arrives_as_it_was_composed(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    sent = await send(transport)
    await transport.close()
    (mail,) = server.received
    assert (mail.sender, mail.recipients, mail.data) == (SENDER, (KARI,), MAIL)
    assert sent == Sent("250 2.0.0 queued as 1")


async def test_many_mails_share_one_connection(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    for _ in range(5):
        await send(transport)
    await transport.close()
    assert server.connections == 1
    assert len(server.received) == 5


async def test_mails_sent_at_once_take_turns(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    await asyncio.gather(*(send(transport, f"p{number}@kunde.example") for number in range(8)))
    await transport.close()
    assert server.connections == 1
    assert len({mail.recipients for mail in server.received}) == 8


async def test_lines_that_begin_with_a_dot_arrive_with_one_dot(server: SmtpServer) -> None:
    data = b"Subject: x\r\n\r\n.\r\n..\r\n.b\r\nend\r\n"
    transport = SmtpTransport(settings_for(server))
    await send(transport, data=data)
    await send(transport, data=b".\r\n.\r\n")
    await transport.close()
    assert [mail.data for mail in server.received] == [data, b".\r\n.\r\n"]


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\r", b"\r\n.\n"])
async def test_no_line_end_ends_a_mail_before_its_time(server: SmtpServer, end: bytes) -> None:
    data = b"Subject: x\r\n\r\none" + end + b"MAIL FROM:<x@y>\r\ntwo\r\n"
    transport = SmtpTransport(settings_for(server))
    await send(transport, data=data)
    await transport.close()
    (mail,) = server.received
    assert b"MAIL FROM:<x@y>" in mail.data
    assert b"\n" not in mail.data.replace(b"\r\n", b"")


async def test_the_null_path_can_be_the_sender(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    await transport.send("", (KARI,), MAIL)
    await transport.close()
    assert server.received[0].sender == ""
    assert any(command.startswith("MAIL FROM:<>") for command in server.commands)


# --- the server says no -------------------------------------------------------------------------

NOES = (
    # Stage, reply, may a later try succeed, whose matter it is.
    (Stage.GREETING, "554 5.3.2 no service here", True, About.SERVER),
    (Stage.GREETING, "421 4.3.2 too busy", True, About.SERVER),
    (Stage.MAIL, "450 4.7.1 greylisted", True, About.SENDER),
    (Stage.MAIL, "550 5.7.60 may not send as this address", False, About.SENDER),
    (Stage.MAIL, "530 5.7.0 sign in first", True, About.LOGIN),
    (Stage.MAIL, "421 4.3.2 going down", True, About.SERVER),
    (Stage.RCPT, "550 5.1.1 no such user", False, About.RECIPIENT),
    (Stage.RCPT, "452 4.2.2 mailbox full", True, About.RECIPIENT),
    (Stage.RCPT, "552 5.2.2 mailbox full", True, About.RECIPIENT),
    (Stage.RCPT, "552 too many recipients", True, About.RECIPIENT),
    (Stage.RCPT, "421 4.3.2 going down", True, About.SERVER),
    (Stage.DATA, "451 4.3.0 try later", True, About.CONTENT),
    (Stage.DATA, "554 5.5.1 no", False, About.CONTENT),
    (Stage.CONTENT, "451 4.7.1 filter is away", True, About.CONTENT),
    (Stage.CONTENT, "554 5.7.1 looks like spam", False, About.CONTENT),
    (Stage.CONTENT, "421 4.3.2 going down", True, About.CONTENT),
)


@pytest.mark.parametrize(("stage", "reply", "passes", "about"), NOES)
async def test_a_no_says_whose_matter_it_is_and_whether_it_passes(
    server: SmtpServer, stage: Stage, reply: str, passes: bool, about: About
) -> None:
    server.go_wrong(stage, reply=reply, drop=reply.startswith("421"))
    transport = SmtpTransport(settings_for(server))
    with pytest.raises(MailDeferred if passes else MailRefused) as caught:
        await send(transport)
    assert isinstance(caught.value, MailDeferred | MailRefused)
    assert isinstance(caught.value, TemporaryError if passes else PermanentError)
    assert caught.value.about is about
    assert caught.value.code == int(reply[:3])
    assert reply[4:] in str(caught.value)
    assert not caught.value.uncertain
    assert server.received == []
    # The no belonged to that mail: the next one goes.
    await send(transport)
    await transport.close()
    assert len(server.received) == 1


async def test_a_recipient_who_is_refused_keeps_nobody_else_from_the_mail(
    server: SmtpServer,
) -> None:
    server.go_wrong(Stage.RCPT, reply="550 5.1.1 no such user", argument=PER)
    transport = SmtpTransport(settings_for(server))
    sent = await send(transport, KARI, PER, "ola@kunde.example")
    await transport.close()
    assert server.received[0].recipients == (KARI, "ola@kunde.example")
    (refusal,) = sent.refused
    assert (refusal.recipient, refusal.code, refusal.enhanced) == (PER, 550, "5.1.1")
    assert refusal.permanent
    assert str(refusal) == f"{PER}: 550 5.1.1 no such user"


async def test_a_mail_refused_for_all_is_tried_again_when_one_may_still_be_reached(
    server: SmtpServer,
) -> None:
    server.go_wrong(Stage.RCPT, reply="550 5.1.1 no such user", argument=PER)
    server.go_wrong(Stage.RCPT, reply="452 4.2.2 mailbox full", argument=KARI)
    transport = SmtpTransport(settings_for(server))
    with pytest.raises(MailDeferred) as caught:
        await send(transport, PER, KARI)
    await transport.close()
    assert [(each.recipient, each.permanent) for each in caught.value.refused] == [
        (PER, True),
        (KARI, False),
    ]
    assert server.received == []


async def test_a_mail_that_is_larger_than_the_server_takes_is_not_even_offered() -> None:
    with SmtpServer(size_limit=1000).serve() as server:
        transport = SmtpTransport(settings_for(server))
        with pytest.raises(MailRefused) as caught:
            await send(transport, data=b"Subject: x\r\n\r\n" + b"x" * 60 + b"\r\n" * 1000)
        await transport.close()
    assert caught.value.about is About.CONTENT
    assert not any(command.startswith("MAIL") for command in server.commands)


async def test_an_address_beyond_ascii_goes_where_the_server_takes_it() -> None:
    letter = compose(make_letter(to=("bjørn@kunde.example",)))
    for utf8 in (True, False):
        with SmtpServer(utf8=utf8).serve() as server:
            transport = SmtpTransport(settings_for(server))
            if utf8:
                await send(transport, "bjørn@kunde.example", data=letter)
                assert server.received[0].recipients == ("bjørn@kunde.example",)
            else:
                with pytest.raises(MailRefused):
                    await send(transport, "bjørn@kunde.example", data=letter)
            await transport.close()


@pytest.mark.parametrize("bad", ["kari", "kari@kunde.example>\r\nRSET", "a@b c@d", "<a@b>"])
async def test_an_envelope_address_cannot_carry_a_command(server: SmtpServer, bad: str) -> None:
    transport = SmtpTransport(settings_for(server))
    with pytest.raises(PermanentError):
        await send(transport, bad)
    with pytest.raises(PermanentError):
        await transport.send(bad, (KARI,), MAIL)
    await transport.close()
    assert server.connections == 0


# --- the connection dies ------------------------------------------------------------------------

BEFORE_CONTENT = (Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA)


@pytest.mark.parametrize("stage", BEFORE_CONTENT)
async def test_a_new_connection_that_breaks_before_the_content_is_no_sent_mail(
    server: SmtpServer, stage: Stage
) -> None:
    server.go_wrong(stage)
    transport = SmtpTransport(settings_for(server))
    with pytest.raises(MailDeferred) as caught:
        await send(transport)
    assert not caught.value.uncertain
    assert caught.value.about is About.SERVER
    assert server.received == []
    await send(transport)
    await transport.close()
    assert len(server.received) == 1


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
@pytest.mark.parametrize("reply", [None, "421 4.4.2 idle for too long"])
async def test_a_kept_connection_that_turns_out_dead_costs_nothing_but_a_new_one(
    server: SmtpServer, stage: Stage, reply: str | None
) -> None:
    transport = SmtpTransport(settings_for(server))
    await send(transport)
    server.go_wrong(stage, reply=reply, drop=True)
    await send(transport, PER)
    await transport.close()
    assert [mail.recipients for mail in server.received] == [(KARI,), (PER,)]
    assert server.connections == 2


@pytest.mark.parametrize("goodbye", [b"", b"421 4.4.2 idle for too long\r\n"])
async def test_a_server_that_closes_between_two_mails_is_no_failure(
    server: SmtpServer, goodbye: bytes
) -> None:
    transport = SmtpTransport(settings_for(server))
    for _ in range(3):
        await send(transport)
        server.hang_up(goodbye)
    await send(transport)
    await transport.close()
    assert [mail.connection for mail in server.received] == [1, 2, 3, 4]


@pytest.mark.parametrize("stage", [Stage.CONTENT, Stage.ACCEPTED])
async def test_a_connection_that_breaks_after_the_content_leaves_it_open_and_says_so(
    server: SmtpServer, stage: Stage
) -> None:
    transport = SmtpTransport(settings_for(server))
    await send(transport)
    server.go_wrong(stage)
    with pytest.raises(MailDeferred) as caught:
        await send(transport, PER)
    await transport.close()
    assert caught.value.uncertain
    # Whether it was taken or not, the transport has not sent it a second time by itself.
    taken = [mail for mail in server.received if mail.recipients == (PER,)]
    assert len(taken) == (1 if stage is Stage.ACCEPTED else 0)
    assert server.connections == 1


async def test_a_connection_that_breaks_after_the_250_doubles_nothing(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    server.go_wrong(Stage.ACCEPTED, reply="250 2.0.0 queued", drop=True)
    await send(transport)
    await send(transport, PER)
    await transport.close()
    assert [mail.recipients for mail in server.received] == [(KARI,), (PER,)]


@pytest.mark.parametrize("stage", [*BEFORE_CONTENT, Stage.CONTENT])
async def test_a_server_that_falls_silent_is_given_up_in_time(
    server: SmtpServer, stage: Stage
) -> None:
    server.go_wrong(stage, silent=True)
    transport = SmtpTransport(settings_for(server, timeout_s=0.2, accept_s=0.1))
    with pytest.raises(MailDeferred) as caught:
        await send(transport)
    assert caught.value.uncertain is (stage is Stage.CONTENT)
    assert server.received == []
    server.hang_up()
    patient = SmtpTransport(settings_for(server))
    await send(patient)
    await patient.close()
    await transport.close()
    assert len(server.received) == 1


async def test_a_send_that_is_cancelled_leaves_nothing_for_the_next(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    await send(transport)
    server.go_wrong(Stage.RCPT, silent=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await send(transport, PER)
    await send(transport, "ola@kunde.example")
    await transport.close()
    assert [mail.recipients for mail in server.received] == [(KARI,), ("ola@kunde.example",)]
    assert server.connections == 2


async def test_a_connection_unused_for_too_long_is_not_trusted(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server, idle_s=0))
    await send(transport)
    await send(transport)
    await transport.close()
    assert server.connections == 2


async def test_a_refused_connection_waits_for_a_better_day(server: SmtpServer) -> None:
    with SmtpServer().serve() as gone:
        pass
    transport = SmtpTransport(settings_for(gone))
    with pytest.raises(MailDeferred) as caught:
        await send(transport)
    assert caught.value.about is About.SERVER
    assert f"127.0.0.1:{gone.port}" in str(caught.value)


@pytest.mark.parametrize(
    "nonsense", ["hello there", "250", "25x ok", "250-" + "x" * 40_000, "999 what"]
)
async def test_a_server_that_talks_nonsense_is_no_sent_mail(
    server: SmtpServer, nonsense: str
) -> None:
    server.go_wrong(Stage.DATA, reply=nonsense)
    server.go_wrong(Stage.CONTENT, reply=nonsense)
    transport = SmtpTransport(settings_for(server, timeout_s=1, accept_s=1))
    with pytest.raises(MailDeferred):
        await send(transport)
    await transport.close()
    assert server.received == []


async def test_a_server_out_of_step_is_left_and_asked_anew(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    await send(transport)
    server.go_wrong(Stage.DATA, reply="250 OK, and what was that before?")
    await send(transport, PER)
    await transport.close()
    assert [mail.recipients for mail in server.received] == [(KARI,), (PER,)]
    assert server.connections == 2


async def test_closing_twice_and_closing_unused_are_nothing(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    await transport.close()
    await send(transport)
    await transport.close()
    await transport.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "mail.example.no", "username": "desk", "password": "secret"},
        {"username": None, "password": "secret"},
    ],
)
def test_settings_that_would_show_a_password_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadConfig):
        settings_for(SmtpServer(port=25), **changes)


def test_settings_keep_their_secrets_to_themselves() -> None:
    assert "hemmelig" not in repr(
        settings_for(SmtpServer(port=25), username="desk", password="hemmelig")
    )


def test_a_wrong_setting_is_named_as_the_configuration_names_it() -> None:
    with pytest.raises(BadConfig, match=r"mailboxes\.support\.smtp\.security"):
        SmtpSettings(
            host="mail.example.no",
            security=Security.NONE,
            username="desk",
            password="hemmelig",
            key="mailboxes.support.smtp",
        )


def test_a_mail_cannot_take_longer_than_the_settings_say() -> None:
    settings = SmtpSettings(host="mail.example.no", timeout_s=30, accept_s=60)
    assert settings.longest_s(0) == 90
    assert settings.longest_s(30_000_000) == 390


async def test_an_old_server_that_knows_only_helo_is_greeted_so(server: SmtpServer) -> None:
    server.go_wrong(Stage.EHLO, reply="502 5.5.1 what is that?")
    transport = SmtpTransport(settings_for(server))
    await send(transport)
    await transport.close()
    assert len(server.received) == 1


async def test_a_token_that_cannot_be_had_leaves_no_open_connection(server: SmtpServer) -> None:
    async def no_token() -> str:
        raise TemporaryError("the token server is away.")

    transport = SmtpTransport(settings_for(server, username="desk", token=no_token))
    with pytest.raises(TemporaryError, match="the token server is away"):
        await send(transport)
    await transport.close()
    assert server.received == []


async def test_a_server_without_our_way_of_signing_in_gets_nothing(server: SmtpServer) -> None:
    server.go_wrong(Stage.AUTH, reply="504 5.5.4 no such way", times=9)
    transport = SmtpTransport(settings_for(server, username="desk", password="secret"))
    with pytest.raises(MailDeferred) as caught:
        await send(transport)
    await transport.close()
    assert caught.value.about is About.LOGIN
    assert server.received == []


async def test_a_mail_for_nobody_is_refused_for_good(server: SmtpServer) -> None:
    transport = SmtpTransport(settings_for(server))
    with pytest.raises(PermanentError):
        await transport.send(SENDER, (), MAIL)
    assert server.connections == 0
