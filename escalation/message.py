"""What a page says by each channel: a letter, or a line or two for a phone, a chat or a program."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import wording
from app.desk.addresses import message_id
from app.desk.house import House
from app.desk.links import take_url
from app.kit import i18n
from app.kit.ids import digest
from app.models import Agent, Clock, DeliveryClass, Page, Ticket
from app.models import Message as Opening
from app.outbox.compose import Letter
from app.outbox.put import Notice, Outgoing, put, put_notice
from app.sla.ladder import PageChannel
from app.sla.terms import Severity

# The worst severity's pages go before everything else in the outbox.
CRITICAL_PAGE = 10

_SEVERITIES = {
    "nb": {
        Severity.CRITICAL: "KRITISK",
        Severity.SERIOUS: "alvorlig",
        Severity.MINOR: "mindre alvorlig",
        Severity.REQUEST: "spørsmål",
    },
    "en": {
        Severity.CRITICAL: "CRITICAL",
        Severity.SERIOUS: "serious",
        Severity.MINOR: "minor",
        Severity.REQUEST: "question",
    },
}
_LINES = {
    "nb": {
        "what": "Sak {number} ({severity}): {subject}",
        "left": "{span} til fristen.",
        "past": "Fristen gikk ut for {span} siden.",
        "take": "Ta den: {url}",
        "sms": "Svar TA {number} for å ta den.",
        "voice": "Her er {desk}.",
        "more": "Dette venter også på deg:",
        "rest": "og {count} til.",
    },
    "en": {
        "what": "Ticket {number} ({severity}): {subject}",
        "left": "{span} to the deadline.",
        "past": "The deadline passed {span} ago.",
        "take": "Take it: {url}",
        "sms": "Answer ACK {number} to take it.",
        "voice": "This is {desk}.",
        "more": "These wait for you as well:",
        "rest": "and {count} more.",
    },
}
# An SMS of more than this is sent, and paid for, as several.
_SUBJECT_LENGTH = 60
# Of a list's other tickets, a phone shows so many.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class Message:
    """One page about to be sent by one of its methods."""

    page: Page
    ticket: Ticket
    clock: Clock
    # None for the catch-all and for a webhook.
    agent: Agent | None
    channel: PageChannel
    address: str
    # Which of the page's methods this is, counted from nought.
    number: int
    # What the ticket began with; None for one that nobody has written on.
    first: Opening | None = None
    # Further tickets that wait for the same person, the most urgent first.
    others: tuple[tuple[Ticket, Clock], ...] = ()

    @property
    def part(self) -> str:
        """Return what names it among the ticket's messages: a cause makes one message a method."""
        # A webhook's name may hold anything, and a mail's id may not.
        who = self.agent.id.hex[-12:] if self.agent else digest(self.page.person.encode())[:12]
        kind = self.clock.kind.value.replace("_", "-")
        page = self.page
        return f"page-{kind}-{page.run}-{page.step + 1}-{page.repeat}-{who}-{self.number}"

    @property
    def urgency(self) -> int | None:
        """Return the place in the outbox; None for the one that all pages have."""
        return CRITICAL_PAGE if self.ticket.severity is Severity.CRITICAL else None

    @property
    def key(self) -> str:
        """Return the key that lets one cause make one delivery."""
        return f"{self.ticket.id}:{self.part}"


def send(session: Session, house: House, message: Message, *, now: datetime) -> None:
    """Put a page into the outbox."""
    if message.channel is PageChannel.MAIL:
        _mail(session, house, message, now)
        return
    agent, ticket = message.agent, message.ticket
    notice = Notice(
        dedupe_key=message.key,
        kind=DeliveryClass.PAGE,
        channel=message.channel.value,
        recipient=message.address,
        payload={
            "text": brief(house, message, now=now),
            "language": agent.language if agent else house.settings.desk.language.value,
            "ticket": ticket.number,
            "subject": ticket.subject,
            "severity": ticket.severity.value,
            "clock": message.clock.kind.value,
            "deadline": deadline.isoformat() if (deadline := _deadline(message, now)) else None,
            "step": message.page.name,
            "take_url": take_url(house, ticket, agent),
        },
        ticket_id=ticket.id,
        urgency=message.urgency,
        page_id=message.page.id,
    )
    put_notice(session, notice, now=now)


def brief(house: House, message: Message, *, now: datetime) -> str:
    """Return the page in a few words, in its reader's language."""
    agent, ticket = message.agent, message.ticket
    language = agent.language if agent else house.settings.desk.language.value
    words = _LINES["en" if language == "en" else "nb"]
    by_voice = message.channel is PageChannel.VOICE
    lines = [_what(ticket, language, spoken=by_voice)]
    deadline = _deadline(message, now)
    if deadline is not None:
        minutes = round((deadline - now).total_seconds() / 60)
        span = f"{abs(minutes)} min"
        if by_voice:
            span = i18n.duration(
                timedelta(minutes=abs(minutes)), language=i18n.closest(language, default="en")
            )
        lines.append(words["left" if minutes >= 0 else "past"].format(span=span))
    others = _others(message, language)
    link = words["take"].format(url=take_url(house, ticket, agent))
    match message.channel:
        case PageChannel.VOICE:
            # The keys are told by whoever asks for them.
            greeting = words["voice"].format(desk=house.settings.desk.name)
            return " ".join(f"{line.rstrip('.')}." for line in (greeting, *lines, *others))
        case PageChannel.SMS:
            lines.append(words["sms"].format(number=ticket.number))
            lines += [link] if house.settings.twilio.sms_links else []
        case _:
            lines.append(link)
    return "\n".join([*lines, *others])


def _what(ticket: Ticket, language: str, *, spoken: bool = False) -> str:
    """Return one ticket in a line."""
    severity = _SEVERITIES["en" if language == "en" else "nb"][ticket.severity]
    return _LINES["en" if language == "en" else "nb"]["what"].format(
        number=ticket.number,
        # Capitals are spelt out by some voices.
        severity=severity.lower() if spoken else severity,
        subject=" ".join(ticket.subject.split())[:_SUBJECT_LENGTH],
    )


def _others(message: Message, language: str) -> list[str]:
    """Return a line for each further ticket, and what was left out; empty where there is none."""
    if not message.others:
        return []
    words = _LINES["en" if language == "en" else "nb"]
    spoken = message.channel is PageChannel.VOICE
    listed = [_what(ticket, language, spoken=spoken) for ticket, _ in message.others[:_LISTED]]
    rest = len(message.others) - len(listed)
    return [words["more"], *listed, *([words["rest"].format(count=rest)] if rest else [])]


def _deadline(message: Message, now: datetime) -> datetime | None:
    clock = message.clock
    past = clock.target_at is not None and now >= clock.target_at
    return clock.limit_at if past else clock.target_at


def _mail(session: Session, house: House, message: Message, now: datetime) -> None:
    ticket, page = message.ticket, message.page
    mailbox, box = house.mailbox(ticket.mailbox)
    rendered = wording.page(
        session,
        house,
        ticket,
        message.clock,
        agent=message.agent,
        step=page.step + 1,
        reason=f"{page.name} ({page.reason})" if page.reason else page.name,
        first=message.first,
        others=message.others,
        now=now,
    )
    letter = Letter(
        from_address=box.address,
        from_name=house.settings.desk.name,
        to=(message.address,),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(
            house.secret, number=ticket.number, part=message.part, address=box.address
        ),
        date=now,
        auto_submitted="auto-generated",
    )
    outgoing = Outgoing(
        dedupe_key=message.key,
        kind=DeliveryClass.PAGE,
        mailbox=mailbox,
        letter=letter,
        ticket_id=ticket.id,
        urgency=message.urgency,
        page_id=page.id,
    )
    put(session, outgoing, now=now)
