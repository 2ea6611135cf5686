"""Whether a request was really sent by Twilio.

Twilio signs the address that it was told to call, query and all, and behind it the fields of a
form; of a JSON body the query carries the hash. The address is built from the configuration and
never from headers, which anybody writes. Only the primary auth token signs: while it is being
changed, requests are signed with the old one for a while, so two are accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import FormData
from twilio.request_validator import (
    HMAC_SHA1,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from app.config import TwilioSettings, read_secret
from app.kit.errors import BadConfig

# Where the signature stands.
HEADER: str = SIGNATURE_HEADER
_BODY_HASH = "bodySHA256"


class Refusal(StrEnum):
    """Why a request is turned away; also the metric's label."""

    MISSING = "no signature"
    WRONG = "wrong signature"
    REPLAYED = "replayed signature"


@dataclass(frozen=True)
class Keys:
    """What Twilio may sign with."""

    # The newest first.
    tokens: tuple[str, ...] = field(repr=False)
    # Signs in place of the tokens where a webhook rule of Twilio's says so; None where none does.
    shared: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: TwilioSettings) -> Self:
        """Read the keys; a file is read each time, so that a new token is used at once."""
        newest = auth_token(settings)
        previous = read_secret(
            settings.previous_auth_token,
            settings.previous_auth_token_file,
            field="twilio.previous_auth_token",
        )
        shared = read_secret(
            settings.signing_key, settings.signing_key_file, field="twilio.signing_key"
        )
        return cls((newest, previous) if previous else (newest,), shared)


def auth_token(settings: TwilioSettings) -> str:
    """Return the account's primary auth token; BadConfig without one."""
    token = read_secret(settings.auth_token, settings.auth_token_file, field="twilio.auth_token")
    if not token:
        raise BadConfig(
            "no auth token is given, so Twilio can neither be called nor believed.",
            field="twilio.auth_token",
            remedy="Set SVARTID_TWILIO__AUTH_TOKEN, or name a file with twilio.auth_token_file.",
        )
    return token


def why_not(
    keys: Keys, url: str, body: FormData | bytes | None, headers: Mapping[str, str]
) -> Refusal | None:
    """Return why a request is not Twilio's; None where it is.

    ``url`` is the address as Twilio was told it; ``body`` a form's fields, or any other body as it
    came, or None where there is none. With and without the default port are one address.
    """
    signature = headers.get(HEADER)
    if not signature:
        return Refusal.MISSING
    signed: FormData | str | None = None if isinstance(body, bytes) else body
    if isinstance(body, bytes):
        # Without its hash in the signed address, a body is anybody's.
        if not parse_qs(urlsplit(url).query).get(_BODY_HASH):
            return Refusal.WRONG
        signed = body.decode("utf-8", "replace")
    rule = headers.get(SIGNATURE_SETTINGS_HEADER)
    algorithm = get_signature_algorithm(rule) if rule else HMAC_SHA1
    candidates = ((keys.shared,) if keys.shared else ()) if rule else keys.tokens
    # Every key is tried, so that the time taken tells nobody which one is near.
    fits = [RequestValidator(key).validate(url, signed, signature, algorithm) for key in candidates]
    return None if any(fits) else Refusal.WRONG
