"""Nobody listens in, nobody poses as the mail server, and a wrong password is told as one."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from app.config import Security
from app.kit.errors import BadConfig
from app.outbox.compose import compose
from app.outbox.refusals import About, MailDeferred
from app.outbox.smtp import SmtpSettings, SmtpTransport
from tests.harness.smtp_server import SmtpServer, Stage
from tests.outbox.letters import make_letter

pytestmark = pytest.mark.anyio
MAIL = compose(make_letter())
BOTH = pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def proving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def server(authority: trustme.CA, request: pytest.FixtureRequest) -> Iterator[SmtpServer]:
    callspec = getattr(request.node, "callspec", None)
    security = callspec.params.get("security") if callspec else Security.STARTTLS
    server = SmtpServer(
        tls=proving(authority.issue_cert("127.0.0.1")),
        implicit_tls=security is Security.TLS,
        user=("desk", "right"),
    )
    with server.serve() as running:
        yield running


def transport_to(server: SmtpServer, **changes: object) -> SmtpTransport:
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": Security.STARTTLS,
        "username": "desk",
        "password": "right",
        "timeout_s": 5.0,
        "hello": "desk.example.no",
    }
    return SmtpTransport(SmtpSettings(**(values | changes)))  # type: ignore[arg-type]


async def send(transport: SmtpTransport) -> None:
    try:
        await transport.send("support@example.no", ("kari@kunde.example",), MAIL)
    finally:
        await transport.close()


@BOTH
async def test_mail_goes_over_tls_to_a_server_whose_authority_is_named(
    server: SmtpServer, ca_file: Path, security: Security
) -> None:
    transport = transport_to(server, ca_file=ca_file, security=security)
    for _ in range(3):
        await transport.send("support@example.no", ("kari@kunde.example",), MAIL)
    await transport.close()
    assert [mail.data for mail in server.received] == [MAIL] * 3
    assert server.connections == 1


@BOTH
async def test_a_large_mail_goes_over_tls_whole(
    server: SmtpServer, ca_file: Path, security: Security
) -> None:
    data = MAIL + b"0123456789" * 7 + b"\r\n" + (b"x" * 76 + b"\r\n") * 40_000
    transport = transport_to(server, ca_file=ca_file, security=security)
    await transport.send("support@example.no", ("kari@kunde.example",), data)
    await transport.close()
    assert server.received[0].data == data


@BOTH
async def test_a_server_of_an_unknown_authority_gets_nothing(
    server: SmtpServer, security: Security
) -> None:
    with pytest.raises(MailDeferred, match=r"certificate of .* is not trusted") as caught:
        await send(transport_to(server, security=security))
    assert caught.value.about is About.SERVER
    assert "ca_file" in str(caught.value)
    assert not any(command.startswith("AUTH") for command in server.commands)


@pytest.mark.parametrize("implicit_tls", [True, False])
async def test_an_expired_certificate_is_told_as_one(
    authority: trustme.CA, ca_file: Path, implicit_tls: bool
) -> None:
    expired = authority.issue_cert(
        "127.0.0.1",
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2021, 1, 1, tzinfo=UTC),
    )
    security = Security.TLS if implicit_tls else Security.STARTTLS
    with (
        SmtpServer(tls=proving(expired), implicit_tls=implicit_tls).serve() as server,
        pytest.raises(MailDeferred, match="expired"),
    ):
        await send(transport_to(server, ca_file=ca_file, security=security))
    assert server.received == []


async def test_a_certificate_for_another_name_is_not_trusted(
    authority: trustme.CA, ca_file: Path
) -> None:
    with (
        SmtpServer(tls=proving(authority.issue_cert("mail.example.com"))).serve() as server,
        pytest.raises(MailDeferred, match="not trusted"),
    ):
        await send(transport_to(server, ca_file=ca_file))


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with (
        SmtpServer(user=("desk", "right")).serve() as server,
        pytest.raises(MailDeferred, match="STARTTLS") as caught,
    ):
        await send(transport_to(server))
    assert caught.value.about is About.SERVER
    assert [command.split()[0] for command in server.commands] == ["EHLO"]


async def test_a_refused_starttls_gets_neither_password_nor_mail(
    server: SmtpServer, ca_file: Path
) -> None:
    server.go_wrong(Stage.STARTTLS, reply="454 4.7.0 TLS is away")
    with pytest.raises(MailDeferred, match="TLS is away"):
        await send(transport_to(server, ca_file=ca_file))
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


async def test_tls_asked_of_a_server_that_speaks_in_clear_says_what_to_change() -> None:
    with SmtpServer().serve() as server, pytest.raises(MailDeferred, match="465"):
        await send(transport_to(server, security=Security.TLS))


@BOTH
async def test_a_wrong_password_stops_no_mail_for_good(
    server: SmtpServer, ca_file: Path, security: Security
) -> None:
    with pytest.raises(MailDeferred, match="username and password") as caught:
        await send(transport_to(server, ca_file=ca_file, security=security, password="wrong"))
    assert caught.value.about is About.LOGIN
    assert caught.value.code == 535
    assert "wrong" not in str(caught.value)
    assert server.received == []


async def test_a_token_signs_in_where_there_is_no_password(
    authority: trustme.CA, ca_file: Path
) -> None:
    tokens = ["stale"]

    async def token() -> str:
        return tokens[-1]

    def forget() -> None:
        tokens.append("fresh")

    server = SmtpServer(
        tls=proving(authority.issue_cert("127.0.0.1")), user=("desk", ""), token="fresh"
    )
    with server.serve():
        transport = transport_to(
            server, ca_file=ca_file, password=None, token=token, on_refused=forget
        )
        with pytest.raises(MailDeferred) as caught:
            await transport.send("support@example.no", ("kari@kunde.example",), MAIL)
        assert caught.value.about is About.LOGIN
        await transport.send("support@example.no", ("kari@kunde.example",), MAIL)
        await transport.close()
    assert len(server.received) == 1


async def test_an_authority_file_that_is_none_names_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("not a certificate", encoding="ascii")
    with SmtpServer().serve() as server, pytest.raises(BadConfig, match="ca_file"):
        await send(transport_to(server, ca_file=path))
