"""How a person is reached: contact methods and their codes, quiet hours, leave.

A method is used only after the code that was sent to it has been given back, so that nobody is
relied on at a number with a digit wrong. The address that an agent signs in with is the exception:
it needs no method, and is tried after all others.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk.events import audit_of
from app.kit.errors import BadInput, Conflict, NotFound
from app.kit.ids import digest, same
from app.models import Agent, ContactMethod, Leave
from app.models.base import Id
from app.sla.ladder import PageChannel
from app.sla.oncall.document import seconds_of
from app.store import oncall

CODE_LASTS = timedelta(minutes=15)
# Of a million codes so many guesses are let through before a new one must be asked for.
MOST_TRIES = 5
URGENCIES = ("high", "low")


@dataclass(frozen=True, slots=True)
class NewMethod:
    """A way to a person, as they give it."""

    channel: PageChannel
    address: str
    urgencies: Sequence[str] = URGENCIES


def add_method(
    session: Session, agent: Agent, new: NewMethod, *, now: datetime, actor: str
) -> tuple[ContactMethod, str]:
    """Add a method behind the person's others, and return it with the code to be sent to it."""
    address = _checked(new)
    own = oncall.methods_of(session, agent.id)
    if any((one.channel, one.address) == (new.channel, address) for one in own):
        raise Conflict(f"{address} is one of {agent.name}'s methods already", field="address")
    method = ContactMethod(
        agent_id=agent.id,
        position=max((one.position for one in own), default=0) + 1,
        channel=new.channel,
        address=address,
        urgencies=[word for word in URGENCIES if word in new.urgencies],
        created_at=now,
    )
    code = _new_code(method, now)
    session.add(method)
    _audit(session, agent, "method.added", now=now, actor=actor, method=method)
    return method, code


def new_code(method: ContactMethod, *, now: datetime) -> str:
    """Return a new code for a method; the one before it no longer counts."""
    if method.verified_at is not None:
        raise Conflict(f"{method.address} is verified already", field="method_id")
    return _new_code(method, now)


def verify(
    session: Session, agent: Agent, method: ContactMethod, *, code: str, now: datetime, actor: str
) -> bool:
    """Take a code back; False when it is wrong, too old, or was guessed at too often."""
    if method.verified_at is not None:
        return True
    if method.code_sha256 is None or method.code_until is None or now > method.code_until:
        return False
    method.code_tries += 1
    if method.code_tries > MOST_TRIES or not same(method.code_sha256, _hash(method, code)):
        return False
    method.verified_at = now
    method.code_sha256 = None
    _audit(session, agent, "method.verified", now=now, actor=actor, method=method)
    return True


def order_methods(
    session: Session, agent: Agent, ids: Sequence[Id], *, now: datetime, actor: str
) -> None:
    """Put a person's methods in this order; every one of them is to be named."""
    own = {one.id: one for one in oncall.methods_of(session, agent.id)}
    if sorted(ids) != sorted(own):
        raise BadInput("name each of the person's methods once", field="ids")
    for position, one in enumerate(ids, start=1):
        own[one].position = position
    _audit(session, agent, "method.ordered", now=now, actor=actor)


def remove_method(
    session: Session, agent: Agent, method: ContactMethod, *, now: datetime, actor: str
) -> None:
    """Forget a method."""
    _audit(session, agent, "method.removed", now=now, actor=actor, method=method)
    oncall.remove_method(session, method)


def set_quiet_hours(
    session: Session,
    agent: Agent,
    *,
    start: str | None,
    end: str | None,
    time_zone: str | None,
    now: datetime,
    actor: str,
) -> None:
    """Set the hours in which only what is critical makes a noise; None and None for no such."""
    if (start is None) != (end is None):
        raise BadInput("quiet hours have a start and an end, or neither", field="end")
    before: dict[str, object] = {"from": agent.quiet_from, "to": agent.quiet_to}
    for field, value in (("start", start), ("end", end)):
        if value is not None and not _is_time(value):
            raise BadInput(f"{value!r} is no time of day, as in 22:00", field=field)
    if time_zone is not None:
        try:
            ZoneInfo(time_zone)
        except (LookupError, ValueError, OSError):
            raise BadInput(f"no time zone is called {time_zone!r}", field="time_zone") from None
    agent.quiet_from, agent.quiet_to, agent.time_zone = start, end, time_zone
    audit_of(
        session,
        "agent",
        agent.id,
        "agent.quiet_hours",
        now=now,
        actor=actor,
        before=before,
        after={"from": start, "to": end, "time_zone": time_zone},
    )


def add_leave(
    session: Session,
    agent: Agent,
    *,
    start: datetime,
    end: datetime,
    note: str = "",
    now: datetime,
    actor: str,
) -> Leave:
    """Say that a person is away; they are paged by nothing, and stand in for nobody."""
    if end <= start:
        raise BadInput("the leave ends before it starts", field="end")
    leave = Leave(agent_id=agent.id, starts_at=start, ends_at=end, note=note, created_at=now)
    session.add(leave)
    what: dict[str, object] = {"from": start.isoformat(), "to": end.isoformat()}
    audit_of(session, "agent", agent.id, "leave.added", now=now, actor=actor, after=what)
    return leave


def remove_leave(session: Session, leave: Leave, *, now: datetime, actor: str) -> None:
    """Take leave back."""
    what: dict[str, object] = {
        "from": leave.starts_at.isoformat(),
        "to": leave.ends_at.isoformat(),
    }
    audit_of(session, "agent", leave.agent_id, "leave.removed", now=now, actor=actor, before=what)
    oncall.remove_leave(session, leave)


def method_of(session: Session, agent: Agent, method_id: Id) -> ContactMethod:
    """Return a person's own method, locked; NotFound without it."""
    method = oncall.find_method(session, method_id, lock=True)
    if method is None or method.agent_id != agent.id:
        raise NotFound(f"{agent.name} has no such method", field="method_id")
    return method


def _checked(new: NewMethod) -> str:
    address = new.address.strip()
    if new.channel is PageChannel.MAIL:
        right = "@" in address and " " not in address
        like = "ola@example.no"
    elif new.channel in {PageChannel.SMS, PageChannel.VOICE}:
        address = address.replace(" ", "")
        right = address.startswith("+") and address[1:].isdecimal() and 8 <= len(address) <= 16
        like = "+4790000000"
    elif new.channel is PageChannel.CHAT:
        right = address.startswith("https://")
        like = "the https:// address of an incoming webhook of Slack or Teams"
    else:
        raise BadInput(f"{new.channel.value} is no method of a person's", field="channel")
    if not right:
        raise BadInput(f"{address!r} is not right; give one like {like}", field="address")
    if not set(new.urgencies) & set(URGENCIES):
        raise BadInput("a method is for high, low or both", field="urgencies")
    return address


def _is_time(text: str) -> bool:
    hours, colon, minutes = text.partition(":")
    if not (colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal()):
        return False
    return int(minutes) < 60 and seconds_of(text) < 24 * 3600


def _new_code(method: ContactMethod, now: datetime) -> str:
    code = f"{secrets.randbelow(1_000_000):06d}"
    method.code_sha256 = _hash(method, code)
    method.code_until = now + CODE_LASTS
    method.code_tries = 0
    return code


def _hash(method: ContactMethod, code: str) -> str:
    return digest(f"{method.id}:{code.strip()}".encode())


def _audit(
    session: Session,
    agent: Agent,
    action: str,
    *,
    now: datetime,
    actor: str,
    method: ContactMethod | None = None,
) -> None:
    after: dict[str, object] | None = None
    if method is not None:
        after = {"channel": method.channel.value, "address": method.address}
    audit_of(session, "agent", agent.id, action, now=now, actor=actor, after=after)
