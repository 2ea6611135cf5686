"""OAuth tokens: fetched by both flows, renewed in time, and every refusal says what to do."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.kit.clock import StillClock
from app.kit.errors import PermanentError, TemporaryError, Unavailable
from app.kit.oauth import OAuthSettings, RefreshToken, TokenSource
from tests.harness.tokens import TokenServer, token_server

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Generator[TokenServer]:
    with token_server() as running:
        yield running


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


def settings(server: TokenServer, **changes: Any) -> OAuthSettings:
    words: dict[str, Any] = {
        "token_url": server.url,
        "client_id": server.client_id,
        "scope": "https://outlook.office365.com/.default",
        "client_secret": server.client_secret,
        "key": "mailboxes.support.imap.oauth",
    }
    return OAuthSettings(**(words | changes))


def test_the_application_signs_in_as_itself(server: TokenServer, clock: StillClock) -> None:
    token = TokenSource(settings(server), clock)()
    assert token.value in server.good
    assert token.expires_at == START + timedelta(hours=1)
    assert server.forms[0]["grant_type"] == "client_credentials"
    assert server.forms[0]["scope"] == "https://outlook.office365.com/.default"


def test_a_persons_consent_signs_in(server: TokenServer, clock: StillClock) -> None:
    source = TokenSource(settings(server), clock, refresh=RefreshToken("r-1", START))
    assert source().value in server.good
    assert server.forms[0]["grant_type"] == "refresh_token"


def test_a_token_is_kept_while_it_is_good_and_renewed_before_it_dies(
    server: TokenServer, clock: StillClock
) -> None:
    source = TokenSource(settings(server), clock)
    first = source()
    clock.move(timedelta(minutes=54))
    assert source() == first
    clock.move(timedelta(minutes=2))
    assert source() != first
    assert len(server.forms) == 2


def test_a_token_that_a_mail_server_refused_is_not_used_again(
    server: TokenServer, clock: StillClock
) -> None:
    source = TokenSource(settings(server), clock)
    first = source()
    source.forget()
    assert source() != first


def test_a_token_that_still_works_is_used_while_the_provider_is_away(
    server: TokenServer, clock: StillClock
) -> None:
    source = TokenSource(settings(server), clock)
    first = source()
    server.answer = (503, b"maintenance")
    clock.move(timedelta(minutes=57))
    assert source() == first
    clock.move(timedelta(minutes=3))
    with pytest.raises(TemporaryError, match="503"):
        source()


def test_a_replaced_refresh_token_is_kept_for_the_next_start(
    server: TokenServer, clock: StillClock
) -> None:
    server.rotates = True
    kept: list[RefreshToken] = []
    source = TokenSource(
        settings(server), clock, refresh=RefreshToken("r-1", START), keep=kept.append
    )
    source()
    source.forget()
    source()
    assert [token.value for token in kept] == [*_used(server)[1:], server.refresh_token]


def test_a_replaced_refresh_token_is_kept_later_where_the_database_is_away(
    server: TokenServer, clock: StillClock
) -> None:
    server.rotates = True
    kept: list[RefreshToken] = []
    away = [True]

    def keep(token: RefreshToken) -> None:
        if away:
            raise Unavailable("the database is away.")
        kept.append(token)

    source = TokenSource(settings(server), clock, refresh=RefreshToken("r-1", START), keep=keep)
    assert source().value in server.good
    assert kept == []
    away.clear()
    source()
    assert [token.value for token in kept] == [server.refresh_token]


def test_staff_are_warned_well_before_a_refresh_token_dies(
    server: TokenServer, clock: StillClock
) -> None:
    source = TokenSource(settings(server), clock, refresh=RefreshToken("r-1", START))
    clock.move(timedelta(days=75))
    assert source.warning() is None
    clock.move(timedelta(days=2))
    warning = source.warning()
    assert warning is not None
    assert "mailboxes.support.imap.oauth.refresh_token" in warning
    assert "13 days" in warning
    assert TokenSource(settings(server), clock).warning() is None


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"client_id": "ukjent"}, "client_id|client_secret"),
        ({"client_secret": "feil"}, "client_secret"),
        ({"token_url": "not an address"}, "token_url"),
        ({"token_url": "ftp://127.0.0.1/"}, "token_url"),
    ],
)
def test_a_wrong_setting_is_named(
    server: TokenServer, clock: StillClock, changes: dict[str, Any], setting: str
) -> None:
    source = TokenSource(settings(server, **changes), clock)
    with pytest.raises(PermanentError, match=rf"mailboxes\.support\.imap\.oauth\.({setting}): .+"):
        source()


def test_a_withdrawn_consent_is_permanent_and_names_the_remedy(
    server: TokenServer, clock: StillClock
) -> None:
    source = TokenSource(settings(server), clock, refresh=RefreshToken("gammel", START))
    with pytest.raises(PermanentError, match="allow access once more") as caught:
        source()
    assert caught.value.field == "mailboxes.support.imap.oauth.refresh_token"
    assert "gammel" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((500, b"<html>"), TemporaryError),
        ((429, {"error": "slow_down"}), TemporaryError),
        ((400, {"error": "invalid_scope"}), PermanentError),
        ((400, b"not json"), PermanentError),
        ((200, {"token_type": "Bearer"}), PermanentError),
        ((200, b"[]"), PermanentError),
    ],
)
def test_every_odd_answer_is_an_error_of_ours(
    server: TokenServer, clock: StillClock, answer: Any, kind: type[Exception]
) -> None:
    server.answer = answer
    with pytest.raises(kind):
        TokenSource(settings(server), clock)()


def test_a_token_server_that_is_away_is_temporary(clock: StillClock) -> None:
    with token_server() as server:
        gone = settings(server, timeout_s=5)
    with pytest.raises(TemporaryError, match="cannot be reached"):
        TokenSource(gone, clock)()


@pytest.mark.parametrize("told", [None, "soon"])
def test_a_token_without_a_known_life_is_renewed_within_half_an_hour(
    server: TokenServer, clock: StillClock, told: object
) -> None:
    server.expires_in = told
    source = TokenSource(settings(server), clock)
    first = source()
    clock.move(timedelta(minutes=30))
    assert source() != first


def test_no_secret_shows_in_what_is_printed(server: TokenServer, clock: StillClock) -> None:
    printed = f"{settings(server)!r} {RefreshToken('r-1', START)!r} "
    printed += repr(TokenSource(settings(server), clock)())
    for secret in (server.client_secret, "r-1", *server.good):
        assert secret not in printed


def _used(server: TokenServer) -> list[str]:
    return [form["refresh_token"] for form in server.forms]
