"""When automatic mail must not go out, although a person seems to be there: budgets and stops.

The first guard is the verdict (nothing automatic answers a machine). These are the second and the
third, which hold where a machine writes like a person: each loop with one ends after two mails.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.config import AutomaticSettings
from app.kit.db import append_row
from app.kit.ids import digest, new_id
from app.models import AutomaticMail, MailStop, Ticket
from app.store import quiet

ALL = "*"
FEW_WORDS = 3
_SHORT = timedelta(minutes=10)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# A mail that our side received before our own was written is no answer to it. Mail servers tell the
# time in whole seconds, and by a clock of their own.
_SKEW = timedelta(seconds=2)
# Numbers, ids and moments differ in two mails of one machine; its words do not.
_CHANGING = re.compile(r"\S*\d\S*|[^\w\s]+")


class Held(StrEnum):
    """Why a budget or a stop holds automatic mail back; also the metric's label."""

    STOPPED = "stopped"
    ALIKE = "alike"
    ADDRESS_BUDGET = "address_budget"
    DOMAIN_BUDGET = "domain_budget"
    TICKET_BUDGET = "ticket_budget"
    ALL_BUDGET = "all_budget"


# What mails have in common that send our own words back, whatever else they say.
OUR_OWN_WORDS = digest(b"our own words")[:32]


def likeness_of(subject: str, text: str) -> str | None:
    """Return what two mails of one machine have in common, whatever numbers they bear.

    A peer that changes its subject writes the same text below it; the subject counts only where
    there is hardly any text. None where there is nothing to compare.
    """
    words = _words(text)
    if len(words) < FEW_WORDS:
        words = [*_words(subject), *words]
    return digest(" ".join(words).encode())[:32] if words else None


def _words(text: str) -> list[str]:
    return _CHANGING.sub(" ", text[:2000].lower()).split()


@dataclass
class Quiet:
    """What may be sent to the addresses of a batch; what the batch itself sends is noted here."""

    settings: AutomaticSettings
    sent: dict[str, list[quiet.Automatic]] = field(default_factory=dict)
    in_domain: Counter[str] = field(default_factory=Counter)
    in_all: int = 0
    stops: dict[str, MailStop] = field(default_factory=dict)

    @classmethod
    def about(
        cls, session: Session, settings: AutomaticSettings, addresses: Iterable[str], now: datetime
    ) -> "Quiet":
        """Look up everything about these addresses: four queries, however many there are."""
        wanted = sorted(set(addresses))
        domains = sorted({domain_of(address) for address in wanted})
        found = cls(settings)
        for row in quiet.sent_to(session, wanted, now - _DAY):
            found.sent.setdefault(row.address, []).append(row)
        found.in_all = quiet.count_all(session, now - _HOUR)
        found.in_domain.update(quiet.count_by_domain(session, domains, now - _HOUR))
        scopes = [*wanted, *(f"@{domain}" for domain in domains), ALL]
        found.stops = quiet.stops(session, scopes, now)
        return found

    def why_not(
        self, session: Session, ticket: Ticket, address: str, likeness: str | None, now: datetime
    ) -> Held | None:
        """Return why nothing automatic may go to an address now; None where it may.

        1. It is stopped: by a bounce, by the breaker, or by a person.
        2. Mail just like this one was answered today, and this may be the answer to that answer:
           it came later, and so many had gone there before it.
        3. The address has had its share of ten minutes, or of a day.
        4. The domain has had its share of an hour; the breaker then stops it.
        5. Everybody together has had the share of an hour; the breaker then stops all of it.
        6. The ticket has caused its share of a day.
        """
        limits = self.settings
        if self.stop_of(address) is not None:
            return Held.STOPPED
        earlier = self.sent.get(address, ())
        answered = [row for row in earlier if row.at <= ticket.received_at + _SKEW]
        alike = likeness is not None and any(row.likeness == likeness for row in answered)
        if alike and len(answered) >= limits.loop_after:
            return Held.ALIKE
        lately = sum(1 for row in earlier if row.at > now - _SHORT)
        if lately >= limits.address_in_ten_minutes or len(earlier) >= limits.address_a_day:
            return Held.ADDRESS_BUDGET
        shared = self._shared_budget(address)
        if shared is not None:
            return shared
        # A ticket that is opened this moment has caused nothing yet.
        if ticket.created_at < now:
            caused = quiet.count_of_ticket(session, ticket.id, now - _DAY)
            if caused >= limits.ticket_a_day:
                return Held.TICKET_BUDGET
        return None

    def _shared_budget(self, address: str) -> Held | None:
        if self.in_domain[domain_of(address)] >= self.settings.domain_an_hour:
            return Held.DOMAIN_BUDGET
        return Held.ALL_BUDGET if self.in_all >= self.settings.all_an_hour else None

    def stop_of(self, address: str) -> MailStop | None:
        """Return what stops mail to an address; None where nothing does."""
        for scope in (address, f"@{domain_of(address)}", ALL):
            if scope in self.stops:
                return self.stops[scope]
        return None

    def note(
        self, session: Session, ticket: Ticket, address: str, likeness: str | None, now: datetime
    ) -> None:
        """Count an automatic mail that is put into the outbox."""
        domain = domain_of(address)
        append_row(
            session,
            AutomaticMail,
            id=new_id(),
            address=address,
            domain=domain,
            ticket_id=ticket.id,
            likeness=likeness,
            at=now,
        )
        self.sent.setdefault(address, []).append(quiet.Automatic(address, likeness, now))
        self.in_domain[domain] += 1
        self.in_all += 1

    def stop(
        self, session: Session, scope: str, until: datetime, reason: str, now: datetime
    ) -> None:
        """Stop automatic mail to an address, to ``@domain``, or to anybody (``*``)."""
        row = MailStop(scope=scope, since=now, until=until, reason=reason)
        quiet.put_stop(session, row)
        self.stops[scope] = row


def domain_of(address: str) -> str:
    """Return an address's domain."""
    return address.rpartition("@")[2]
