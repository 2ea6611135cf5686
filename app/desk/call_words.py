"""What a call is called on its ticket, in the ticket's language."""

from collections.abc import Mapping
from typing import Final

from app.desk.callers import Caller
from app.desk.letters.words import SEVERITY
from app.kit import i18n
from app.kit.phone_numbers import in_words
from app.models import Call, CallOutcome, Direction

_SUBJECT: Final[Mapping[str, str]] = {
    "nb": "Telefon fra {who}",
    "nn": "Telefon frå {who}",
    "en": "Call from {who}",
}
_HIDDEN: Final[Mapping[str, str]] = {
    "nb": "skjult nummer",
    "nn": "skjult nummer",
    "en": "a hidden number",
}
_FROM: Final[Mapping[str, str]] = {
    "nb": "Anrop fra {who}.",
    "nn": "Anrop frå {who}.",
    "en": "Call from {who}.",
}
_TO: Final[Mapping[str, str]] = {
    "nb": "Vi ringte {who}.",
    "nn": "Vi ringde {who}.",
    "en": "We called {who}.",
}
_OUTCOME: Final[Mapping[str, Mapping[CallOutcome, str]]] = {
    "nb": {
        CallOutcome.ANSWERED: "Besvart",
        CallOutcome.VOICEMAIL: "La igjen en beskjed",
        CallOutcome.AFTER_HOURS: "Ringte mens vi hadde stengt",
        CallOutcome.ABANDONED: "La på før noen svarte",
        CallOutcome.BUSY: "Opptatt",
        CallOutcome.FAILED: "Kom ikke fram",
        CallOutcome.MISSED: "Ikke besvart",
    },
    "nn": {
        CallOutcome.ANSWERED: "Svart på",
        CallOutcome.VOICEMAIL: "La att ei melding",
        CallOutcome.AFTER_HOURS: "Ringde medan vi hadde stengt",
        CallOutcome.ABANDONED: "La på før nokon svarte",
        CallOutcome.BUSY: "Oppteke",
        CallOutcome.FAILED: "Kom ikkje fram",
        CallOutcome.MISSED: "Ikkje svart på",
    },
    "en": {
        CallOutcome.ANSWERED: "Answered",
        CallOutcome.VOICEMAIL: "Left a message",
        CallOutcome.AFTER_HOURS: "Called while we were closed",
        CallOutcome.ABANDONED: "Hung up before anybody answered",
        CallOutcome.BUSY: "Busy",
        CallOutcome.FAILED: "Did not get through",
        CallOutcome.MISSED: "Not answered",
    },
}
_CHOSE: Final[Mapping[str, str]] = {"nb": "Meldt som", "nn": "Meldt som", "en": "Reported as"}
_RECORDING: Final[Mapping[str, str]] = {"nb": "Opptak", "nn": "Opptak", "en": "Recording"}
_TRANSCRIPT: Final[Mapping[str, str]] = {
    "nb": "Avskrift",
    "nn": "Avskrift",
    "en": "Transcript",
}


def number_of(call: Call, language: str) -> str:
    """Return the other end's number as people read it."""
    theirs = call.to_number if call.direction is Direction.OUTBOUND else call.from_number
    return in_words(theirs) if theirs.startswith("+") else theirs or _HIDDEN[language]


def subject(call: Call, caller: Caller, language: str) -> str:
    """Return what a ticket that a call opens is about, as long as nobody knows better."""
    language = i18n.closest(language, default="en")
    who = caller.name or (number_of(call, language) if caller.number else _HIDDEN[language])
    return _SUBJECT[language].format(who=who)


def entry(call: Call, language: str) -> str:
    """Return the call as it is read on the ticket: what was said, and how it went."""
    language = i18n.closest(language, default="en")
    first = _TO if call.direction is Direction.OUTBOUND else _FROM
    how = [first[language].format(who=number_of(call, language))]
    if call.outcome is not None:
        ended, began = call.ended_at, call.answered_at
        span = f" ({i18n.duration(ended - began, language=language)})" if ended and began else ""
        by = f", {call.agent}" if call.agent and call.outcome is CallOutcome.ANSWERED else ""
        how.append(f"{_OUTCOME[language][call.outcome]}{by}{span}.")
    if call.severity is not None:
        how.append(f"{_CHOSE[language]} {SEVERITY[language][call.severity]}.")
    parts = [" ".join(how), call.note]
    if call.transcript:
        parts.append(f"{_TRANSCRIPT[language]}:\n{call.transcript}")
    if call.recording_url and call.fetch_at is None and not call.fetch_tries:
        parts.append(f"{_RECORDING[language]}: {call.recording_url}")
    return "\n\n".join(part for part in parts if part)
