"""The words a ladder is written in: whom a step reaches, how, and what its time is counted from."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator
from typing_extensions import override


class Anchor(StrEnum):
    """What a step's time is counted from."""

    START = "start"  # When this run began: the receipt, or the moment the severity was raised.
    TARGET = "target"
    LIMIT = "limit"
    PREVIOUS = "previous"  # The step before it among those that apply.


class PageChannel(StrEnum):
    """How a person is reached."""

    MAIL = "mail"
    SMS = "sms"
    VOICE = "voice"
    CHAT = "chat"
    WEBHOOK = "webhook"
    PREFERRED = "preferred"  # The person's own methods, in the person's own order.


class Only(StrEnum):
    """When a step may page."""

    ALWAYS = "always"
    DESK_HOURS = "desk_hours"  # Outside them it waits for the next opening.


class ReceiverKind(StrEnum):
    """What kind of receiver a step names."""

    ASSIGNEE = "assignee"
    ON_CALL = "on_call"
    ON_CALL_NEXT = "on_call_next"
    AGENT = "agent"
    TEAM = "team"
    ROLE = "role"
    WEBHOOK = "webhook"
    CATCH_ALL = "catch_all"


# Those that stand alone; every other kind names one of its kind after a colon.
NAMELESS = frozenset({ReceiverKind.ASSIGNEE, ReceiverKind.CATCH_ALL})

_NAME = re.compile(r"[^\s:][^\n:]{0,118}[^\s:]|[^\s:]")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom a step reaches; written as ``assignee``, ``on_call:desk`` or ``role:lead``."""

    kind: ReceiverKind
    # A schedule, an agent, a team, a role or a webhook; empty for those that stand alone.
    name: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}" if self.name else self.kind.value


def read_receiver(word: object) -> Receiver:
    """Return the receiver that a word names; raises ValueError with what would be right."""
    if isinstance(word, Receiver):
        return word
    kind_word, _, name = str(word).strip().partition(":")
    try:
        kind = ReceiverKind(kind_word)
    except ValueError:
        kinds = ", ".join(
            kind.value if kind in NAMELESS else f"{kind.value}:NAME" for kind in ReceiverKind
        )
        raise ValueError(f"{word!r} is no receiver; the receivers are {kinds}") from None
    if kind in NAMELESS and name:
        raise ValueError(f"{kind.value!r} stands alone, without {name!r}")
    if kind not in NAMELESS and not _NAME.fullmatch(name):
        raise ValueError(f"{kind.value!r} needs a name, as in '{kind.value}:desk'")
    return Receiver(kind, name)


ReceiverField = Annotated[
    Receiver, PlainValidator(read_receiver), PlainSerializer(str, return_type=str)
]
