"""Signing in at an OpenID Connect provider: there and back again, in the browser."""

import base64
import json
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.api.sign_in import SignedInOut, give_session
from app.config import OidcProvider, read_secret
from app.desk.external import agent_of
from app.desk.house import House
from app.kit import oidc
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import NotFound, PermanentError, TemporaryError, Unauthenticated, Unavailable
from app.kit.vault import lock, unlock

# Pages of a browser's, not of a program's.
router = APIRouter(prefix="/sign-in", tags=["sign-in"], include_in_schema=False)
COOKIE = "svartid_oidc"
_MINUTES = 10
_AGAIN = "Begin again."
Name = Annotated[str, Path(max_length=100)]


@router.get("/{provider}", operation_id="begin_sign_in_at_provider")
def begin(request: Request, provider: Name) -> Response:
    """Send the browser to the provider."""
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    found = _provider(house, provider)
    try:
        url, handshake = oidc.begin(_known(provider, found), back_to=_back_to(house, provider))
    except (TemporaryError, PermanentError) as error:
        raise Unavailable(error.message, remedy="Try again, or sign in another way.") from error
    kept = [handshake.state, handshake.nonce, handshake.verifier, clock.now().timestamp()]
    box = lock(house.secret, f"oidc {provider}", json.dumps(kept).encode())
    response = RedirectResponse(url, status_code=303)
    response.set_cookie(
        COOKIE,
        base64.urlsafe_b64encode(box).decode(),
        max_age=_MINUTES * 60,
        httponly=True,
        secure=house.settings.desk.url.startswith("https://"),
        samesite="lax",
        path="/api/v1/sign-in",
    )
    return response


@router.get("/{provider}/callback", operation_id="finish_sign_in_at_provider")
def finish(
    request: Request,
    response: Response,
    provider: Name,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> SignedInOut:
    """Take the provider's word for who it is, once it is proven, and sign them in."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    now = clock.now()
    found = _provider(house, provider)
    handshake, began = _remembered(house, provider, request.cookies.get(COOKIE, ""))
    if now.timestamp() - began > _MINUTES * 60:
        raise Unauthenticated("this took too long", remedy=_AGAIN)
    try:
        claims = oidc.finish(
            _known(provider, found),
            handshake,
            back_to=_back_to(house, provider),
            code=code,
            state=state,
            now=now,
        )
    except TemporaryError as error:
        raise Unavailable(error.message, remedy=_AGAIN) from error
    except PermanentError as error:
        raise Unauthenticated(error.message, remedy=_AGAIN) from error
    with db.writing() as session:
        agent = agent_of(session, found, claims, now=now)
    response.delete_cookie(COOKIE, path="/api/v1/sign-in")
    return give_session(request, response, agent)


def _provider(house: House, name: str) -> OidcProvider:
    found = house.settings.sign_in.providers.get(name)
    if found is None:
        raise NotFound(f"there is no provider {name}", field="provider")
    return found


def _known(name: str, settings: OidcProvider) -> oidc.Provider:
    key = f"sign_in.providers.{name}.client_secret"
    secret = read_secret(settings.client_secret, settings.client_secret_file, field=key)
    return oidc.Provider(settings.issuer, settings.client_id, secret or "")


def _back_to(house: House, provider: str) -> str:
    return f"{house.settings.desk.url.rstrip('/')}/api/v1/sign-in/{provider}/callback"


def _remembered(house: House, provider: str, cookie: str) -> tuple[oidc.Handshake, float]:
    """Return what was remembered; Unauthenticated where it was not by this browser."""
    try:
        box = base64.urlsafe_b64decode(cookie)
    except ValueError:
        box = b""
    kept = unlock(house.secret, f"oidc {provider}", box)
    if kept is None:
        raise Unauthenticated("this browser did not ask the provider", remedy=_AGAIN)
    state, nonce, verifier, began = json.loads(kept)
    return oidc.Handshake(state, nonce, verifier), float(began)
