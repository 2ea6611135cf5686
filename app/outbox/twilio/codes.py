"""What Twilio's words mean: its error codes, and how a message or a call went.

The codes are described at https://www.twilio.com/docs/api/errors/CODE.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Cure(StrEnum):
    """What helps against an error; only the last two are worth another try."""

    OTHER_NUMBER = "another number"
    SETTINGS = "other settings"  # Of ours or of the account.
    OTHER_CHANNEL = "another channel"  # The same would be filtered again.
    TIME = "time"
    ONCE_MORE = "one more try"


RETRYABLE: Final = frozenset({Cure.TIME, Cure.ONCE_MORE})

_CODES: Final = {
    # The number.
    21211: (Cure.OTHER_NUMBER, "it is no telephone number"),
    21214: (Cure.OTHER_NUMBER, "the number cannot be called"),
    21217: (Cure.OTHER_NUMBER, "it is no telephone number"),
    21610: (Cure.OTHER_NUMBER, "the receiver has answered STOP"),
    # Norwegian landlines give this one.
    21614: (Cure.OTHER_NUMBER, "the number is no mobile's"),
    21635: (Cure.OTHER_NUMBER, "the number is a landline's"),
    30003: (Cure.OTHER_NUMBER, "the telephone cannot be reached"),
    30004: (Cure.OTHER_NUMBER, "the receiver or their operator blocks it"),
    30005: (Cure.OTHER_NUMBER, "the number is not in use"),
    30006: (Cure.OTHER_NUMBER, "the number is a landline's, or its operator takes no SMS"),
    # The account, or what we have set up.
    20003: (Cure.SETTINGS, "the account's id or its auth token is wrong"),
    20005: (Cure.SETTINGS, "the account is not active"),
    21212: (Cure.SETTINGS, "our own number is none"),
    21215: (Cure.SETTINGS, "the account may not call that country"),
    21408: (Cure.SETTINGS, "the account may send no SMS to that country"),
    21606: (Cure.SETTINGS, "our number cannot send SMS"),
    21609: (Cure.SETTINGS, "our address for callbacks is not valid"),
    21612: (Cure.SETTINGS, "our number reaches no such receiver"),
    30002: (Cure.SETTINGS, "the account is suspended"),
    30034: (Cure.SETTINGS, "our number is not registered with the operators"),
    57012: (Cure.SETTINGS, "our webhook did not let Twilio in"),
    # What an operator takes for unwanted is unwanted the next time too.
    30007: (Cure.OTHER_CHANNEL, "an operator has filtered it"),
    # What passes.
    20429: (Cure.TIME, "Twilio asks for fewer requests"),
    20500: (Cure.TIME, "Twilio itself has failed"),
    20503: (Cure.TIME, "Twilio is away"),
    21611: (Cure.TIME, "too many messages wait"),
    30001: (Cure.TIME, "too many messages wait"),
    30008: (Cure.ONCE_MORE, "the operator does not say why"),
    30036: (Cure.OTHER_CHANNEL, "it was no longer worth sending"),
    30410: (Cure.TIME, "the operator did not answer in time"),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error as we understand it."""

    code: int | None
    cure: Cure
    says: str

    @property
    def sentence(self) -> str:
        """Return what staff read."""
        return f"{self.says} (Twilio {self.code})" if self.code else self.says


def trouble(code: int | None, *, status: int = 400, says: str = "") -> Trouble:
    """Return what an error means.

    1. A code that we know.
    2. 13xxx: what we have Twilio say or do in a call is wrong.
    3. Else the answer's HTTP status: 408, 429 and 5xx pass, everything else is for good.
    """
    if code in _CODES:
        cure, words = _CODES[code]
        return Trouble(code, cure, words)
    if code is not None and 13000 <= code < 14000:
        return Trouble(code, Cure.SETTINGS, says or "the call's script is wrong")
    passes = status in {408, 429} or status >= 500
    return Trouble(code, Cure.TIME if passes else Cure.SETTINGS, says or f"Twilio says {status}")


class Stage(StrEnum):
    """How far a message or a call has come."""

    UNDER_WAY = "under way"
    ARRIVED = "arrived"  # On the telephone, or somebody answered and the call is over.
    NOT_ARRIVED = "not arrived"


# In the order in which they can follow one another; those of one rank exclude each other.
_RANKS: Final = (
    frozenset({"accepted", "scheduled"}),
    frozenset({"queued"}),
    frozenset({"sending", "initiated"}),
    frozenset({"ringing"}),
    frozenset({"sent", "in-progress", "answered"}),
    frozenset(
        {"delivered", "read", "undelivered", "failed", "canceled", "completed", "busy", "no-answer"}
    ),
)
_LAST: Final = len(_RANKS) - 1
_STAGES: Final = {
    "delivered": Stage.ARRIVED,
    "read": Stage.ARRIVED,
    "completed": Stage.ARRIVED,
    "undelivered": Stage.NOT_ARRIVED,
    "failed": Stage.NOT_ARRIVED,
    "canceled": Stage.NOT_ARRIVED,
    "busy": Stage.NOT_ARRIVED,
    "no-answer": Stage.NOT_ARRIVED,
}
# What answers a call and is nobody.
MACHINES: Final = frozenset(
    {"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"}
)
CALL_FAILURES: Final = {
    "busy": "busy",
    "no-answer": "nobody answered",
    "canceled": "the call was cancelled",
    "failed": "the call did not get through",
}


def follows(status: str, before: str | None) -> bool:
    """Tell whether a status is news; a late or a repeated one, or one that we do not know, is not.

    What has ended stays as it ended.
    """
    return rank(status) > (-1 if before is None else rank(before))


def rank(status: str) -> int:
    """Return how far along a status is; -1 for a word that Twilio did not have when we looked."""
    return next((number for number, words in enumerate(_RANKS) if status in words), -1)


def stage(status: str) -> Stage:
    """Return what a status means."""
    return _STAGES.get(status, Stage.UNDER_WAY)
