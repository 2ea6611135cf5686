"""OAuth 2 tokens for mail servers: fetched, kept, and renewed before they expire.

Two flows of RFC 6749: client credentials (section 4.4), where the application itself may read a
mailbox, and refresh token (section 6), where a person has once allowed it. The same token signs in
to IMAP and to SMTP, so this lives below both.
"""

import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx2

from app.kit.clock import Clock
from app.kit.errors import PermanentError, TemporaryError, Unavailable

# A token is renewed this long before its end, so that a sign-in never meets a dying one.
RENEW_BEFORE = timedelta(minutes=5)

# RFC 6749 section 5.1 only recommends expires_in; without it, this is safe for every big provider.
USUAL_LIFE = timedelta(minutes=30)

# RFC 6749 section 5.2. Everything else that answers 400 or 401 is in the same family.
REMEDIES = {
    "invalid_client": ("client_secret", "Check client_id; the secret may have expired."),
    "invalid_grant": ("refresh_token", "It has expired or was withdrawn: allow access once more."),
    "invalid_scope": ("scope", "Write the scope as the provider names it."),
    "unauthorized_client": ("client_id", "Let the application use this flow at the provider."),
    "unsupported_grant_type": ("token_url", "Check that it is the provider's token address."),
}


@dataclass(frozen=True)
class OAuthToken:
    """An access token; it never shows in a log or a traceback."""

    value: str = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class RefreshToken:
    """What a person's consent left us: good until it is withdrawn, unused too long, or replaced."""

    value: str = field(repr=False)
    issued_at: datetime


@dataclass(frozen=True)
class OAuthSettings:
    """Where and as whom tokens are fetched; ``key`` is its place in the configuration."""

    token_url: str
    client_id: str
    scope: str
    client_secret: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_s: float = 30
    key: str = "oauth"
    # How long a refresh token lives at this provider: 90 days at Microsoft 365. None: no end.
    refresh_life: timedelta | None = timedelta(days=90)
    # How long before that end somebody is told.
    warn_before: timedelta = timedelta(days=14)


class TokenSource:
    """Keeps one access token fresh; any number of threads may ask for it.

    ``refresh`` None means the client-credentials flow. Providers may replace a refresh token at
    every use and let the old one die (RFC 6749 section 6); ``keep`` is then called with the new
    one, and again at the next call where it raised, so that a restart finds it.
    """

    def __init__(
        self,
        settings: OAuthSettings,
        clock: Clock,
        *,
        refresh: RefreshToken | None = None,
        keep: Callable[[RefreshToken], None] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._refresh = refresh
        self._keep = keep
        self._unkept: RefreshToken | None = None
        self._token: OAuthToken | None = None
        self._lock = threading.Lock()

    def __call__(self) -> OAuthToken:
        """Return a token that is good for some minutes yet, fetching one where needed.

        An old token that still works is handed out while the provider cannot be reached.
        """
        with self._lock:
            now = self._clock.now()
            self._keep_replaced()
            if self._token is not None and _fresh(self._token, now, RENEW_BEFORE):
                return self._token
            try:
                self._token = self._fetch(now)
            except TemporaryError:
                if self._token is not None and _fresh(self._token, now, timedelta(seconds=30)):
                    return self._token
                raise
            return self._token

    def forget(self) -> None:
        """Drop the token that a server refused, so that the next call fetches another."""
        with self._lock:
            self._token = None

    def warning(self) -> str | None:
        """Return what staff must know of the refresh token's end; None while it is far off."""
        life = self._settings.refresh_life
        if self._refresh is None or life is None:
            return None
        left = self._refresh.issued_at + life - self._clock.now()
        if left > self._settings.warn_before:
            return None
        days = max(0, left // timedelta(days=1))
        return (
            f"{self._settings.key}.refresh_token: it dies in {days} days, and mail stops then. "
            "Allow access once more and set the new one."
        )

    def _fetch(self, now: datetime) -> OAuthToken:
        answer = self._ask(self._form())
        value = answer.get("access_token")
        if not isinstance(value, str) or not value:
            raise PermanentError(
                "the token server's answer holds no access_token.",
                field=f"{self._settings.key}.token_url",
                remedy="Check that it is the provider's token address.",
            )
        replaced = answer.get("refresh_token")
        if self._refresh is not None and isinstance(replaced, str) and replaced:
            self._replace(RefreshToken(replaced, issued_at=now))
        seconds = answer.get("expires_in")
        life = timedelta(seconds=seconds) if isinstance(seconds, int | float) else USUAL_LIFE
        return OAuthToken(value, expires_at=now + life)

    def _replace(self, refresh: RefreshToken) -> None:
        if self._refresh is not None and refresh.value == self._refresh.value:
            return
        self._refresh = self._unkept = refresh
        self._keep_replaced()

    def _keep_replaced(self) -> None:
        if self._unkept is None or self._keep is None:
            return
        # The database or the disk may be away: the access token is good all the same.
        with suppress(Unavailable, TemporaryError, OSError):
            self._keep(self._unkept)
            self._unkept = None

    def _form(self) -> dict[str, str]:
        settings = self._settings
        form = {"client_id": settings.client_id, "scope": settings.scope}
        if settings.client_secret is not None:
            form["client_secret"] = settings.client_secret
        if self._refresh is None:
            return form | {"grant_type": "client_credentials"}
        return form | {"grant_type": "refresh_token", "refresh_token": self._refresh.value}

    def _ask(self, form: dict[str, str]) -> dict[str, object]:
        settings = self._settings
        where = f"{settings.key}.token_url"
        try:
            verify = ssl.create_default_context(cafile=settings.ca_file)
            reply = httpx2.post(
                settings.token_url, data=form, timeout=settings.timeout_s, verify=verify
            )
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise PermanentError(
                f"it is no address: {error}.", field=where, remedy="Write it as https://…"
            ) from error
        except (httpx2.HTTPError, OSError) as error:
            raise TemporaryError(
                f"the token server cannot be reached: {error}.",
                field=where,
                remedy="Check the address and the way out through the firewall.",
            ) from error
        return _read(reply, settings)


def _fresh(token: OAuthToken, now: datetime, margin: timedelta) -> bool:
    return token.expires_at is None or token.expires_at - now > margin


def _read(reply: httpx2.Response, settings: OAuthSettings) -> dict[str, object]:
    try:
        answer = reply.json()
    except ValueError:
        answer = None
    values: dict[str, object] = answer if isinstance(answer, dict) else {}
    if reply.status_code == 200:
        return values
    told = str(values.get("error_description") or values.get("error") or reply.reason_phrase)
    words = f"the token server answers {reply.status_code}: {told}."
    if reply.status_code == 429 or reply.status_code >= 500:
        raise TemporaryError(words, field=f"{settings.key}.token_url")
    setting, remedy = REMEDIES.get(
        str(values.get("error")), ("client_id", "Check the application's registration.")
    )
    raise PermanentError(words, field=f"{settings.key}.{setting}", remedy=remedy)
