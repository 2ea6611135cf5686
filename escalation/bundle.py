"""Puts pages into the outbox: alone and at once, in one message with others, or a little later.

1. A page of a critical ticket goes at once and alone: it is never bundled and never held. So does
   what a program is told.
2. What is decided at one moment for one person, by the same methods, is one message: a list, the
   most urgent first.
3. Within a minute of such a message further ones are held, and go together at its end.
4. When the engine has been away, all that it finds due is held for ten seconds, so that the list
   is whole: one message a person.

A page that is held says so on its ticket, with the reason.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.desk.events import DESK, record
from app.desk.house import House
from app.models import Clock, Event, Message, Page, PageState, Ticket
from app.models.base import Id
from app.sla.terms import Severity
from app.store import pages, people, tickets
from escalation import message
from escalation.directory import Staff
from escalation.ladder import Method, is_program

WINDOW = timedelta(minutes=1)
GATHERED = timedelta(seconds=10)
# An engine that is later than this has been away.
AWAY = timedelta(minutes=1)


class Held(StrEnum):
    """Why a page waits; staff see it, and it is the metric's label."""

    BUNDLED = "another message went to the same person less than a minute ago"
    GATHERED = "the engine was away, and what was due meanwhile is gathered"


@dataclass(frozen=True, slots=True)
class Ready:
    """A page that is to go out now, by some of its methods."""

    page: Page
    ticket: Ticket
    clock: Clock
    methods: tuple[Method, ...]
    # Which of the page's methods the first of these is, counted from nought.
    number: int

    @property
    def goes_alone(self) -> bool:
        """Tell whether it is never bundled."""
        return self.ticket.severity is Severity.CRITICAL or is_program(self.page.person)

    @property
    def order(self) -> tuple[int, datetime, int]:
        """Return its place in a list: the worst first, then what is due first."""
        due = self.clock.limit_at or self.clock.target_at or self.page.nominal_at
        return self.ticket.severity.rank, due, self.ticket.number


@dataclass
class Bag:
    """What one transaction of the engine pages; ``post`` is its end."""

    session: Session
    house: House
    staff: Staff
    now: datetime
    # How late the engine was when it began.
    lag: timedelta = timedelta()
    _ready: list[Ready] = field(default_factory=list)
    # Pages made here; they are written at the end, when it is known how each goes out.
    _made: list[Page] = field(default_factory=list)
    # What each of the tickets began with.
    _first: Mapping[Id, Message] = field(default_factory=dict)

    def add(self, page: Page) -> None:
        """Add a page that was made now and is to be written."""
        self._made.append(page)

    def put(self, ready: Ready) -> None:
        """Add a page that is to go out."""
        self._ready.append(ready)

    def paged(self, page: Page) -> frozenset[str]:
        """Return everybody who was paged of the same step and repeat, now or before."""
        shot = (page.clock_id, page.run, page.step, page.repeat)
        now = (one for one in self._made if (one.clock_id, one.run, one.step, one.repeat) == shot)
        return frozenset(one.person for one in (*pages.of_shot(self.session, page), *now))

    def post(self) -> None:
        """Send what goes, and hold what waits."""
        # What a page points at must be there before it.
        self.session.flush()
        if not self._ready:
            self._write_made()
            return
        # Kept for as long as the letters are written: the session forgets what nobody holds.
        whose = self._look_up()
        going: list[Sequence[Ready]] = []
        bundles: dict[tuple[str, tuple[Method, ...]], list[Ready]] = defaultdict(list)
        for one in self._ready:
            if one.goes_alone:
                going.append([one])
            else:
                bundles[one.page.person, one.methods].append(one)
        self._ready.clear()
        sent = self._sent_last(sorted({person for person, _ in bundles}))
        for (person, _), together in bundles.items():
            last = sent.get(person)
            if last is not None and self.now - last < WINDOW:
                self._hold(together, last + WINDOW, Held.BUNDLED)
            elif self.lag > AWAY:
                self._hold(together, self.now + GATHERED, Held.GATHERED)
            else:
                going.append(sorted(together, key=lambda one: one.order))
        for several in going:
            self._lead(several)
        self._write_made()
        for several in going:
            self._send(several)
        whose.clear()

    def _look_up(self) -> list[object]:
        """Read what the letters tell of all tickets at once; return what must be kept meanwhile."""
        about = {one.ticket.id: one.ticket for one in self._ready}
        self._first = tickets.first_messages(self.session, list(about))
        contacts = {one.contact_id for one in about.values() if one.contact_id is not None}
        customers = {one.customer_id for one in about.values() if one.customer_id is not None}
        return list(people.load_whose(self.session, contacts, customers))

    def _sent_last(self, persons: Sequence[str]) -> dict[str, datetime]:
        """Return when each was last sent such a message; two engines ask one after the other."""
        if not persons:
            return {}
        ids = [agent.id for key, agent in self.staff.agents.items() if key in persons]
        people.lock_agents(self.session, sorted(ids))
        return pages.last_sent(self.session, persons, since=self.now - WINDOW)

    def _hold(self, together: Sequence[Ready], until: datetime, why: Held) -> None:
        for one in together:
            one.page.state = PageState.HELD
            one.page.held = len(one.methods)
            one.page.used -= len(one.methods)
            one.page.check_at = until
            record(
                self.session,
                one.ticket,
                Event.PAGE_HELD,
                at=self.now,
                now=self.now,
                actor=DESK,
                step=one.page.name,
                person=self.staff.name_of(one.page.person),
                until=until.isoformat(),
                reason=why.value,
            )

    def _write_made(self) -> None:
        """Write the new pages, each after the one whose message tells of it."""
        self._made.sort(key=lambda page: page.lead_id is not None)
        pages.add(self.session, self._made)
        self._made.clear()

    def _lead(self, together: Sequence[Ready]) -> None:
        """Note whose message tells of which pages, and when it goes."""
        first = together[0]
        for one in together:
            one.page.lead_id = first.page.id if one is not first else None
            one.page.sent_at = None if first.goes_alone else self.now

    def _send(self, together: Sequence[Ready]) -> None:
        first, *others = together
        for number, method in enumerate(first.methods, start=first.number):
            what = message.Message(
                page=first.page,
                ticket=first.ticket,
                clock=first.clock,
                agent=self.staff.agents.get(first.page.person),
                channel=method.channel,
                address=method.address,
                number=number,
                first=self._first.get(first.ticket.id),
                others=tuple((one.ticket, one.clock) for one in others),
            )
            with self.session.no_autoflush:
                message.send(self.session, self.house, what, now=self.now)
