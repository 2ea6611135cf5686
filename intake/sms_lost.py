"""Asks Twilio for the SMS that we did not hear of: while we were away it could not hand them over.

Twilio keeps what was sent to our number. What is not known is taken in like any other, with the
clocks started when it was sent; what came between the two ways at once is taken in once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from app.desk.house import House
from app.desk.texts import Became, TextMessage, take_sms
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.log import logger
from app.outbox.twilio.account import Received
from app.store import heard
from intake.thanks import is_bare_thanks

log = logger("sms")
# What was sent before the desk was set up is nobody's ticket.
_FIRST: Final = timedelta(hours=1)
_FURTHEST: Final = timedelta(days=7)
# What was sent this moment may still be handed over.
_SETTLED: Final = timedelta(minutes=1)


class Inbox(Protocol):
    """Who keeps every SMS."""

    def sms_to_us(self, since: datetime) -> Sequence[Received]:
        """Return those to our number since then, oldest first; raises an ``OutsideError``."""
        ...


class LostTexts:
    """Finds them."""

    def __init__(self, db: Database, house: House, clock: Clock, inbox: Inbox) -> None:
        self._db = db
        self._house = house
        self._clock = clock
        self._inbox = inbox
        self._every = timedelta(minutes=house.settings.phone.reconcile_minutes)
        self._next_at: datetime | None = None

    def pass_once(self) -> int:
        """Ask, where it is time to; return how many were not known."""
        now = self._clock.now()
        if self._next_at is not None and now < self._next_at:
            return 0
        with self._db.reading() as session:
            first = heard.first_at(session, "sms")
        since = max(now - _FURTHEST, (first or now) - _FIRST)
        there = [one for one in self._inbox.sms_to_us(since) if since <= one.at < now - _SETTLED]
        with self._db.reading() as session:
            known = heard.known(session, [f"sms:{one.sid}" for one in there])
        lost = [one for one in there if f"sms:{one.sid}" not in known]
        for one in lost:
            self._take_up(one, now=now)
        self._next_at = now + self._every
        return len(lost)

    def wait_s(self) -> float:
        """Return the seconds on the wall until it is time to ask again."""
        if self._next_at is None:
            return 0.0
        left = (self._next_at - self._clock.now()).total_seconds()
        return max(0.0, self._clock.on_wall(left))

    def _take_up(self, one: Received, *, now: datetime) -> None:
        sms = TextMessage(
            one.sid, one.sender, one.text, one.at, only_thanks=is_bare_thanks(one.text)
        )
        with self._db.writing() as session:
            became = take_sms(session, self._house, sms, now=now)
        if became is not Became.KNOWN:
            log.warning("SMS taken up late", sms=one.sid, became=became.value)
