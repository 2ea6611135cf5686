"""The house: what every verb needs to know of the company it works for.

Settings and the promises in force are read once, at start. A policy or a ladder that is new is
written down as a version then, so that a ticket can name the one it was opened under for ever.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, TypeVar

from sqlmodel import Session

from app.config import Mailbox, Settings
from app.kit.errors import BadConfig, NotFound
from app.models import LadderStart, LadderVersion, PolicyStart, PolicyVersion
from app.models.base import Id, Instant
from app.sla.ladder import Ladder, default_ladder
from app.sla.policy import Policy, default_policy
from app.store import agreements


class _Document(Protocol):
    @property
    def name(self) -> str: ...

    def to_dict(self) -> dict[str, object]: ...

    def digest(self) -> str: ...


V = TypeVar("V", PolicyVersion, LadderVersion)


@dataclass(frozen=True)
class House:
    """The settings, and the policy and ladder that new tickets are opened under."""

    settings: Settings
    secret: str
    policy_id: Id
    policy: Policy
    ladder_id: Id
    ladder: Ladder
    # Versions never change, so what was read once stays right.
    _policies: dict[Id, Policy] = field(default_factory=dict)
    _ladders: dict[Id, Ladder] = field(default_factory=dict)

    @classmethod
    def open(cls, session: Session, settings: Settings, *, now: Instant) -> Self:
        """Read the promises in force, and write them down as versions where they are new."""
        policy = read_policy(settings.policy.file)
        ladder = read_ladder(settings.policy.ladder_file)
        is_new = agreements.find_by_digest(session, PolicyVersion, policy.digest()) is None
        policy_id = keep_version(session, PolicyVersion, policy, now=now).id
        if is_new and agreements.policy_starts(session, policy.name):
            # Versions of this name were imported before, and they would go on counting.
            start_version(session, policy.name, policy_id, at=now, now=now, actor="configuration")
        is_new = agreements.find_by_digest(session, LadderVersion, ladder.digest()) is None
        ladder_id = keep_version(session, LadderVersion, ladder, now=now).id
        if is_new and agreements.ladder_starts(session, ladder.name):
            start_ladder(session, ladder.name, ladder_id, at=now, now=now, actor="configuration")
        return cls(
            settings=settings,
            secret=settings.secret,
            policy_id=policy_id,
            policy=policy,
            ladder_id=ladder_id,
            ladder=ladder,
            _policies={policy_id: policy},
            _ladders={ladder_id: ladder},
        )

    def policy_of(self, session: Session, policy_id: Id) -> Policy:
        """Return the policy that a ticket was opened under."""
        if policy_id not in self._policies:
            row = session.get(PolicyVersion, policy_id)
            if row is None:
                raise NotFound(f"there is no policy version {policy_id}")
            self._policies[policy_id] = Policy.from_dict(row.body)
        return self._policies[policy_id]

    def ladder_of(self, session: Session, ladder_id: Id) -> Ladder:
        """Return the ladder that a ticket was opened under."""
        if ladder_id not in self._ladders:
            row = session.get(LadderVersion, ladder_id)
            if row is None:
                raise NotFound(f"there is no ladder version {ladder_id}")
            self._ladders[ladder_id] = Ladder.from_dict(row.body)
        return self._ladders[ladder_id]

    def mailbox(self, name: str | None) -> tuple[str, Mailbox]:
        """Return the mailbox of this name, or the first where it is gone or never was one."""
        boxes = self.settings.mailboxes
        if name in boxes:
            return name, boxes[name]
        if not boxes:
            raise BadConfig(
                "there is no mailbox to send from.",
                field="mailboxes",
                remedy="Add one; `svartid init` asks for what it needs.",
            )
        return next(iter(boxes.items()))

    @property
    def own_addresses(self) -> frozenset[str]:
        """Return every support address, in lower case."""
        return frozenset(box.address.lower() for box in self.settings.mailboxes.values())


def read_policy(file: Path | None) -> Policy:
    """Return the policy of a file, or the shipped one."""
    if file is None:
        return default_policy()
    return Policy.from_toml(_text(file, "policy.file"))


def read_ladder(file: Path | None) -> Ladder:
    """Return the ladder of a file, or the shipped one."""
    if file is None:
        return default_ladder()
    return Ladder.from_toml(_text(file, "policy.ladder_file"))


def _text(file: Path, field: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{file} cannot be read: {error}.", field=field) from error


def keep_version(session: Session, table: type[V], document: _Document, *, now: Instant) -> V:
    """Return the version with exactly this content, written down now where it is new."""
    digest = document.digest()
    known = agreements.find_by_digest(session, table, digest)
    if known is not None:
        return known
    version = table(
        name=document.name,
        version=agreements.newest_number(session, table, document.name) + 1,
        digest=digest,
        body=document.to_dict(),
        created_at=now,
    )
    session.add(version)
    session.flush()
    return version


def start_version(
    session: Session, name: str, policy_id: Id, *, at: Instant, now: Instant, actor: str
) -> PolicyStart:
    """Let a version of a policy count from a time on."""
    start = PolicyStart(name=name, policy_id=policy_id, at=at, created_at=now, actor=actor)
    session.add(start)
    session.flush()
    return start


def start_ladder(
    session: Session, name: str, ladder_id: Id, *, at: Instant, now: Instant, actor: str
) -> LadderStart:
    """Let a version of a ladder count from a time on."""
    start = LadderStart(name=name, ladder_id=ladder_id, at=at, created_at=now, actor=actor)
    session.add(start)
    session.flush()
    return start
