"""What ``svartid doctor`` tries of Twilio: the account, its number, and the way back to us."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import httpx2

from app.config import Settings
from app.kit.errors import BadConfig
from app.outbox.twilio.account import Account, TwilioPermanent, TwilioTemporary
from intake.phone.line import PATH as LINE_PATH
from intake.sms_twilio import PATH as SMS_PATH

_TIMEOUT_S = 5
_CONSOLE: Final = "in Twilio's console, under the number's configuration"


def phone_checks(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the checks, by name."""
    account = Account(settings)
    yield "Twilio account", partial(_account, account)
    yield "Twilio number", partial(_number, settings, account)
    yield "Twilio line", partial(_line, settings, account)
    yield "Twilio webhooks", partial(_webhooks, settings)


def _account(account: Account) -> str:
    try:
        standing = account.standing()
    except (TwilioTemporary, TwilioPermanent) as error:
        raise BadConfig(
            error.message,
            field="twilio.auth_token",
            remedy="Copy the account's SID and primary auth token from Twilio's console.",
        ) from error
    if standing != "active":
        raise BadConfig(
            f"the account is {standing}.",
            field="twilio.account_sid",
            remedy="Twilio's console says why; most often it is a payment.",
        )
    return "signed in, and active"


def _number(settings: Settings, account: Account) -> str:
    number = settings.twilio.number
    found = account.number_settings()
    if found is None:
        raise BadConfig(
            f"the account has no number {number}.",
            field="twilio.number",
            remedy="Write one of the account's own, as in +4722000000.",
        )
    wanted = settings.twilio_url + SMS_PATH
    told = found["sms_url"].partition("#")[0]
    # A messaging service has an address of its own for what comes in, which stands elsewhere.
    if told != wanted and settings.twilio.messaging_service_sid is None:
        raise BadConfig(
            f"an SMS to {number} goes to {told or 'nobody'}, and not to us.",
            field="twilio.number",
            remedy=f"Set “A message comes in” to {wanted} (HTTP POST), {_CONSOLE}.",
        )
    if not found["voice_fallback_url"]:
        raise BadConfig(
            f"whoever calls {number} while we are away hears an error.",
            field="twilio.number",
            remedy=f"Set “Primary handler fails” to a TwiML Bin, {_CONSOLE}; docs/twilio.md has "
            "one.",
        )
    if found["voice_fallback_url"].startswith(settings.twilio_url):
        raise BadConfig(
            "what answers calls while we are away is ourselves.",
            field="twilio.number",
            remedy="Use a TwiML Bin, which Twilio keeps; docs/twilio.md has one.",
        )
    return f"{number} hands its SMS to us, and its calls to Twilio while we are away"


def _line(settings: Settings, account: Account) -> str:
    """Check that calls come to us, and that we hear of those who hang up early."""
    number = settings.twilio.number
    found = account.number_settings() or {}
    wanted = {
        "voice_url": (LINE_PATH, "A call comes in"),
        "status_callback": (f"{LINE_PATH}/status", "Call status changes"),
    }
    for name, (path, label) in wanted.items():
        told = found.get(name, "").partition("#")[0]
        if told != settings.twilio_url + path:
            raise BadConfig(
                f"“{label}” of {number} is {told or 'empty'}, and not ours.",
                field="twilio.number",
                remedy=f"Set it to {settings.twilio_url + path} (HTTP POST), {_CONSOLE}.",
            )
    return f"calls to {number} come to us, and so does their end"


def _webhooks(settings: Settings) -> str:
    url = settings.twilio_url
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname in {None, "localhost", "127.0.0.1", "::1"}:
        raise BadConfig(
            f"Twilio cannot reach {url} safely.",
            field="twilio.public_url" if settings.twilio.public_url else "desk.url",
            remedy="Give the address that your proxy answers to, as in https://desk.example.",
        )
    try:
        answer = httpx2.post(url + SMS_PATH, timeout=_TIMEOUT_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        # The service may not run yet, and not every network lets one reach oneself from inside.
        return f"{url} is not reached from here ({type(error).__name__}); Twilio must reach it"
    if answer.status_code != 403:
        raise BadConfig(
            f"{url + SMS_PATH} answers {answer.status_code} to a stranger, where we answer 403.",
            field="twilio.public_url",
            remedy="Let your proxy hand /twilio/ on to the service, with its path as it is.",
        )
    return f"{url} is ours, and turns strangers away"
