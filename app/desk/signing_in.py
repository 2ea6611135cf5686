"""Signing in: passwords, one-time codes, sessions, and the brake on guessing.

Whether an address is known, whether its password was wrong or its code, and whether it has a
password at all: from outside all of these look alike and take alike long.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.house import House
from app.kit import totp
from app.kit.errors import BadInput, Conflict, NotAllowed, TooMany
from app.kit.ids import digest, keyed, new_token, same
from app.kit.vault import lock, unlock
from app.models import Agent, Credential, SignInTries, WebSession
from app.store import access, sign_in
from app.store.upsert import insert_missing

# So many failures are free; from then on each doubles the wait, from a second to this.
FREE = {"account": 5, "address": 20}
LONGEST_WAIT = timedelta(minutes=15)
# Failures are forgotten after so long without another.
FORGOTTEN = timedelta(hours=24)
RECOVERY_CODES = 10


@dataclass(frozen=True)
class From:
    """Where somebody signs in from, as far as it helps them to recognise it."""

    address: str
    browser: str

    def keys(self, email: str) -> tuple[str, str]:
        """Return what failures are counted under."""
        return f"account:{email}", f"address:{self.address}"


def check_brake(session: Session, keys: tuple[str, ...], *, now: datetime) -> None:
    """Refuse even to try while an account or an address is braked."""
    for row in sign_in.tries(session, keys).values():
        if row.blocked_until is not None and row.blocked_until > now:
            wait = int((row.blocked_until - now).total_seconds()) + 1
            raise TooMany("signing in failed too often of late", wait_s=wait)


def note_failure(session: Session, keys: tuple[str, ...], *, now: datetime) -> None:
    """Count a failure for each key, and brake those that fail too often."""
    insert_missing(
        session,
        SignInTries,
        [
            {"key": key, "failures": 0, "last_at": now, "blocked_until": None}
            for key in sorted(keys)
        ],
    )
    for row in sign_in.tries(session, keys, lock=True).values():
        if now - row.last_at > FORGOTTEN:
            row.failures = 0
        row.failures += 1
        row.last_at = now
        over = row.failures - FREE[row.key.partition(":")[0]]
        if over > 0:
            row.blocked_until = now + min(LONGEST_WAIT, timedelta(seconds=2 ** min(over - 1, 20)))


def forgive(session: Session, email: str) -> None:
    """Forget the failures of an account, for whoever has shown that it is theirs."""
    for row in sign_in.tries(session, (f"account:{email}",), lock=True).values():
        session.delete(row)


def start_session(
    session: Session, agent: Agent, where: From, *, life: timedelta, now: datetime
) -> tuple[WebSession, str]:
    """Sign an agent in; return the session and its cookie, the only time that it can be read."""
    cookie = new_token("svartid_session")
    row = WebSession(
        agent_id=agent.id,
        sha256=digest(cookie.encode()),
        created_at=now,
        last_used_at=now,
        expires_at=now + life,
        address=where.address[:100],
        browser=where.browser[:300],
    )
    session.add(row)
    _audit(session, agent, "session.started", now=now, after={"address": row.address})
    return row, cookie


def end_session(session: Session, row: WebSession, *, now: datetime, actor: str) -> None:
    """Sign out; saying it again changes nothing."""
    if row.revoked_at is None:
        row.revoked_at = now
        audit_of(session, "agent", row.agent_id, "session.ended", now=now, actor=actor)


def csrf_of(house: House, row: WebSession) -> str:
    """Return what a page of ours sends with every change, and no other site can know."""
    return keyed(house.secret, f"csrf {row.id}", length=32)


def set_password(session: Session, agent: Agent, hashed: str, *, now: datetime, actor: str) -> None:
    """Set an agent's password, already hashed; whoever is signed in as them is no longer."""
    credential = sign_in.credential_of(session, agent.id)
    credential.password_hash = hashed
    credential.password_set_at = now
    for row in sign_in.sessions_of(session, agent.id, now):
        row.revoked_at = now
    audit_of(session, "agent", agent.id, "password.set", now=now, actor=actor)


def is_second_factor_right(
    session: Session, house: House, credential: Credential, code: str | None, *, now: datetime
) -> bool:
    """Return whether a code is right, where one is asked for; each code counts once."""
    if credential.totp_since is None:
        return True
    if not code:
        return False
    given = code.replace(" ", "").replace("-", "").lower()
    step = totp.step_of(_secret_of(house, credential), given, now=now, after=credential.totp_step)
    if step is not None:
        credential.totp_step = step
        return True
    used = next((one for one in credential.recovery_codes if same(one, digest(given.encode()))), "")
    if used:
        credential.recovery_codes = [one for one in credential.recovery_codes if one != used]
        _audit(
            session,
            credential,
            "recovery_code.used",
            now=now,
            after={"left": len(credential.recovery_codes)},
        )
    return bool(used)


def begin_totp(session: Session, house: House, agent: Agent, *, now: datetime) -> tuple[str, str]:
    """Make a secret for one-time codes; return it and its address. It counts once confirmed."""
    credential = sign_in.credential_of(session, agent.id)
    if credential.totp_since is not None:
        raise Conflict("one-time codes are on already", remedy="Turn them off first.")
    secret = totp.new_secret()
    box = lock(house.secret, f"totp {agent.id}", secret.encode())
    credential.totp_secret = base64.b64encode(box).decode()
    _audit(session, agent, "totp.begun", now=now)
    address = totp.address_of(secret, who=agent.email, issuer=house.settings.desk.name)
    return secret, address


def confirm_totp(
    session: Session, house: House, agent: Agent, *, code: str, now: datetime
) -> list[str]:
    """Turn one-time codes on with a first right one; return the recovery codes, shown this once."""
    credential = sign_in.credential_of(session, agent.id)
    if credential.totp_secret is None or credential.totp_since is not None:
        raise Conflict("there is nothing to confirm", remedy="Ask for a secret first.")
    step = totp.step_of(_secret_of(house, credential), code, now=now, after=None)
    if step is None:
        raise BadInput("this code is wrong", field="body.code", remedy="Check the clock.")
    codes = [secrets.token_hex(5) for _ in range(RECOVERY_CODES)]
    credential.totp_since, credential.totp_step = now, step
    credential.recovery_codes = [digest(one.encode()) for one in codes]
    _audit(session, agent, "totp.on", now=now)
    return [f"{one[:5]}-{one[5:]}" for one in codes]


def end_totp(session: Session, agent: Agent, *, now: datetime, actor: str) -> None:
    """Turn one-time codes off, and with them the recovery codes."""
    credential = sign_in.credential_of(session, agent.id)
    credential.totp_secret = credential.totp_since = credential.totp_step = None
    credential.recovery_codes = []
    audit_of(session, "agent", agent.id, "totp.off", now=now, actor=actor)


def sign_out_everywhere(session: Session, agent: Agent, *, now: datetime, actor: str) -> None:
    """Revoke every session and token of an agent."""
    access.shut_out(session, agent.id, now=now)
    audit_of(session, "agent", agent.id, "agent.signed_out", now=now, actor=actor)


def _secret_of(house: House, credential: Credential) -> str:
    box = base64.b64decode(credential.totp_secret or "")
    secret = unlock(house.secret, f"totp {credential.agent_id}", box)
    if secret is None:
        raise NotAllowed(
            "one-time codes cannot be checked: the desk's secret has changed",
            remedy="Ask an operator: svartid staff totp-off.",
        )
    return secret.decode()


def _audit(
    session: Session,
    who: Agent | Credential,
    action: str,
    *,
    now: datetime,
    after: dict[str, object] | None = None,
) -> None:
    agent_id = who.id if isinstance(who, Agent) else who.agent_id
    actor = f"agent:{agent_id}"
    audit_of(session, "agent", agent_id, action, now=now, actor=actor, after=after)
