"""Asks Twilio for the calls that we did not hear of: while we were away, callers got its fallback.

Twilio's own list of calls and recordings is the truth; every call to our number that ended and is
not known becomes a ticket, with the message that was left, where one was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from app.desk.calls import record_call
from app.desk.house import House
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.log import logger
from app.models import CallOutcome
from app.outbox.twilio.account import EndedCall
from app.store import calls
from intake.phone.line import SOURCE
from intake.phone.told import OUTCOMES, ended_call

log = logger("calls")
# A call that ended this moment may still be told by its own callback.
_SETTLED: Final = timedelta(minutes=2)
# The longest that a call which began before the last one known may have gone on.
_OVERLAP: Final = timedelta(hours=5)
# Where none is known yet: calls from before the desk was set up are nobody's tickets.
_FIRST: Final = timedelta(hours=1)
# Twilio's lists go back further; what is older is nobody's hurry any more.
_FURTHEST: Final = timedelta(days=14)


class Switchboard(Protocol):
    """Who knows every call."""

    def ended_calls(self, since: datetime) -> Sequence[EndedCall]:
        """Return the calls to our number that began since then and are over.

        Raises an ``OutsideError``.
        """
        ...

    def recordings(self, since: datetime) -> Mapping[str, str]:
        """Return the addresses of the recordings made since then, by their calls."""
        ...


class LostCalls:
    """Finds them."""

    def __init__(self, db: Database, house: House, clock: Clock, board: Switchboard) -> None:
        self._db = db
        self._house = house
        self._clock = clock
        self._board = board
        self._next_at: datetime | None = None

    def pass_once(self) -> int:
        """Ask, where it is time to; return how many calls were not known."""
        now = self._clock.now()
        if self._next_at is not None and now < self._next_at:
            return 0
        with self._db.reading() as session:
            newest = calls.newest_of_source(session, SOURCE)
        since = max(now - _FURTHEST, newest - _OVERLAP) if newest else now - _FIRST
        ended = [
            one
            for one in self._board.ended_calls(since)
            if one.started_at >= since and one.ended_at < now - _SETTLED
        ]
        recorded = self._board.recordings(since) if ended else {}
        with self._db.reading() as session:
            known = calls.known(session, SOURCE, [one.sid for one in ended])
        found = 0
        for one in sorted(ended, key=lambda call: call.started_at):
            call = known.get(one.sid)
            heard = call is not None and call.outcome is not None
            if heard and (one.sid not in recorded or (call and call.recording_url)):
                continue
            self._take_up(one, recorded.get(one.sid, ""), now=now)
            found += 1
        self._next_at = now + timedelta(minutes=self._house.settings.phone.reconcile_minutes)
        return found

    def wait_s(self) -> float:
        """Return the seconds on the wall until it is time to ask again."""
        if self._next_at is None:
            return 0.0
        left = (self._next_at - self._clock.now()).total_seconds()
        return max(0.0, self._clock.on_wall(left))

    def _take_up(self, one: EndedCall, recording: str, *, now: datetime) -> None:
        report = ended_call(
            self._house,
            sid=one.sid,
            numbers=(one.from_number, one.to_number),
            started=one.started_at,
            ended=one.ended_at,
            outcome=OUTCOMES.get(one.status, CallOutcome.MISSED),
        )
        if recording:
            outcome = CallOutcome.VOICEMAIL
            report = replace(report, outcome=outcome, recording_url=recording, fetch=True)
        with self._db.writing() as session:
            _, ticket = record_call(session, self._house, report, now=now)
        log.warning("call taken up late", call=one.sid, ticket=ticket.number if ticket else None)
