"""The engine: what is due → claim → decide → page → re-arm, all in one transaction a batch.

No lease is needed: firing is pure database work, so a crash rolls all of it back, and a step is
unique by clock, run, step and repeat. Due work is found by an index and never filtered by age.
If a batch raises, it is rolled back and each clock is done again alone; one that raises by itself
is pushed forward and reported, so it neither spins nor blocks the rest.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk import late
from app.desk.house import House
from app.kit.clock import Clock as TimeOfDay
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.kit.log import logger
from app.models import Clock
from app.models.base import Id
from app.sla.terms import ClockStatus
from app.store import clocks, pages, tickets
from escalation.directory import Staff
from escalation.fallthrough import look_at
from escalation.heartbeat import Heart
from escalation.ladder import decide
from escalation.page import Climb, carry_out
from escalation.run import run_of

log = logger("engine")
BATCH = 100
# The engine looks at least this often, also when no alarm is near: another process may add one.
LONGEST_WAIT_S = 0.5
PUSHED_FORWARD = timedelta(hours=1)


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

    def pass_once(self) -> int:
        """Work on the clocks whose alarm is due; return how many there were."""
        now = self._clock.now()
        with self._db.reading() as session:
            alarm = clocks.next_alarm(session)
            check = pages.next_check(session)
            if self._heart.stands_aside(session, now):
                self._next_alarm = None
                return 0
        self._next_alarm = min((one for one in (alarm, check) if one is not None), default=None)
        worked = self._fall_through(now) if check is not None and check <= now else 0
        if alarm is not None and alarm <= now:
            self._heart.note_lag(now - alarm)
            worked += self._climb_due(now)
        self._heart.beat(now)
        return worked

    def _climb_due(self, now: datetime) -> int:
        done: list[Id] = []
        try:
            with self._db.writing() as session:
                due = clocks.claim_due(session, now, BATCH)
                done = [clock.id for clock in due]
                self._climb(session, due, now)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whichever clock it was, the others must not wait for it
            for clock_id in done:
                self._climb_alone(clock_id, now)
        return len(done)

    def _fall_through(self, now: datetime) -> int:
        """Look at the pages that did not arrive; each by itself, and one that raises is ended."""
        with self._db.reading() as session:
            due = [page.id for page in pages.due(session, now, BATCH)]
        for page_id in due:
            try:
                with self._db.writing() as session:
                    look_at_page(session, self._house, page_id, now=now)
            except Unavailable:
                raise
            except Exception:
                log.exception("page set aside", page=str(page_id))
                with self._db.writing() as session:
                    if (page := pages.claim(session, page_id)) is not None:
                        page.check_at = now + PUSHED_FORWARD
        return len(due)

    def wait_s(self) -> float:
        """Return the seconds on the wall until the next look."""
        if self._next_alarm is None:
            return LONGEST_WAIT_S
        left = (self._next_alarm - self._clock.now()).total_seconds()
        return min(LONGEST_WAIT_S, max(0.0, self._clock.on_wall(left)))

    def _climb(self, session: Session, due: Sequence[Clock], now: datetime) -> None:
        staff = Staff.of(session, self._house, now)
        for clock in due:
            climb(session, self._house, staff, clock, now=now)

    def _climb_alone(self, clock_id: Id, now: datetime) -> None:
        try:
            with self._db.writing() as session:
                self._climb(session, clocks.claim(session, [clock_id]), now)
        except Unavailable:
            raise
        except Exception:
            log.exception("clock set aside", clock=str(clock_id))
            with self._db.writing() as session:
                for clock in clocks.claim(session, [clock_id]):
                    clock.failures += 1
                    clock.next_alarm_at = now + PUSHED_FORWARD


def climb(session: Session, house: House, staff: Staff, clock: Clock, *, now: datetime) -> None:
    """Take the clock's due step, record a breach where the limit is past, and set its alarm."""
    ticket = tickets.find(session, clock.ticket_id)
    if ticket is None or clock.status is not ClockStatus.RUNNING:
        clock.next_alarm_at = None
        return
    if clock.limit_at is not None and now > clock.limit_at:
        late.note_breach(session, house, ticket, clock, now=now)
    run = run_of(session, house, ticket, clock)
    ladder = house.ladder_of(session, ticket.ladder_id)
    decision = decide(ladder, run, now, staff.for_ticket(ticket))
    carry_out(Climb(session, house, staff, ticket, clock, now), decision)


def look_at_page(session: Session, house: House, page_id: Id, *, now: datetime) -> None:
    """Let a page that did not arrive go on to the next method, or the next person."""
    # Everybody locks a ticket's clock before its pages.
    page = pages.find(session, page_id)
    if page is None or page.check_at is None or page.check_at > now:
        return
    held = clocks.claim(session, [page.clock_id])
    page = pages.claim(session, page_id) if held else None
    ticket = tickets.find(session, page.ticket_id) if page else None
    # Another engine got there first.
    if page is None or ticket is None or page.check_at is None:
        return
    look_at(Climb(session, house, Staff.of(session, house, now), ticket, held[0], now), page)
