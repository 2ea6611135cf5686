"""The engine: what is due → claim → decide → page → re-arm, all in one transaction a batch.

No lease is needed: firing is pure database work, so a crash rolls all of it back, and a step is
unique by clock, run, step and repeat. Due work is found by an index, the worst tickets' first, and
never filtered by age.
If a batch raises, it is rolled back and each clock is done again alone; one that raises by itself
is pushed forward and reported, so it neither spins nor blocks the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import late
from app.desk.house import House
from app.kit.clock import Clock as TimeOfDay
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.kit.log import logger
from app.models import Clock, LadderStep, Page, Ticket
from app.models.base import Id
from app.sla.terms import ClockStatus
from app.store import clocks, pages, tickets
from escalation.bundle import Bag
from escalation.directory import Staff
from escalation.fallthrough import look_at
from escalation.heartbeat import Heart
from escalation.ladder import decide
from escalation.page import Climb, carry_out, record_unneeded
from escalation.run import run_of

log = logger("engine")
BATCH = 200
# Pages to look at are looked at together, so that what goes to one person is one message.
CHECKS = 1000
# Between lots of about so many, ladders are climbed; one person's pages stay in one lot.
LOT = 200
# The engine looks at least this often, also when no alarm is near: another process may add one.
LONGEST_WAIT_S = 0.5
# A pass costs as much as several steps, so a busy engine gathers what falls due for so long.
REST_S = 0.05
PUSHED_FORWARD = timedelta(hours=1)
_NONE = timedelta()
# A clock that stands still is not looked at until it runs again.
_DECIDED = frozenset({ClockStatus.RUNNING, ClockStatus.MET, ClockStatus.CANCELLED})


class Engine:
    """Climbs every due ladder."""

    def __init__(
        self, db: Database, house: House, clock: TimeOfDay, heart: Heart | None = None
    ) -> None:
        self._heart = heart or Heart(db, clock)
        self._db = db
        self._house = house
        self._clock = clock
        self._next_alarm: datetime | None = None
        # Whether the last pass left work undone, as far as it could see.
        self._full = False

    def pass_once(self) -> int:
        """Work on the clocks whose alarm is due; return how many there were."""
        now = self._clock.now()
        self._full = False
        with self._db.reading() as session:
            alarms = clocks.next_alarms(session)
            check = pages.next_check(session)
            if self._heart.stands_aside(session, now):
                self._next_alarm = None
                return 0
        coming = [*alarms.values(), *([check] if check is not None else [])]
        self._next_alarm = min(coming, default=None)
        worked = self._fall_through(now) if check is not None and check <= now else 0
        worked += self._climb_what_is_due(alarms, now)
        self._heart.beat(now)
        return worked

    def wait_s(self) -> float:
        """Return the seconds on the wall until the next look."""
        if self._next_alarm is None:
            return LONGEST_WAIT_S
        left = (self._next_alarm - self._clock.now()).total_seconds()
        return min(LONGEST_WAIT_S, max(0.0, self._clock.on_wall(left)))

    def rest_s(self) -> float:
        """Return the seconds on the wall to gather work after a pass that did some; 0 when behind.

        Whatever falls due while the engine is idle is never kept waiting by this.
        """
        return 0.0 if self._full else REST_S

    def _climb_what_is_due(self, alarms: Mapping[int, datetime], now: datetime) -> int:
        due = {urgency: at for urgency, at in alarms.items() if at <= now}
        if not due:
            return 0
        lag = now - min(due.values())
        self._heart.note_lag(lag)
        return self._climb_due(now, due, lag)

    def _climb_due(self, now: datetime, urgencies: Iterable[int], lag: timedelta) -> int:
        done: list[Id] = []
        try:
            with self._db.writing() as session:
                due = clocks.claim_due(session, now, BATCH, urgencies)
                done = [clock.id for clock in due]
                self._full = self._full or len(due) == BATCH
                self._climb(session, due, now, lag)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whichever clock it was, the others must not wait for it
            for clock_id in done:
                self._climb_alone(clock_id, now, lag)
        return len(done)

    def _climb(self, session: Session, due: Sequence[Clock], now: datetime, lag: timedelta) -> None:
        bag = self._bag(session, now, lag)
        about = tickets.by_ids(session, list({clock.ticket_id for clock in due}))
        steps = clocks.steps_of(session, due)
        for clock in due:
            climb(bag, about.get(clock.ticket_id), clock, steps[clock.id])
        bag.post()

    def _climb_alone(self, clock_id: Id, now: datetime, lag: timedelta) -> None:
        try:
            with self._db.writing() as session:
                self._climb(session, clocks.claim(session, [clock_id]), now, lag)
        except Unavailable:
            raise
        except Exception:
            log.exception("clock set aside", clock=str(clock_id))
            with self._db.writing() as session:
                for clock in clocks.claim(session, [clock_id]):
                    clock.failures += 1
                    clock.next_alarm_at = now + PUSHED_FORWARD

    def _fall_through(self, now: datetime) -> int:
        """Look at the pages that did not arrive, and at those that were held."""
        with self._db.reading() as session:
            due = pages.due(session, now, CHECKS)
        self._full = len(due) == CHECKS
        for number, lot in enumerate(lots(due)):
            if number:
                at = self._clock.now()
                with self._db.reading() as session:
                    alarms = clocks.next_alarms(session)
                self._climb_what_is_due(alarms, at)
            self._look_at_lot(lot, now)
        return len(due)

    def _look_at_lot(self, lot: Sequence[Id], now: datetime) -> None:
        try:
            self._look_at(lot, now)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whichever page it was, the others must not wait for it
            for page_id in lot:
                self._look_at_alone(page_id, now)

    def _look_at(self, due: Sequence[Id], now: datetime) -> None:
        with self._db.writing() as session:
            bag = self._bag(session, now)
            look_at_pages(bag, due)
            bag.post()

    def _look_at_alone(self, page_id: Id, now: datetime) -> None:
        """Look at one page; one that raises is pushed forward."""
        try:
            self._look_at([page_id], now)
        except Unavailable:
            raise
        except Exception:
            log.exception("page set aside", page=str(page_id))
            with self._db.writing() as session:
                if (page := pages.claim(session, page_id)) is not None:
                    page.check_at = now + PUSHED_FORWARD

    def _bag(self, session: Session, now: datetime, lag: timedelta = _NONE) -> Bag:
        return Bag(session, self._house, Staff.of(session, self._house, now), now, lag)


def lots(due: Sequence[Page]) -> list[list[Id]]:
    """Divide pages into lots of ``LOT`` or somewhat more, whole persons in each.

    Whoever has waited longest comes first. What goes to one person at once is one message.
    """
    by_person: dict[str, list[Id]] = {}
    for page in due:
        by_person.setdefault(page.person, []).append(page.id)
    found: list[list[Id]] = []
    for theirs in by_person.values():
        if not found or len(found[-1]) >= LOT:
            found.append([])
        found[-1] += theirs
    return found


def climb(bag: Bag, ticket: Ticket | None, clock: Clock, steps: Sequence[LadderStep]) -> None:
    """Take the clock's due step, record a breach where the limit is past, and set its alarm."""
    session, house, now = bag.session, bag.house, bag.now
    if ticket is None or clock.status not in _DECIDED:
        clock.next_alarm_at = None
        return
    running = clock.status is ClockStatus.RUNNING
    if running and clock.limit_at is not None and now > clock.limit_at:
        late.note_breach(session, house, ticket, clock, now=now)
    run = run_of(session, house, ticket, clock, steps)
    ladder = house.ladder_of(session, ticket.ladder_id)
    decision = decide(ladder, run, now, bag.staff.for_ticket(ticket))
    this = Climb(session, house, bag.staff, ticket, clock, now, bag)
    if running:
        carry_out(this, decision)
    else:
        record_unneeded(this, decision)


def look_at_pages(bag: Bag, due: Sequence[Id]) -> None:
    """Let held pages go out, and those that did not arrive go on to the next method or person."""
    session, now = bag.session, bag.now
    # Everybody locks a ticket's clock before its pages.
    clock_of = pages.clocks_of(session, due)
    held = {clock.id: clock for clock in clocks.claim(session, list(set(clock_of.values())))}
    # What is left out here or above, another engine holds.
    claimed = pages.claim_all(session, [one for one in due if clock_of.get(one) in held])
    about = tickets.by_ids(session, list({page.ticket_id for page in claimed}))
    for page in claimed:
        # Another engine got there first.
        if page.check_at is None or page.check_at > now:
            continue
        ticket, clock = about[page.ticket_id], held[page.clock_id]
        look_at(Climb(session, bag.house, bag.staff, ticket, clock, now, bag), page)
