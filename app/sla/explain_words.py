"""An explanation in words, bokmål or English: what an agent reads to a customer on the phone."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.kit.errors import BadInput
from app.sla.clock_state import ClockEvent
from app.sla.explain import Explanation, Skipped, Stood
from app.sla.opening import DAY_S, DayKind
from app.sla.policy import Target
from app.sla.terms import ClockStatus, Counting

_DAYS = {
    "nb": ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "nb": (
        "januar", "februar", "mars", "april", "mai", "juni",
        "juli", "august", "september", "oktober", "november", "desember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip

# Every phrase by its key; what is in braces is filled in.
_PHRASES = {
    "nb": {
        "first_response": "Første svar",
        "work_started": "Arbeid påbegynt",
        "next_update": "Neste oppdatering",
        "resolve": "Løsning",
        "critical": "kritisk",
        "serious": "alvorlig",
        "minor": "mindre alvorlig",
        "request": "forespørsel",
        "every_hour": "alle timer i døgnet",
        "business_hours": "arbeidstid ({tz})",
        "calendar_days": "kalenderdager ({tz})",
        "not_started": "{clock}: klokken har ikke startet.",
        "received": "{clock}: meldingen kom {at}.",
        "round": "{clock}: denne runden begynte {at}.",
        "no_promise": "For denne alvorlighetsgraden er ingenting lovet.",
        "basis": "Løftet for {severity} ({policy}): mål {target}, frist {limit}, {counting}.",
        "changed": "Endret til {what} {at}{by}; fortsatt regnet fra mottak.",
        "counted": "Talt: {start} til {end}: {length}.",
        "pause": "Pause: {start} til {end}{by}.",
        "exclusion": "Unntak{kind}: {start} til {end}{by}.",
        "force_majeure": "force majeure",
        "customer_caused": "forhold hos kunden",
        "third_party_app": "tredjeparts programvare",
        "planned_maintenance": "varslet vedlikehold",
        "suspended_agreement": "avtalen er suspendert",
        "until_further": "inntil videre",
        "exception": "Egne åpningstider {on}{name}.",
        "holiday": "Stengt {on}{name}.",
        "public_holiday": "Helligdag {on}{name}.",
        "short": "Kort dag {on}{name}.",
        "elapsed": "Til sammen talt: {length}.",
        "target": "Målet er {at}.",
        "limit": "Fristen er {at}.",
        "left": "Klokken står; igjen til målet {target}, til fristen {limit}.",
        "kept": "Oppfylt {at}, innen fristen.",
        "late": "Oppfylt {at}, etter fristen.",
        "met": "Oppfylt {at}.",
        "cancelled": "Klokken ble avsluttet {at}.",
        "breached": "Løftet ble brutt {at}.",
        "round_over": "En tidligere runde gikk {start} til {end}, med frist {limit}.",
        "customer": "kunden",
        "desk": "systemet",
        "solved": "saken var løst",
        "by": " av {actor}",
        "why": ": {reason}",
        "at": "{day} {date}. {month} {year} kl. {time}",
        "on": "{day} {date}. {month} {year}",
        "d": "{n} dager", "d1": "1 dag", "h": "{n} t", "m": "{n} min", "s": "{n} s",
    },
    "en": {
        "first_response": "First response",
        "work_started": "Work started",
        "next_update": "Next update",
        "resolve": "Resolution",
        "critical": "critical",
        "serious": "serious",
        "minor": "minor",
        "request": "request",
        "every_hour": "every hour of day and night",
        "business_hours": "business hours ({tz})",
        "calendar_days": "calendar days ({tz})",
        "not_started": "{clock}: the clock has not started.",
        "received": "{clock}: the report reached us {at}.",
        "round": "{clock}: this round began {at}.",
        "no_promise": "Nothing is promised for this severity.",
        "basis": "Promised for {severity} ({policy}): target {target}, limit {limit}, {counting}.",
        "changed": "Changed to {what} {at}{by}; the promise is still counted from receipt.",
        "counted": "Counted: {start} to {end}: {length}.",
        "pause": "Paused: {start} to {end}{by}.",
        "exclusion": "Excluded{kind}: {start} to {end}{by}.",
        "force_majeure": "force majeure",
        "customer_caused": "caused by the customer",
        "third_party_app": "third-party application",
        "planned_maintenance": "planned maintenance",
        "suspended_agreement": "the agreement is suspended",
        "until_further": "further notice",
        "exception": "Special hours {on}{name}.",
        "holiday": "Closed {on}{name}.",
        "public_holiday": "Public holiday {on}{name}.",
        "short": "Short day {on}{name}.",
        "elapsed": "Counted in all: {length}.",
        "target": "The target is {at}.",
        "limit": "The limit is {at}.",
        "left": "The clock stands still; left to the target {target}, to the limit {limit}.",
        "kept": "Met {at}, within the limit.",
        "late": "Met {at}, after the limit.",
        "met": "Met {at}.",
        "cancelled": "The clock was cancelled {at}.",
        "breached": "The promise was broken {at}.",
        "round_over": "An earlier round ran {start} to {end}, with its limit {limit}.",
        "customer": "the customer",
        "desk": "the system",
        "solved": "the ticket was solved",
        "by": " by {actor}",
        "why": ": {reason}",
        "at": "{day} {date} {month} {year} at {time}",
        "on": "{day} {date} {month} {year}",
        "d": "{n} days", "d1": "1 day", "h": "{n} h", "m": "{n} min", "s": "{n} s",
    },
}  # fmt: skip

LANGUAGES = tuple(_PHRASES)
# Words of the log that are said in the reader's language.
_ACTORS = frozenset({"customer", "desk"})
_SOLVED = "solved"


def explain_in_words(
    explanation: Explanation, *, language: str, names: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the explanation as sentences, in the time zone of the clock's calendar.

    ``names`` says what the log's actors and policy versions are called.
    BadInput for a language that we do not write.
    """
    if language not in LANGUAGES:
        raise BadInput(
            f"there are no words in {language!r}.",
            field="language",
            remedy=f"The languages are {', '.join(LANGUAGES)}.",
        )
    return tuple(_Words(explanation, language, names or {}).sentences())


def length_in_words(seconds: int, *, language: str, days: bool = False) -> str:
    """Return a length of time: ``1 t 30 min``; in whole days when the promise is in days."""
    phrases = _PHRASES[language]
    if days and seconds % DAY_S == 0:
        count = seconds // DAY_S
        return phrases["d1"] if count == 1 else phrases["d"].format(n=count)
    hours, rest = divmod(seconds, 3_600)
    parts = ((hours, "h"), (rest // 60, "m"), (rest % 60, "s"))
    return " ".join(phrases[unit].format(n=n) for n, unit in parts if n) or phrases["m"].format(n=0)


class _Words:
    """Says one explanation in one language."""

    def __init__(self, explanation: Explanation, language: str, names: Mapping[str, str]) -> None:
        self.told = explanation
        self.state = explanation.state
        self.language = language
        self.names = names
        calendar = self.state.calendar
        self.zone = calendar.tz if calendar is not None else ZoneInfo("UTC")

    def sentences(self) -> Iterator[str]:
        """Yield receipt, basis, changes, what counted and what did not, and the result."""
        clock = self.say(self.state.kind)
        if self.state.started_at is None:
            yield self.say("not_started", clock=clock)
            return
        for over in self.state.past:
            limit = self.at(over.limit_at) if over.limit_at else self.say("until_further")
            yield self.say(
                "round_over",
                start=self.at(over.started_at),
                end=self.at(over.ended_at),
                limit=limit,
            )
        key = "round" if self.state.past else "received"
        yield self.say(key, clock=clock, at=self.at(self.state.started_at))
        for event in self.state.retargets:
            yield self.change(event)
        promise = self.state.promise
        if promise is None:
            yield self.say("no_promise")
        else:
            yield self.basis(promise)
            yield from self.course()
            yield from self.deadlines(promise)
        yield from self.result()

    def basis(self, promise: Target) -> str:
        return self.say(
            "basis",
            severity=self.say(self.state.severity or ""),
            policy=self.name(self.state.policy or ""),
            target=self.length(promise.target_s, promise),
            limit=self.length(promise.limit_s, promise),
            counting=self.say(promise.counting, tz=self.zone.key),
        )

    def change(self, event: ClockEvent) -> str:
        what = [self.say(event.severity)] if event.severity else []
        what += [self.name(event.policy)] if event.policy else []
        by = self.by(event.actor, event.reason)
        return self.say("changed", what=", ".join(what), at=self.at(event.at), by=by)

    def course(self) -> Iterator[str]:
        """Yield what counted, what stood still and what was skipped, as it came."""
        told: list[tuple[datetime, str]] = [
            (
                part.start,
                self.say(
                    "counted",
                    start=self.at(part.start),
                    end=self.at(part.end),
                    length=self.length(part.seconds),
                ),
            )
            for part in self.told.counted
        ]
        told += [(halt.start, self.halt(halt)) for halt in self.told.stood]
        told += [(self.midnight(day.on), self.day(day)) for day in self.told.skipped]
        yield from (sentence for _, sentence in sorted(told))
        yield self.say("elapsed", length=self.length(self.told.elapsed_s))

    def halt(self, halt: Stood) -> str:
        return self.say(
            "exclusion" if halt.excluded else "pause",
            kind=f" ({self.say(halt.because)})" if halt.because else "",
            start=self.at(halt.start),
            end=self.at(halt.end) if halt.end is not None else self.say("until_further"),
            by=self.by(halt.actor, halt.reason),
        )

    def day(self, day: Skipped) -> str:
        return self.say(
            DayKind(day.kind), on=self.on(day.on), name=f" ({day.name})" if day.name else ""
        )

    def deadlines(self, promise: Target) -> Iterator[str]:
        if self.state.target_at is not None:
            yield self.say("target", at=self.at(self.state.target_at))
        if self.state.limit_at is not None:
            yield self.say("limit", at=self.at(self.state.limit_at))
        elif self.state.remaining_limit_s is not None:
            yield self.say(
                "left",
                target=self.length(self.state.remaining_target_s or 0, promise),
                limit=self.length(self.state.remaining_limit_s, promise),
            )

    def result(self) -> Iterator[str]:
        if self.state.state is ClockStatus.MET and self.state.met_at is not None:
            word = {True: "kept", False: "late", None: "met"}[self.state.kept]
            yield self.say(word, at=self.at(self.state.met_at))
        if self.state.cancelled_at is not None:
            yield self.say("cancelled", at=self.at(self.state.cancelled_at))
        if self.told.breached_at is not None:
            yield self.say("breached", at=self.at(self.told.breached_at))

    def say(self, key: str, **words: str) -> str:
        return _PHRASES[self.language][key].format(**words)

    def length(self, seconds: int, promise: Target | None = None) -> str:
        days = promise is not None and promise.counting is Counting.CALENDAR_DAYS
        return length_in_words(seconds, language=self.language, days=days)

    def by(self, actor: str, reason: str) -> str:
        who = self.say(actor) if actor in _ACTORS else self.name(actor)
        why = self.say(reason) if reason == _SOLVED else reason
        told = self.say("by", actor=who) if who else ""
        return told + (self.say("why", reason=why) if why else "")

    def name(self, key: str) -> str:
        return self.names.get(key, key)

    def at(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        shown = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
        # The hour that comes twice needs its offset to be told apart.
        if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
            shown += f" (UTC{local:%z})"
        return self.say("at", time=shown, **self.parts(local))

    def on(self, day: date) -> str:
        return self.say("on", **self.parts(day))

    def parts(self, day: date) -> dict[str, str]:
        return {
            "day": _DAYS[self.language][day.weekday()],
            "date": str(day.day),
            "month": _MONTHS[self.language][day.month - 1],
            "year": str(day.year),
        }

    def midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)
