"""Incidents: several tickets with one cause, taken, told of and solved as one.

Every ticket keeps its own promises, its own clocks and its own thread with its customer. What is
done to the incident is done to each of its tickets by the same verbs that do it to one, so each
ticket's log tells all of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from app.desk import work
from app.desk.acknowledge import why_not
from app.desk.events import audit, audit_of, record
from app.desk.house import House
from app.desk.reply import reply
from app.desk.taking import take as take_ticket
from app.desk.telling import customer_of
from app.desk.work import By, check_open
from app.kit import i18n
from app.kit.errors import BadInput, Conflict
from app.models import OPEN, Event, Incident, IncidentState, IncidentUpdate, Ticket
from app.store import incidents, tickets

# Whoever reads one of these reads the other.
_NEIGHBOURS = {"nb": "nn", "nn": "nb"}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an update: how many customers were told, and why others were not."""

    told: int
    # By the ticket's number.
    untold: Mapping[int, str]


def open_incident(
    session: Session, house: House, *, title: str, about: Sequence[Ticket], by: By
) -> Incident:
    """Say that these tickets have one cause; of one that is under another incident, Conflict."""
    if not title.strip():
        raise BadInput("say what has happened", field="title")
    incident = Incident(title=title.strip(), author_id=by.agent.id, created_at=by.now)
    session.add(incident)
    session.flush()
    _audit(session, incident, "opened", by, title=incident.title)
    for ticket in about:
        join(session, house, incident, ticket, by)
    return incident


def join(session: Session, house: House, incident: Incident, ticket: Ticket, by: By) -> None:
    """Put a ticket under the incident; whoever has taken that has taken the ticket, too."""
    _check_goes_on(incident)
    check_open(ticket, "put under an incident")
    if ticket.incident_id == incident.id:
        return
    if ticket.incident_id is not None:
        raise Conflict(
            f"ticket {ticket.number} is under another incident",
            field="tickets",
            remedy="Take it out of that one first.",
        )
    ticket.incident_id = incident.id
    _move(session, ticket, Event.INCIDENT_JOINED, incident, by)
    if incident.taken_by_id == by.agent.id and ticket.taken_at is None:
        take_ticket(session, house, ticket, by)


def leave(session: Session, incident: Incident, ticket: Ticket, by: By, *, reason: str) -> None:
    """Take a ticket out: its cause is another."""
    if ticket.incident_id != incident.id:
        raise Conflict(f"ticket {ticket.number} is not under this incident", field="ticket")
    if not reason.strip():
        raise BadInput("say why it has another cause", field="reason")
    ticket.incident_id = None
    _move(session, ticket, Event.INCIDENT_LEFT, incident, by, reason=reason.strip())


def take(session: Session, house: House, incident: Incident, by: By) -> int:
    """Take the incident and every open ticket of it; return how many those are."""
    _check_goes_on(incident)
    incident.taken_by_id = by.agent.id
    _audit(session, incident, "taken", by)
    return _each(session, incident, lambda ticket: take_ticket(session, house, ticket, by))


def start_work(session: Session, house: House, incident: Incident, by: By) -> int:
    """Say for every open ticket of it that work has begun; return how many those are."""
    _check_goes_on(incident)
    _audit(session, incident, "work_started", by)
    return _each(session, incident, lambda ticket: work.start_work(session, house, ticket, by))


def update(
    session: Session, house: House, incident: Incident, by: By, *, texts: Mapping[str, str]
) -> Told:
    """Write to the customer of every open ticket, each in their own language.

    It is a person's word, so it meets the same promises as a reply. BadInput names the languages
    that are missing: nobody is told in words they do not read, and none is left out unnoticed.
    """
    _check_goes_on(incident)
    texts = {language: text for language, text in texts.items() if text.strip()}
    about = [
        one for one in incidents.tickets_of(session, incident.id, lock=True) if one.status in OPEN
    ]
    _check_languages(about, texts)
    untold: dict[int, str] = {}
    for ticket in about:
        contact = customer_of(session, ticket)
        first = tickets.first_message(session, ticket.id)
        silence = why_not(
            house,
            to=contact.email if contact else None,
            verdict=first.verdict if first else "human",
        )
        if silence is not None:
            untold[ticket.number] = silence.value
            continue
        reply(session, house, ticket, by, text=_text(ticket, texts) or "")
    row = IncidentUpdate(
        incident_id=incident.id,
        at=by.now,
        author_id=by.agent.id,
        texts=dict(texts),
        told=len(about) - len(untold),
        untold={str(number): why for number, why in untold.items()},
    )
    session.add(row)
    _audit(session, incident, "told", by, told=row.told, untold=row.untold)
    return Told(row.told, untold)


def resolve(
    session: Session, house: House, incident: Incident, by: By, *, texts: Mapping[str, str]
) -> Told:
    """Tell everybody that it is over, and solve every ticket of it."""
    told = update(session, house, incident, by, texts=texts)
    _each(
        session,
        incident,
        lambda ticket: work.solve(session, house, ticket, by, reason=incident.title),
    )
    incident.state, incident.resolved_at = IncidentState.RESOLVED, by.now
    _audit(session, incident, "resolved", by)
    return told


def _each(session: Session, incident: Incident, do: Callable[[Ticket], None]) -> int:
    about = [
        one for one in incidents.tickets_of(session, incident.id, lock=True) if one.status in OPEN
    ]
    for ticket in about:
        do(ticket)
    return len(about)


def _text(ticket: Ticket, texts: Mapping[str, str]) -> str | None:
    language = i18n.closest(ticket.language, default="en")
    return texts.get(language) or texts.get(_NEIGHBOURS.get(language, ""))


def _check_languages(about: Sequence[Ticket], texts: Mapping[str, str]) -> None:
    unknown = sorted(set(texts) - set(i18n.LANGUAGES))
    if unknown:
        raise BadInput(
            f"we do not write {unknown[0]!r}", field="texts", remedy=", ".join(i18n.LANGUAGES)
        )
    missing = {
        i18n.closest(one.language, default="en") for one in about if _text(one, texts) is None
    }
    if missing or not texts:
        raise BadInput(
            f"a text is missing for customers who read {', '.join(sorted(missing)) or 'anything'}",
            field="texts",
            remedy="Write it in each of these languages.",
        )


def _check_goes_on(incident: Incident) -> None:
    if incident.state is not IncidentState.OPEN:
        raise Conflict("the incident is over", remedy="Open another.")


def _move(
    session: Session, ticket: Ticket, event: Event, incident: Incident, by: By, **more: object
) -> None:
    record(
        session,
        ticket,
        event,
        at=by.now,
        now=by.now,
        actor=by.actor,
        incident=str(incident.id),
        title=incident.title,
        **more,
    )
    after: dict[str, object] = {"incident_id": str(incident.id), **more}
    audit(session, ticket, f"ticket.{event.value}", now=by.now, actor=by.actor, after=after)


def _audit(session: Session, incident: Incident, what: str, by: By, **after: object) -> None:
    audit_of(
        session,
        "incident",
        incident.id,
        f"incident.{what}",
        now=by.now,
        actor=by.actor,
        after=after or None,
    )
