"""From settings to the ways in and out: how each mailbox's servers and each webhook are reached."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.config import (
    Imap,
    Login,
    OAuth,
    Security,
    Settings,
    Smtp,
    Webhook,
    WebhookKind,
    read_secret,
)
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import BadConfig, BadInput
from app.kit.net import Outside
from app.kit.oauth import OAuthSettings, RefreshToken, TokenSource
from app.outbox.deliver import ChannelTransport
from app.outbox.dkim import Signer
from app.outbox.hooks import ChatTransport, Hook, WebhookTransport, key_of
from app.outbox.smtp import SmtpSettings
from app.outbox.twilio.account import Account
from app.outbox.twilio.transports import SmsTransport, VoiceTransport
from app.store import calls, outbox
from intake.imap.terms import ImapSettings, Password, WatchSettings

_IMAP_PORTS = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}


def imap_settings(name: str, imap: Imap, clock: Clock) -> ImapSettings:
    """Return how to reach a mailbox's IMAP server."""
    key = f"mailboxes.{name}.imap"
    assert imap.username is not None  # noqa: S101 - the settings refuse an IMAP login without one
    port = _IMAP_PORTS[imap.security] if imap.port is None else imap.port
    tokens = _tokens(imap, key, clock)
    return ImapSettings(
        host=imap.host,
        username=imap.username,
        credential=tokens or (lambda: Password(_password(imap, key))),
        on_refused=tokens.forget if tokens else None,
        warning=tokens.warning if tokens else None,
        port=port,
        security=imap.security,
        ca_file=imap.ca_file,
        timeout_s=imap.timeout_s,
        key=key,
    )


def watch_settings(
    name: str, imap: Imap, folder: str, *, max_bytes: int, clock: Clock
) -> WatchSettings:
    """Return how one folder is watched, and what becomes of its mail."""
    return WatchSettings(
        mailbox=name,
        imap=imap_settings(name, imap, clock),
        folder=folder,
        after_commit=imap.after_commit,
        move_to=imap.move_to,
        take_old=imap.take_old,
        max_bytes=max_bytes,
        poll_s=imap.poll_s,
    )


def smtp_settings(name: str, smtp: Smtp, clock: Clock) -> SmtpSettings:
    """Return how to reach the server that a mailbox sends through."""
    key = f"mailboxes.{name}.smtp"
    tokens = _tokens(smtp, key, clock)
    signs_in = tokens is None and smtp.username is not None
    return SmtpSettings(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        username=smtp.username,
        password=_password(smtp, key) if signs_in else None,
        token=_in_a_thread(tokens) if tokens else None,
        on_refused=tokens.forget if tokens else None,
        ca_file=smtp.ca_file,
        timeout_s=smtp.timeout_s,
        key=key,
    )


def signer(name: str, smtp: Smtp) -> Signer | None:
    """Return what signs a mailbox's mail; None where its mail server does, or nobody."""
    if smtp.dkim is None:
        return None
    try:
        return Signer.of(
            domain=smtp.dkim.domain, selector=smtp.dkim.selector, key_file=smtp.dkim.key_file
        )
    except BadConfig as error:
        error.field = f"mailboxes.{name}.{error.field}"
        raise


def outside(settings: Settings) -> Outside:
    """Return the guarded way to addresses that somebody gave us."""
    return Outside(settings.network.private_targets)


def lifeline_url(settings: Settings) -> str | None:
    """Return the address outside that is called while the engine is well; None without one."""
    engine = settings.engine
    if engine.heartbeat_url_file is None:
        return engine.heartbeat_url
    return read_secret(None, engine.heartbeat_url_file, field="engine.heartbeat_url")


def channels(
    settings: Settings, clock: Clock, db: Database | None = None
) -> Mapping[str, ChannelTransport]:
    """Return what takes messages that are no mail, by channel.

    ``db`` tells what was sent before; whoever sends each message once does without.
    """
    hooks = {name: hook(name, one) for name, one in settings.webhooks.items()}
    way = outside(settings)
    return {
        "chat": ChatTransport(hooks, way),
        "webhook": WebhookTransport(hooks, way, clock),
        **(phones(settings, db) if settings.twilio.account_sid else {}),
    }


def phones(settings: Settings, db: Database | None) -> Mapping[str, ChannelTransport]:
    """Return what sends SMS and calls."""
    account = Account(settings)

    def known(ids: Sequence[str]) -> frozenset[str]:
        if db is None:
            return frozenset()
        with db.reading() as session:
            return outbox.known_ids(session, ids) | set(calls.known(session, "twilio", ids))

    return {
        "sms": SmsTransport(account, known, settings),
        "voice": VoiceTransport(account, known, settings),
    }


def hook(name: str, webhook: Webhook) -> Hook:
    """Return where a named webhook is, and what its requests are signed with."""
    key = f"webhooks.{name}"
    url = webhook.url or read_secret(None, webhook.url_file, field=f"{key}.url") or ""
    if webhook.kind is WebhookKind.CHAT:
        return Hook(url)
    secret = read_secret(webhook.secret, webhook.secret_file, field=f"{key}.secret")
    try:
        key_of(secret or "")
    except BadInput as error:
        raise BadConfig(error.message, field=f"{key}.secret", remedy=error.remedy) from None
    return Hook(url, secret)


def _password(login: Login, key: str) -> str:
    password = read_secret(login.password, login.password_file, field=f"{key}.password")
    if password is None:
        variable = "SVARTID_" + key.upper().replace(".", "__") + "__PASSWORD"
        raise BadConfig(
            "no password is given.",
            field=f"{key}.password",
            remedy=f"Set {variable}, or name a file with {key}.password_file.",
        )
    return password


def _tokens(login: Login, key: str, clock: Clock) -> TokenSource | None:
    oauth = login.oauth
    if oauth is None:
        return None
    settings = OAuthSettings(
        token_url=oauth.token_url,
        client_id=oauth.client_id,
        scope=oauth.scope,
        client_secret=read_secret(
            oauth.client_secret, oauth.client_secret_file, field=f"{key}.oauth.client_secret"
        ),
        timeout_s=login.timeout_s,
        refresh_life=timedelta(days=oauth.refresh_days) if oauth.refresh_days else None,
        key=f"{key}.oauth",
    )
    refresh = _refresh_token(oauth, key, clock)
    file = oauth.refresh_token_file
    return TokenSource(
        settings, clock, refresh=refresh, keep=_keeper(file) if refresh and file else None
    )


def _refresh_token(oauth: OAuth, key: str, clock: Clock) -> RefreshToken | None:
    """Return the refresh token; its age is its file's, since nothing else tells."""
    file = oauth.refresh_token_file
    value = read_secret(oauth.refresh_token, file, field=f"{key}.oauth.refresh_token")
    if value is None:
        return None
    issued = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file else clock.now()
    return RefreshToken(value, issued_at=issued)


def _keeper(file: Path) -> Callable[[RefreshToken], None]:
    def keep(token: RefreshToken) -> None:
        """Replace the file as a whole: half a token would lock us out."""
        fresh = file.with_name(file.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(token.value + "\n", encoding="utf-8")
        os.replace(fresh, file)  # noqa: PTH105 - atomic, and says so

    return keep


def _in_a_thread(tokens: TokenSource) -> Callable[[], Awaitable[str]]:
    async def fetch() -> str:
        return (await asyncio.to_thread(tokens)).value

    return fetch
