"""The one door to OpenID Connect providers: the code flow with PKCE, and the proof it ends with.

OpenID Connect Core 1.0, section 3.1, and RFC 7636. Whatever the provider or the browser brings that
does not fit is ``PermanentError``; a provider that does not answer is ``TemporaryError``.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.kit.errors import PermanentError, TemporaryError

_TIMEOUT_S = 10.0
# What a provider signs with; none and the symmetric ones are not among them.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
# Clocks differ.
_LEEWAY_S = 60


@dataclass(frozen=True)
class Provider:
    """A provider, and as whom we are known there."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Handshake:
    """What binds the provider's answer to the browser that asked."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def begin(provider: Provider, *, back_to: str) -> tuple[str, Handshake]:
    """Return where to send the browser, and what to remember until it comes back."""
    handshake = Handshake(*(secrets.token_urlsafe(32) for _ in range(3)))
    with httpx2.Client(timeout=_TIMEOUT_S) as http:
        about = _discover(http, provider)
    with _client(provider, back_to) as client:
        url, _ = client.create_authorization_url(
            about["authorization_endpoint"],
            state=handshake.state,
            nonce=handshake.nonce,
            code_verifier=handshake.verifier,
        )
    return str(url), handshake


def finish(
    provider: Provider,
    handshake: Handshake,
    *,
    back_to: str,
    code: str,
    state: str,
    now: datetime,
) -> Mapping[str, Any]:
    """Return what the provider says of the person, proven; ``PermanentError`` for anything else."""
    if not secrets.compare_digest(state.encode(), handshake.state.encode()):
        raise PermanentError("the provider's answer is not to what this browser asked")
    try:
        with httpx2.Client(timeout=_TIMEOUT_S) as http, _client(provider, back_to) as client:
            about = _discover(http, provider)
            token = client.fetch_token(
                about["token_endpoint"], code=code, code_verifier=handshake.verifier
            )
            keys = KeySet.import_key_set(_get(http, about["jwks_uri"]))
        proof = jwt.decode(str(token.get("id_token", "")), keys, algorithms=_ALGORITHMS)
        claims = CodeIDToken(
            proof.claims,
            proof.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "nonce": {"essential": True, "value": handshake.nonce},
            },
            {"nonce": handshake.nonce, "client_id": provider.client_id},
        )
        claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_S)
    except httpx2.HTTPError as error:
        raise TemporaryError(f"the provider does not answer: {type(error).__name__}") from error
    except (OAuthError, JoseError, KeyError, ValueError, TypeError) as error:
        raise PermanentError(f"the provider's answer proves nothing: {error}") from error
    return dict(claims)


def _client(provider: Provider, back_to: str) -> Any:
    return OAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        scope="openid email profile",
        redirect_uri=back_to,
        code_challenge_method="S256",
        timeout=_TIMEOUT_S,
    )


def _discover(http: httpx2.Client, provider: Provider) -> Mapping[str, Any]:
    about: Mapping[str, Any] = _get(
        http, provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    )
    if about.get("issuer") != provider.issuer:
        raise PermanentError(f"{provider.issuer} says that it is {about.get('issuer')}")
    return about


def _get(http: httpx2.Client, url: str) -> Any:
    try:
        answer = http.get(url)
        answer.raise_for_status()
        return answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise TemporaryError(f"the provider does not answer: {type(error).__name__}") from error
