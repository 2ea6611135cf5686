"""Every failure is ours, temporary or permanent, and names the setting and what to do."""

import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from app.config import Security
from app.kit.errors import OutsideError, PermanentError, TemporaryError
from app.kit.oauth import OAuthToken
from intake.imap.connection import Connection
from intake.imap.refusals import is_temporary
from intake.imap.terms import ImapSettings, Password
from tests.imap.conftest import Account

KEY = "mailboxes.support.imap"


def refused(login: ImapSettings) -> OutsideError:
    """Connect, and return the refusal."""
    with pytest.raises(OutsideError) as caught, Connection(login) as connection:
        connection.select("INBOX")
    return caught.value


@pytest.mark.dovecot
def test_a_wrong_password(account: Account) -> None:
    error = refused(account.login(credential=lambda: Password("feil-passord")))
    assert isinstance(error, PermanentError)
    assert error.field == f"{KEY}.password"
    assert account.name in str(error)
    assert "feil-passord" not in str(error)


@pytest.mark.dovecot
def test_a_refused_token_names_oauth_and_is_forgotten(account: Account) -> None:
    forgotten: list[bool] = []
    error = refused(
        account.login(
            credential=lambda: OAuthToken("utløpt"), on_refused=lambda: forgotten.append(True)
        )
    )
    assert isinstance(error, PermanentError)
    assert error.field == f"{KEY}.oauth"
    assert forgotten == [True]
    assert "utløpt" not in str(error)


@pytest.mark.dovecot
def test_a_folder_that_is_not_there(account: Account) -> None:
    with pytest.raises(PermanentError) as caught, account.connect() as connection:
        connection.select("Finnes ikke")
    assert caught.value.field == f"{KEY}.folders"
    assert "Finnes ikke" in str(caught.value)


@pytest.mark.dovecot
def test_a_certificate_of_an_unknown_authority(account: Account) -> None:
    error = refused(account.login(ca_file=None))
    assert isinstance(error, PermanentError)
    assert error.field == f"{KEY}.ca_file"


@pytest.mark.dovecot
def test_tls_at_a_port_that_speaks_first(account: Account) -> None:
    error = refused(account.login(port=account.server.imap_port))
    assert isinstance(error, PermanentError)
    assert error.field == f"{KEY}.security"


@pytest.mark.dovecot
def test_a_ca_file_that_is_not_there(account: Account) -> None:
    error = refused(account.login(ca_file=Path("finnes-ikke.pem")))
    assert isinstance(error, PermanentError)
    assert error.field == f"{KEY}.ca_file"


@pytest.mark.dovecot
def test_a_ca_file_that_holds_no_certificate(account: Account, tmp_path: Path) -> None:
    (tmp_path / "tom.pem").write_text("ikke noe", encoding="utf-8")
    error = refused(account.login(ca_file=tmp_path / "tom.pem"))
    assert isinstance(error, PermanentError)


def login(port: int, **changes: Any) -> ImapSettings:
    words: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "username": "kari",
        "credential": lambda: Password("x"),
        "timeout_s": 0.3,
        "key": KEY,
    }
    return ImapSettings(**(words | changes))


def test_a_port_where_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refused(login(port, security=Security.NONE))
    assert isinstance(error, TemporaryError)
    assert error.field == f"{KEY}.port"


@pytest.mark.parametrize("security", [Security.NONE, Security.TLS, Security.STARTTLS])
def test_a_server_that_never_answers(security: Security) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        error = refused(login(listener.getsockname()[1], security=security))
    assert isinstance(error, TemporaryError)
    assert error.field == f"{KEY}.timeout_s"


def test_a_name_that_no_name_server_could_know() -> None:
    error = refused(login(993, host="a..b"))
    assert isinstance(error, OutsideError)


@contextmanager
def talking(*lines: bytes, tls: ssl.SSLContext | None = None) -> Generator[int]:
    """Serve one connection after another: greet, then answer each command with the next line."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with suppress(OSError), client:
                    _talk(tls.wrap_socket(client, server_side=True) if tls else client, lines)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _talk(client: socket.socket, lines: tuple[bytes, ...]) -> None:
    with client, client.makefile("rwb") as file:
        file.write(b"* OK hei\r\n")
        file.flush()
        for line in lines:
            tag = file.readline().split(b" ")[0]
            file.write(line.replace(b"TAG", tag) + b"\r\n")
            file.flush()
        file.readline()


CAPABLE = b"* CAPABILITY IMAP4rev1\r\nTAG OK done"
DONE = b"TAG OK done"


@pytest.mark.parametrize(
    ("lines", "kind", "setting"),
    [
        ((b"TAG BAD what",), PermanentError, None),
        ((b"* BYE overloaded",), TemporaryError, None),
        ((b"nonsense",), TemporaryError, None),
        ((b"* CAPABILITY POP3\r\nTAG OK done",), PermanentError, None),
        ((CAPABLE, b"TAG NO [AUTHENTICATIONFAILED] no"), PermanentError, "password"),
        ((CAPABLE, b"TAG NO [UNAVAILABLE] database is down"), TemporaryError, "username"),
        ((CAPABLE, b"TAG NO Too many simultaneous connections."), TemporaryError, "username"),
        ((CAPABLE, b"TAG NO [PRIVACYREQUIRED] not here"), PermanentError, "security"),
        ((CAPABLE, b"TAG BAD Plaintext authentication disallowed."), PermanentError, "security"),
        ((CAPABLE, DONE, b"TAG NO what"), PermanentError, None),
        ((CAPABLE, DONE, CAPABLE, b"TAG NO [NONEXISTENT] gone"), PermanentError, "folders"),
        ((CAPABLE, DONE, CAPABLE, b"TAG NO [INUSE] locked"), TemporaryError, None),
        ((CAPABLE, DONE, CAPABLE, b"TAG BAD what"), PermanentError, "folders"),
        ((CAPABLE, DONE, CAPABLE, b"* 0 EXISTS\r\nTAG OK done"), PermanentError, "folders"),
    ],
)
def test_each_answer_that_a_server_may_give(
    lines: tuple[bytes, ...], kind: type[Exception], setting: str | None
) -> None:
    with talking(*lines) as port:
        error = refused(login(port, security=Security.NONE, timeout_s=5))
    assert isinstance(error, kind), error
    if setting:
        assert error.field == f"{KEY}.{setting}"


@pytest.mark.parametrize(
    ("names", "expires"),
    [
        (["127.0.0.1"], datetime(2020, 1, 1, tzinfo=UTC)),
        (["mail.example.org"], None),
    ],
)
def test_a_certificate_that_has_expired_or_names_another_host(
    names: list[str], expires: datetime | None, tmp_path: Path
) -> None:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, not_after=expires).configure_cert(context)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    with talking(tls=context) as port:
        error = refused(login(port, timeout_s=5, ca_file=tmp_path / "ca.pem"))
    assert isinstance(error, PermanentError)
    assert error.field == f"{KEY}.ca_file"
    assert ("expired" in str(error)) == (expires is not None)


def test_a_server_that_has_no_starttls_names_the_setting() -> None:
    with talking(CAPABLE) as port:
        error = refused(login(port, security=Security.STARTTLS, timeout_s=5))
    assert error.field == f"{KEY}.security"


def test_a_server_that_tells_no_next_uid_is_asked_for_the_last() -> None:
    selected = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done"
    found = b"* SEARCH 3 9\r\nTAG OK done"
    with (
        talking(CAPABLE, DONE, CAPABLE, selected, found) as port,
        Connection(login(port, security=Security.NONE, timeout_s=5)) as connection,
    ):
        state = connection.select("INBOX", read_only=True)
        assert (state.uid_validity, state.uid_next, state.exists) == (7, 10, 2)


def test_a_code_weighs_more_than_the_words_behind_it() -> None:
    assert is_temporary("[UNAVAILABLE] no")
    assert not is_temporary("[AUTHENTICATIONFAILED] try again")
    assert is_temporary("Server busy, please try again later")
    assert not is_temporary("no such folder")
