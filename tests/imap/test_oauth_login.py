"""Signing in by XOAUTH2 to a real Dovecot that asks a real token server."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from app.kit.clock import MachineClock
from app.kit.errors import PermanentError
from app.kit.oauth import OAuthSettings, RefreshToken, TokenSource
from tests.harness.dovecot import Dovecot, dovecot
from tests.harness.ledger import MemoryLedger
from tests.harness.tokens import TokenServer, token_server
from tests.harness.watching import watching
from tests.imap.conftest import Account

pytestmark = pytest.mark.dovecot


@pytest.fixture(scope="module")
def tokens() -> Generator[TokenServer]:
    with token_server(owner="kari") as running:
        yield running


@pytest.fixture(scope="module")
def oauth_dovecot(
    tokens: TokenServer, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Dovecot]:
    file: Path = tmp_path_factory.mktemp("oauth") / "oauth2.conf"
    file.write_text(
        f"tokeninfo_url = http://127.0.0.1:{tokens.port}/look?access_token=\n"
        "username_attribute = email\n",
        encoding="utf-8",
    )
    extra = (
        "auth_mechanisms = plain login xoauth2\n"
        f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {file}\n}}\n"
    )
    with dovecot(extra=extra) as running:
        yield running


@pytest.mark.parametrize("refresh", [None, RefreshToken("r-1", MachineClock().now())])
def test_mail_is_taken_in_by_token(
    oauth_dovecot: Dovecot,
    tokens: TokenServer,
    ledger: MemoryLedger,
    refresh: RefreshToken | None,
) -> None:
    account = Account(oauth_dovecot, "kari")
    source = _source(tokens, refresh)
    settings = account.watch(imap=account.login(credential=source, on_refused=source.forget))
    with watching(settings, ledger) as watcher:
        watcher.wait_until_watching()
        account.deliver("nede")
        ledger.wait_for(1)


def test_a_token_that_was_withdrawn_is_replaced_by_the_watcher_itself(
    oauth_dovecot: Dovecot, tokens: TokenServer, ledger: MemoryLedger
) -> None:
    account = Account(oauth_dovecot, "kari")
    source = _source(tokens, None)
    withdrawn = source().value
    del tokens.good[withdrawn]
    settings = account.watch(imap=account.login(credential=source, on_refused=source.forget))
    with watching(settings, ledger) as watcher:
        told = watcher.wait_until(lambda health: health.permanent)
        assert "mailboxes.support.imap.oauth" in told.problem
        watcher.wait_until_watching()
    assert source().value != withdrawn


def test_staff_are_warned_of_a_refresh_tokens_end_while_mail_still_comes(
    oauth_dovecot: Dovecot, tokens: TokenServer, ledger: MemoryLedger
) -> None:
    account = Account(oauth_dovecot, "kari")
    source = _source(tokens, RefreshToken("r-1", MachineClock().now() - timedelta(days=80)))
    settings = account.watch(imap=account.login(credential=source, warning=source.warning))
    with watching(settings, ledger) as watcher:
        told = watcher.wait_until_watching()
    assert "oauth.refresh_token" in told.warning
    assert told.problem == ""


def test_a_token_of_somebody_else_is_refused(oauth_dovecot: Dovecot, tokens: TokenServer) -> None:
    account = Account(oauth_dovecot, "ola")
    source = _source(tokens, None)
    with (
        pytest.raises(PermanentError, match="refused the token"),
        account.connect(credential=source),
    ):
        pass


def _source(tokens: TokenServer, refresh: RefreshToken | None) -> TokenSource:
    settings = OAuthSettings(
        token_url=tokens.url,
        client_id=tokens.client_id,
        client_secret=tokens.client_secret,
        scope="https://mail.example/imap",
        refresh_life=timedelta(days=90),
    )
    return TokenSource(settings, MachineClock(), refresh=refresh)
