"""What a caller hears at each step, and what is written down of it.

1. *Greeting*: by company where the number is known; 1, 2 or 3, by key or by word.
2. *Choice*: the ticket exists from here on. A critical call is put through at any hour, others
   while the desk is open; else the caller hears when it opens, and leaves a message.
3. *Connect*: whoever is on call is rung, then the next, each told what it is about and asked for a
   key, so that nobody's own voicemail takes the call; then a message.
4. *Message*: recorded by Twilio and told by a callback, which also bears all that is needed to make
   the ticket, should we not have been able to until then.

What the steps need to know of one another travels in the addresses that Twilio posts to, which it
signs; so every step can be said without the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk.call_report import CallReport
from app.desk.callers import find_caller
from app.desk.calls import record_call
from app.desk.duty_phones import Rung, who_is_rung
from app.desk.house import House
from app.desk.letters.words import SEVERITY
from app.desk.taking import take
from app.desk.terms import terms_of
from app.desk.work import By
from app.kit import i18n
from app.kit.db import Database
from app.kit.phone_numbers import in_words, parse_number
from app.models import OPEN, CallOutcome, Ticket
from app.outbox.twilio.script import Script
from app.outbox.twilio.webhook import Webhook
from app.sla.terms import Severity
from app.store import calls, people
from intake.phone.words import WORDS, Words, parse_choice, says_more

SOURCE: Final = "twilio"
PATH: Final = "/twilio/line"
LEAVE_A_MESSAGE: Final = "0"
# A caller who is silent for so long has said it all.
_SILENCE_S = 10


@dataclass(frozen=True, slots=True)
class Step:
    """What the steps of one call tell one another."""

    language: str = "nb"
    # When the call came in, as seconds since 1970.
    at: str = ""
    # The call, and its two numbers: callbacks about a part of it do not name them.
    call: str = ""
    caller: str = ""
    line: str = ""
    who: str = ""
    severity: str = ""
    ticket: str = ""
    # Whom we have rung already, and whom we ring now.
    tried: str = ""
    agent: str = ""

    @classmethod
    def of(cls, hook: Webhook) -> Self:
        """Read what we wrote into the address."""
        return cls(**{name: hook.query.get(name, "") for name in cls.__slots__})

    def query(self) -> str:
        """Return it as it is written into an address."""
        return urlencode({name: value for name in self.__slots__ if (value := getattr(self, name))})


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a call."""

    db: Database
    house: House
    hook: Webhook
    step: Step

    @classmethod
    def of(cls, db: Database, house: House, hook: Webhook) -> Self:
        """Return the line at this step; the first one knows only what Twilio says."""
        step = Step.of(hook)
        if not step.call:
            step = replace(
                step,
                language=house.settings.desk.language.value,
                at=str(int(hook.now.timestamp())),
                call=hook.get("CallSid"),
                caller=hook.get("From"),
                line=hook.get("To"),
            )
        return cls(db, house, hook, step)

    @property
    def words(self) -> Words:
        """Return the language's sentences."""
        return WORDS[i18n.closest(self.step.language, default="en")]

    @property
    def began(self) -> datetime:
        """Return when the call came in."""
        at = self.step.at
        known = at.isdecimal() and len(at) < 11
        return min(datetime.fromtimestamp(int(at), UTC), self.hook.now) if known else self.hook.now

    def script(self) -> Script:
        """Return an empty script in the caller's voice."""
        return Script(self.house.settings.twilio.voice_of(self.step.language))

    def url(self, name: str, **changes: str) -> str:
        """Return the address of another step."""
        step = replace(self.step, **changes)
        return f"{self.house.settings.twilio_url}{PATH}/{name}?{step.query()}"

    def report(self, **told: object) -> CallReport:
        """Return what is known of the call, with what this step adds."""
        chosen = self.step.severity
        known: dict[str, object] = {
            "source": SOURCE,
            "external_id": self.step.call,
            "from_number": self.step.caller,
            "to_number": self.step.line,
            "started_at": self.began,
            "severity": Severity(chosen) if chosen in set(Severity) else None,
        }
        return CallReport(**{**known, **told})  # type: ignore[arg-type] # its own fields

    # 1. Greeting.

    def greet(self) -> Script:
        """Greet a caller by company, in their language."""
        region = self.house.settings.phone.region
        number = parse_number(self.step.caller, region)
        with self.db.reading() as session:
            caller = find_caller(session, number)
            customer = caller.customer.id if caller.customer else None
            terms = terms_of(session, self.house, customer, self.hook.now)
        agreed = terms.agreement.language if terms.agreement else None
        step = replace(
            self.step,
            language=caller.language(self.house.settings, agreed),
            who=caller.name[:80],
        )
        return replace(self, step=step).greet_anybody()

    def greet_anybody(self) -> Script:
        """Greet a caller of whom nothing is known, while the database is away."""
        brand = self.house.settings.desk.name
        hello = self.words.hello_known if self.step.who else self.words.hello
        text = f"{hello.format(brand=brand, who=self.step.who)} {self.words.menu}"
        wait = self.house.settings.phone.menu_s
        return self.script().listen(text, self.url("choice"), wait_s=wait, hints=self.words.hints)

    # 2. Choice.

    def choose(self) -> Script:
        """Open the ticket, or join one, and go on."""
        line = self.chosen()
        speech = self.hook.get("SpeechResult")
        told = speech if says_more(speech) else ""
        with self.db.writing() as session:
            _, ticket = record_call(
                session, self.house, line.report(transcript=told), now=self.hook.now
            )
        return line.after_choice(ticket)

    def chosen(self) -> Self:
        """Return the line with what the caller chose; empty where it is unclear."""
        choice = parse_choice(self.hook.get("Digits"), self.hook.get("SpeechResult"))
        return replace(self, step=replace(self.step, severity=choice.value if choice else ""))

    def after_choice(self, ticket: Ticket | None) -> Script:
        """Put the caller through, or tell when the desk opens."""
        number = str(ticket.number) if ticket else ""
        severity = ticket.severity if ticket else Severity.SERIOUS
        line = replace(self, step=replace(self.step, ticket=number))
        calendar = self.house.policy.calendar()
        said = self.words.number.format(number=number) if number else ""
        if severity is Severity.CRITICAL or calendar.is_open(self.hook.now):
            text = f"{said} {self.words.put_through}".strip()
            script = line.script().ask(text, line.url("connect"), wait_s=1)
            return script.go_on(line.url("connect"))
        return line.leave_message(said, self._opening(ticket))

    def _opening(self, ticket: Ticket | None) -> str:
        at = self.house.policy.calendar().next_opening(self.hook.now)
        if at is None:
            return self.words.closed_some_time
        zone = ZoneInfo(ticket.time_zone if ticket else self.house.settings.desk.time_zone)
        language = i18n.closest(self.step.language, default="en")
        opens = i18n.moment(at, zone=zone, language=language, now=self.hook.now)
        return self.words.closed.format(opens=opens)

    # 3. Connect.

    def connect(self) -> Script:
        """Ring the next of those on call; when there is none left, take a message."""
        if self.hook.get("Digits") == LEAVE_A_MESSAGE:
            return self.leave_message()
        if self._was_answered():
            return self.script().hang_up()
        tried = {one for one in self.step.tried.split(",") if one}
        most = self.house.settings.phone.people
        with self.db.reading() as session:
            rung = who_is_rung(session, self.house, now=self.hook.now)[:most]
        left = [one for one in rung if str(one.agent.id) not in tried]
        if not left:
            return self.leave_message(self.words.nobody_free)
        return self._ring(left[0], tried=[*sorted(tried), str(left[0].agent.id)])

    def _ring(self, one: Rung, *, tried: Sequence[str]) -> Script:
        phone, number = self.house.settings.phone, self.house.settings.twilio.number
        agent = str(one.agent.id)
        language = i18n.closest(one.agent.language, default="en")
        who = self.step.who or self._number_in_words()
        return self.script().connect(
            one.number,
            caller_id=number or self.step.line,
            ring_s=phone.ring_s,
            action=self.url("connect", tried=",".join(tried), agent=agent),
            whisper=self.url("whisper", agent=agent, language=language, who=who),
        )

    def _was_answered(self) -> bool:
        """Tell whether somebody took the call; written down once more, should it have been lost."""
        if not self.hook.get("DialCallStatus"):
            return False
        bridged = self.hook.get("DialBridged").lower() == "true"
        with self.db.writing() as session:
            call = calls.find_by_source(session, SOURCE, self.step.call)
            known = call is not None and call.outcome is CallOutcome.ANSWERED
            if bridged and not known:
                length = self.hook.get("DialCallDuration")
                talked = timedelta(seconds=int(length) if length.isdecimal() else 0)
                self._record_answer(session, at=self.hook.now - talked)
        return bridged or known

    def _number_in_words(self) -> str:
        number = parse_number(self.step.caller, self.house.settings.phone.region)
        return in_words(number) if number else "?"

    def whisper(self) -> Script:
        """Tell whoever picked up what it is about, and ask for a key."""
        severity = self.step.severity or Severity.SERIOUS.value
        language = i18n.closest(self.step.language, default="en")
        text = self.words.whisper.format(
            severity=SEVERITY[language][Severity(severity)].capitalize(),
            number=self.step.ticket or "?",
            who=self.step.who,
        )
        script = self.script()
        for _ in range(2):
            script.ask(text, self.url("accept"), wait_s=4)
        return script.hang_up()

    def accept(self) -> Script:
        """Note who takes the call, and whose the ticket is from now on."""
        if self.hook.get("Digits") != "1":
            return self.script().hang_up()
        with self.db.writing() as session:
            self._record_answer(session, at=self.hook.now)
        return self.accept_blindly()

    def accept_blindly(self) -> Script:
        """Let the two speak; an ended script connects them."""
        if self.hook.get("Digits") != "1":
            return self.script().hang_up()
        return self.script().say(self.words.accepted)

    def _record_answer(self, session: Session, *, at: datetime) -> None:
        agent = people.find_agent(session, UUID(self.step.agent)) if self.step.agent else None
        report = self.report(
            outcome=CallOutcome.ANSWERED,
            answered_at=at,
            agent_id=agent.id if agent else None,
        )
        _, ticket = record_call(session, self.house, report, now=self.hook.now)
        if ticket and agent and ticket.status in OPEN and ticket.taken_at is None:
            take(session, self.house, ticket, By(agent, self.hook.now))

    # 4. Message.

    def leave_message(self, *first: str) -> Script:
        """Ask for a message and record it."""
        phone = self.house.settings.phone
        said = " ".join(part for part in (*first, self.words.leave_message) if part)
        script = self.script().say(said)
        if phone.transcribe:
            script.transcribe(self.url("transcription"))
        script.record(
            action=self.url("left"),
            status=self.url("recording"),
            longest_s=phone.record_s,
            silence_s=_SILENCE_S,
        )
        return script.say(self.words.no_message).hang_up()

    def left(self) -> Script:
        """Thank for the message."""
        self.keep_recording()
        return self.thank()

    def thank(self) -> Script:
        """Say goodbye."""
        return self.script().say(self.words.thanks).hang_up()

    def keep_recording(self) -> None:
        """Write down that there is a recording; its bytes are fetched later."""
        if self.hook.get("RecordingStatus") in {"absent", "failed"}:
            return
        report = self.report(
            outcome=CallOutcome.VOICEMAIL, recording_url=self.hook.get("RecordingUrl"), fetch=True
        )
        with self.db.writing() as session:
            record_call(session, self.house, report, now=self.hook.now)
