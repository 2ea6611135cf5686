"""The trade's words in the letters' languages, and what the templates call as ``t``."""

import functools
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from app.desk.letters.contexts import AboutTicket, Context, Promise
from app.kit import i18n
from app.sla.terms import ClockKind, Severity

SEVERITY: Final[Mapping[str, Mapping[Severity, str]]] = {
    "nb": {
        Severity.CRITICAL: "kritisk",
        Severity.SERIOUS: "alvorlig",
        Severity.MINOR: "mindre alvorlig",
        Severity.REQUEST: "forespørsel",
    },
    "nn": {
        Severity.CRITICAL: "kritisk",
        Severity.SERIOUS: "alvorleg",
        Severity.MINOR: "mindre alvorleg",
        Severity.REQUEST: "førespurnad",
    },
    "en": {
        Severity.CRITICAL: "critical",
        Severity.SERIOUS: "serious",
        Severity.MINOR: "minor",
        Severity.REQUEST: "request",
    },
}

PROMISED: Final[Mapping[str, Mapping[ClockKind, str]]] = {
    "nb": {
        ClockKind.FIRST_RESPONSE: "Svar fra en av oss",
        ClockKind.WORK_STARTED: "Arbeidet er i gang",
        ClockKind.NEXT_UPDATE: "Neste oppdatering fra oss",
        ClockKind.RESOLVE: "Løst",
    },
    "nn": {
        ClockKind.FIRST_RESPONSE: "Svar frå ein av oss",
        ClockKind.WORK_STARTED: "Arbeidet er i gang",
        ClockKind.NEXT_UPDATE: "Neste oppdatering frå oss",
        ClockKind.RESOLVE: "Løyst",
    },
    "en": {
        ClockKind.FIRST_RESPONSE: "An answer from one of us",
        ClockKind.WORK_STARTED: "Work has begun",
        ClockKind.NEXT_UPDATE: "Our next update",
        ClockKind.RESOLVE: "Solved",
    },
}

# As staff call them: short, in a page.
DUE: Final[Mapping[str, Mapping[ClockKind, str]]] = {
    "nb": {
        ClockKind.FIRST_RESPONSE: "første svar",
        ClockKind.WORK_STARTED: "arbeidsstart",
        ClockKind.NEXT_UPDATE: "neste oppdatering",
        ClockKind.RESOLVE: "løsning",
    },
    "nn": {
        ClockKind.FIRST_RESPONSE: "første svar",
        ClockKind.WORK_STARTED: "arbeidsstart",
        ClockKind.NEXT_UPDATE: "neste oppdatering",
        ClockKind.RESOLVE: "løysing",
    },
    "en": {
        ClockKind.FIRST_RESPONSE: "first response",
        ClockKind.WORK_STARTED: "start of work",
        ClockKind.NEXT_UPDATE: "next update",
        ClockKind.RESOLVE: "solution",
    },
}

_GOAL: Final = {"nb": "målet er", "nn": "målet er", "en": "our aim is"}
_TAKE: Final = {"nb": "Ta saken", "nn": "Ta saka", "en": "Take the ticket"}
_NO_SUBJECT: Final = {"nb": "Saken din", "nn": "Saka di", "en": "Your ticket"}

# A prefix that some mail program put there, in the languages our customers' programs speak, and a
# ticket's tag that an earlier letter of ours put there.
_PREFIX = re.compile(
    r"(?:\s*(?:(?:re|sv|vs|aw|fwd?|videresendt|vidaresendt)\s*:|\[#\d+\]))+\s*", re.IGNORECASE
)
_WEB = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.)(?:[^\s/@]*@)?([^\s/:?#]*)\S*", re.IGNORECASE
)
_NO_NAME = re.compile(r"[/:@<>\\|]|\d{3}|\bwww\.|\w\.\w{2}", re.IGNORECASE)


class Words:
    """What a template can say of times and of the trade, in its reader's language and zone."""

    def __init__(self, language: str, letter: Context) -> None:
        self.language = language
        self._letter = letter
        self._zone = letter.time_zone

    @property
    def subject(self) -> str:
        """Return "[#198] " and the ticket's subject: the same for every letter of a ticket.

        Mail programs put letters of one subject into one conversation.
        """
        letter = self._letter
        if not isinstance(letter, AboutTicket):
            return ""
        return f"[#{letter.number}] {self.title}"

    @functools.cached_property
    def title(self) -> str:
        """Return the ticket's subject on one line, without what programs put before it.

        Of a web address only the host is left. Whoever forges a sender could otherwise have us
        mail his link to anybody, signed by us.
        """
        letter = self._letter
        return self.title_of(letter.subject) if isinstance(letter, AboutTicket) else ""

    def title_of(self, subject: str) -> str:
        """Return any ticket's subject likewise."""
        own = " ".join(subject.split())
        match = _PREFIX.match(own)
        own = _WEB.sub(r"\1", own[match.end() :] if match else own)
        if len(own) > 150:
            own = own[:149].rstrip() + "…"
        return own or _NO_SUBJECT[self.language]

    @property
    def name(self) -> str | None:
        """Return the customer's name to greet him by; None where there is none, or it is no name.

        A name is what stands before a sender's address, so anything may stand there.
        """
        name = " ".join((getattr(self._letter, "customer_name", None) or "").split())
        return name if 0 < len(name) <= 60 and not _NO_NAME.search(name) else None

    @property
    def take(self) -> str:
        """Return what stands on the button of a page."""
        return _TAKE[self.language]

    @property
    def zone(self) -> str | None:
        """Return the name of the zone of all times in the letter; None for a Norwegian's own."""
        if self._zone.key == "Europe/Oslo" and self.language != "en":
            return None
        return i18n.zone_in_words(self._zone, at=self._letter.now)

    def moment(self, at: datetime) -> str:
        """Return a date and a time."""
        return i18n.moment(at, zone=self._zone, language=self.language, now=self._letter.now)

    def deadline(self, at: datetime) -> str:
        """Return "by" a date and a time, or the end of a day."""
        return i18n.deadline(at, zone=self._zone, language=self.language, now=self._letter.now)

    def until(self, at: datetime) -> str:
        """Return how long it is until, or since, a time."""
        return i18n.duration(at - self._letter.now, language=self.language)

    def duration(self, span: timedelta) -> str:
        """Return a stretch of time."""
        return i18n.duration(span, language=self.language)

    def hours(self, seconds: int) -> str:
        """Return a length of working time, never told in days: ``48 t``, ``1 h 30 min``."""
        count, rest = divmod(seconds, 3_600)
        parts = ((count, "h" if self.language == "en" else "t"), (rest // 60, "min"))
        return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"

    def is_past(self, at: datetime) -> bool:
        """Say whether a time has passed when the letter is written."""
        return at <= self._letter.now

    def severity(self, of: Severity) -> str:
        """Return a severity's name."""
        return SEVERITY[self.language][of]

    def promised(self, kind: ClockKind) -> str:
        """Return what is promised, as a customer reads it."""
        return PROMISED[self.language][kind]

    def due(self, kind: ClockKind) -> str:
        """Return what is due, as staff call it."""
        return DUE[self.language][kind]

    def promise(self, promise: Promise) -> str:
        """Return what is promised and by when; the target too, where it is another time."""
        what = PROMISED[self.language][promise.kind]
        target, limit = promise.target_at, promise.limit_at
        goal = _GOAL[self.language]
        if limit is None:
            return f"{what}: {goal} {self.moment(target)}" if target else what
        if target is None or target >= limit:
            return f"{what}: {self.deadline(limit)}"
        if target.astimezone(self._zone).date() == limit.astimezone(self._zone).date():
            when = i18n.time_of_day(target, zone=self._zone, language=self.language)
        else:
            when = self.moment(target)
        return f"{what}: {self.deadline(limit)} ({goal} {when})"
