"""A small OpenID Connect provider on a port of this machine: real keys, tokens and redirects."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from app.demo.mailhost import free_port
from tests.harness.serving import serving

CLIENT, SECRET = "svartid", "3f9ac1-known-there-alone"


@dataclass
class Provider:
    """The provider, who signs in next, and what it does wrong."""

    now: Callable[[], datetime]
    issuer: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    # Laid over the claims of the next tokens.
    lies: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    # What it signs with; another key than it publishes is a forger's.
    signs_with: RSAKey | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def claims(self, nonce: str) -> dict[str, Any]:
        at = int(self.now().timestamp())
        own = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce}
        return {**own, **self.person, **self.lies}

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def about() -> dict[str, str]:
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            return dict(KeySet([self.key]).as_dict(private=False))

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            asked = dict(request.query_params)
            assert asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            assert "openid" in asked["scope"]
            code = secrets.token_urlsafe(8)
            self.codes[code] = asked
            return RedirectResponse(
                f"{asked['redirect_uri']}?code={code}&state={asked['state']}", status_code=302
            )

        @app.post("/token")
        def token(
            request: Request,
            code: Annotated[str, Form()],
            code_verifier: Annotated[str, Form()],
            redirect_uri: Annotated[str, Form()],
        ) -> JSONResponse:
            asked = self.codes.pop(code, None)
            hashed = hashlib.sha256(code_verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(hashed).decode().rstrip("=")
            known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if (
                asked is None
                or challenge != asked["code_challenge"]
                or redirect_uri != asked["redirect_uri"]
                or request.headers["authorization"] != f"Basic {known}"
            ):
                return JSONResponse({"error": "invalid_grant"}, status_code=400)
            signer = self.signs_with or self.key
            proof = jwt.encode({"alg": "RS256", "kid": "1"}, self.claims(asked["nonce"]), signer)
            return JSONResponse(
                {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": proof}
            )

        return app


@contextmanager
def provider(now: Callable[[], datetime]) -> Generator[Provider]:
    """Run a provider."""
    port = free_port()
    made = Provider(now, issuer=f"http://127.0.0.1:{port}")
    with serving(made.app(), port):
        yield made
