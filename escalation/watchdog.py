"""Watches the engine from another process, and tells a person by itself when it is silent.

It stands on nothing that it watches: it needs no outbox and no schedule, and it tells of a
database that does not answer, too. Whom it tells is written in the configuration.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.desk.pulse import Patience, PulseState, pulse_of
from app.kit.db import Database
from app.kit.errors import SvartidError
from app.kit.log import logger

log = logger("watchdog")
# Takes a subject and a text to one place, or raises.
Teller = Callable[[str, str], None]

_WORDS = {
    "nb": {
        "alarm": "{desk}: vaktbikkja slår alarm",
        "well": "{desk}: varslingen virker igjen",
        "silent": "Motoren som varsler folk har ikke gitt livstegn på {age} s.",
        "behind": "Motoren som varsler folk er {lag} s på etterskudd.",
        "never": "Motoren som varsler folk har aldri kjørt på denne databasen.",
        "database": "Databasen svarer ikke: {error}",
        "so": "Ingen blir varslet om saker så lenge det varer. Se til tjenesten nå.",
        "over": "Motoren går igjen. Det som sto på vent, blir varslet nå.",
    },
    "en": {
        "alarm": "{desk}: the watchdog barks",
        "well": "{desk}: paging works again",
        "silent": "The engine that pages people has given no sign of life for {age} s.",
        "behind": "The engine that pages people is {lag} s behind.",
        "never": "The engine that pages people has never run on this database.",
        "database": "The database does not answer: {error}",
        "so": "Nobody is paged about tickets while this lasts. Look after the service now.",
        "over": "The engine runs again. What was waiting is paged now.",
    },
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong; ``key`` is the word of ``_WORDS``."""

    key: str
    age: int = 0
    lag: int = 0
    error: str = ""


def look(db: Database, patience: Patience, *, now: datetime) -> Trouble | None:
    """Return what is wrong with the engine; None when all is well."""
    try:
        with db.reading() as session:
            pulse = pulse_of(session, patience, now=now)
    except SvartidError as error:
        return Trouble("database", error=error.message)
    if pulse.state is PulseState.OK:
        return None
    return Trouble(pulse.state.value, age=round(pulse.age_s or 0), lag=round(pulse.lag_s))


@dataclass
class Watchdog:
    """Barks when trouble begins, again while it lasts, and says when it is over."""

    desk: str
    language: str
    tellers: Mapping[str, Teller]
    again_after: timedelta
    # Remembers between two runs by cron what was told last; None keeps it in memory alone.
    memory: Path | None = None
    _barked_at: datetime | None = None

    def hear(self, trouble: Trouble | None, *, now: datetime) -> Sequence[str]:
        """Tell what is to be told, and return the names of whom it reached; empty for nobody."""
        before = self._recall()
        if trouble is None:
            if before is None:
                return ()
            self._remember(None)
            return self._tell("well", self._words["over"])
        if before is not None and now - before < self.again_after:
            return ()
        reached = self._tell("alarm", f"{self._said(trouble)}\n{self._words['so']}")
        # What reached nobody is tried again at the next look.
        if reached:
            self._remember(now)
        return reached

    @property
    def _words(self) -> Mapping[str, str]:
        return _WORDS["en" if self.language == "en" else "nb"]

    def _said(self, trouble: Trouble) -> str:
        words = self._words[trouble.key]
        return words.format(age=trouble.age, lag=trouble.lag, error=trouble.error)

    def _tell(self, subject: str, text: str) -> Sequence[str]:
        reached = []
        for name, teller in self.tellers.items():
            try:
                teller(self._words[subject].format(desk=self.desk), text)
            except Exception as error:
                log.exception("not told", who=name, error=str(error))
                continue
            reached.append(name)
        return reached

    def _recall(self) -> datetime | None:
        if self.memory is None or not self.memory.is_file():
            return self._barked_at
        try:
            return datetime.fromisoformat(json.loads(self.memory.read_text("utf-8"))["barked_at"])
        except (ValueError, KeyError, TypeError, OSError):
            return None

    def _remember(self, at: datetime | None) -> None:
        self._barked_at = at
        if self.memory is None:
            return
        if at is None:
            self.memory.unlink(missing_ok=True)
        else:
            self.memory.write_text(json.dumps({"barked_at": at.isoformat()}), "utf-8")
