"""The engine's heartbeat: written so that others can see it, and told to somebody outside.

Two engines of different versions may run side by side while a house is updated: the older one
stands aside while the newer one's heart beats, since it may not know what the newer one writes.
"""

import asyncio
from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.pulse import ENGINE, Patience, PulseState, pulse_of
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import OutsideError
from app.kit.log import logger
from app.kit.net import Outside
from app.store import heartbeats

log = logger("engine")
# Counted up with a change that an engine of before would misunderstand.
ENGINE_VERSION = 1
BEAT_EVERY_S = 10.0
# A newer engine that has been silent for so long has gone: the older one is needed again.
GONE_AFTER_S = 60.0


class Heart:
    """Beats for one engine, and knows whether a newer one is at work."""

    def __init__(self, db: Database, clock: Clock, version: int = ENGINE_VERSION) -> None:
        self._db = db
        self._clock = clock
        self._version = version
        self._beaten_at: datetime | None = None
        self._lag = timedelta()
        self._aside = False

    def stands_aside(self, session: Session, now: datetime) -> bool:
        """Tell whether a newer engine is at work, so that this one must touch nothing."""
        row = heartbeats.find(session, ENGINE)
        gone = self._clock.of_wall(GONE_AFTER_S)
        aside = row is not None and row.version > self._version and now - row.at <= gone
        if aside and not self._aside:
            log.warning("a newer engine is at work; this one stands aside")
        self._aside = aside
        return aside

    def note_lag(self, lag: timedelta) -> None:
        """Remember how late a pass was; the longest since the last beat is written."""
        self._lag = max(self._lag, lag)

    def beat(self, now: datetime) -> None:
        """Write down that a pass was completed, not more often than every ten seconds."""
        every = self._clock.of_wall(BEAT_EVERY_S)
        if self._beaten_at is not None and now - self._beaten_at < every:
            return
        with self._db.writing() as session:
            heartbeats.beat(
                session, ENGINE, at=now, lag_s=self._lag.total_seconds(), version=self._version
            )
        self._beaten_at, self._lag = now, timedelta()


class Lifeline:
    """Calls an address outside while all is well, so that its silence is noticed elsewhere."""

    def __init__(
        self, db: Database, clock: Clock, outside: Outside, url: str, patience: Patience
    ) -> None:
        self._db = db
        self._clock = clock
        self._outside = outside
        self._url = url
        self._patience = patience

    def pass_once(self) -> int:
        """Call it if the engine is well; an outside that is away is not our trouble."""
        with self._db.reading() as session:
            pulse = pulse_of(session, self._patience, now=self._clock.now())
        if pulse.state is not PulseState.OK:
            log.warning("outside heartbeat withheld", engine=pulse.state.value, lag_s=pulse.lag_s)
            return 0
        try:
            answer = asyncio.run(self._outside.get(self._url))
        except OutsideError as error:
            log.warning("outside heartbeat not told", error=str(error))
            return 0
        if not answer.taken:
            log.warning("outside heartbeat not taken", status=answer.status)
        return 0
