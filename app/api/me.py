"""Whoever is asking: who they are, where they are signed in, their password and codes."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from app.api.agents import AgentOut
from app.api.context import Context, Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import Body
from app.api.tokens import TokenOut
from app.desk import signing_in as desk
from app.kit import passwords
from app.kit.errors import BadInput, NotAllowed, NotFound
from app.models import WebSession
from app.store import people, sign_in

router = APIRouter(prefix="/me", tags=["me"], responses=responses(401, 403, 503))


class MeOut(AgentOut):
    """Who you are, and what the token in your hand may do."""

    token: TokenOut | None = Field(description="Null where you are signed in with a browser.")
    csrf: str | None = Field(description="With a session: what to send as X-CSRF-Token.")

    @classmethod
    def asking(cls, context: Context) -> Self:
        """Return whoever asks."""
        token = TokenOut.of(context.token) if context.token else None
        row = context.web_session
        csrf = desk.csrf_of(context.house, row) if row else None
        return cls(**AgentOut.of(context.agent).model_dump(), token=token, csrf=csrf)


class SessionOut(BaseModel):
    """Somewhere you are signed in."""

    id: UUID
    created_at: datetime
    last_used_at: datetime = Field(description="To within five minutes.")
    expires_at: datetime
    address: str
    browser: str
    current: bool

    @classmethod
    def of(cls, row: WebSession, *, current: WebSession | None) -> Self:
        """Return the session."""
        values = {name: getattr(row, name) for name in cls.model_fields if name != "current"}
        return cls(**values, current=current is not None and row.id == current.id)


class SessionPage(Page[SessionOut]):
    """A page of sessions, the newest first."""


class PasswordIn(Body):
    """Your password, old and new."""

    current: SecretStr | None = Field(
        None, max_length=1000, description="Left out only where you have none yet."
    )
    password: SecretStr = Field(max_length=1000, description="At least 12 characters.")


class ProofIn(Body):
    """Your password, to show that it is you."""

    password: SecretStr = Field(max_length=1000)


class TotpCodeIn(Body):
    """A one-time code."""

    code: str = Field(pattern=r"^\d{6}$")


class TotpOut(BaseModel):
    """What to put into an authenticator; shown this once."""

    secret: str
    address: str = Field(description="`otpauth:`, for a QR code.")


class RecoveryOut(BaseModel):
    """What lets you in without the authenticator, each code once; shown this once."""

    recovery_codes: list[str]


@router.get("", operation_id="get_me")
def get_me(context: Reader) -> MeOut:
    """Say who is asking, and by which token."""
    return MeOut.asking(context)


@router.get("/sessions", operation_id="list_sessions")
def list_sessions(context: Reader, wanted: Paged) -> SessionPage:
    """List where you are signed in, the newest first."""
    with context.reading() as session:
        rows = sign_in.sessions_of(session, context.agent.id, context.now)
    page, cursor = cut_all(rows, wanted, UUID, key=lambda row: (row.id,), newest_first=True)
    items = [SessionOut.of(row, current=context.web_session) for row in page]
    return SessionPage(items=items, next=cursor)


@router.delete(
    "/sessions/{session_id}",
    operation_id="end_session",
    status_code=204,
    responses=responses(404),
)
def delete_session(context: Reader, session_id: UUID) -> None:
    """Sign out somewhere."""
    with context.db.writing() as session:
        for row in sign_in.sessions_of(session, context.agent.id, context.now):
            if row.id == session_id:
                desk.end_session(session, row, now=context.now, actor=context.actor)
                return
    raise NotFound("there is no such session", field="session_id")


@router.put("/password", operation_id="set_own_password", status_code=204)
def put_password(context: Reader, body: PasswordIn) -> None:
    """Set your password; you are signed out everywhere."""
    _prove(context, body.current)
    new = body.password.get_secret_value()
    passwords.check_new(new, own_words=(context.agent.email, context.agent.name))
    hashed = passwords.hash_of(new)
    with context.db.writing() as session:
        desk.set_password(session, context.agent, hashed, now=context.now, actor=context.actor)


@router.post("/totp", operation_id="begin_totp", responses=responses(409))
def post_totp(context: Reader, body: ProofIn) -> TotpOut:
    """Ask for a secret for one-time codes; they are asked for once a first one was given back."""
    _prove(context, body.password)
    with context.db.writing() as session:
        agent = people.find_agent(session, context.agent.id) or context.agent
        secret, address = desk.begin_totp(session, context.house, agent, now=context.now)
    return TotpOut(secret=secret, address=address)


@router.post("/totp/confirm", operation_id="confirm_totp", responses=responses(409))
def post_confirm(context: Reader, body: TotpCodeIn) -> RecoveryOut:
    """Turn one-time codes on."""
    _check_whole(context)
    with context.db.writing() as session:
        codes = desk.confirm_totp(
            session, context.house, context.agent, code=body.code, now=context.now
        )
    return RecoveryOut(recovery_codes=codes)


@router.post("/totp/remove", operation_id="end_totp", status_code=204)
def post_remove(context: Reader, body: ProofIn) -> None:
    """Turn one-time codes off."""
    _prove(context, body.password)
    with context.db.writing() as session:
        desk.end_totp(session, context.agent, now=context.now, actor=context.actor)


def _check_whole(context: Context) -> None:
    """Refuse a token that may not do all that its agent may: it could make itself more."""
    if context.token is not None and context.token.scopes is not None:
        raise NotAllowed("a token with scopes may not change what you sign in with")


def _prove(context: Context, given: SecretStr | None) -> None:
    """Refuse whoever does not know the password; guesses are braked as signing in is."""
    _check_whole(context)
    keys = (f"account:{context.agent.email}",)
    with context.reading() as session:
        desk.check_brake(session, keys, now=context.now)
        credential = sign_in.find_credential(session, context.agent.id)
    kept = credential.password_hash if credential else None
    if kept is None and given is None:
        return
    if not passwords.is_right(given.get_secret_value() if given else "", kept):
        with context.db.writing() as session:
            desk.note_failure(session, keys, now=context.now)
        raise BadInput("this is not your password", field="body.current")
