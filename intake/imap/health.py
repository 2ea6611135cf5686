"""How a watcher fares, as it tells whoever started it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WatchState(StrEnum):
    """What a watcher is doing."""

    WATCHING = "watching"
    RETRYING = "retrying"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Health:
    """How one watcher fares, told at every change and after every full look."""

    mailbox: str
    folder: str
    state: WatchState
    at: datetime
    # What is wrong, with the setting and the remedy; "" when nothing is. A watcher may have a
    # problem and still take mail in, when only the flagging or moving fails.
    problem: str = ""
    # What will go wrong unless somebody acts in time; "" when nothing will.
    warning: str = ""
    # Somebody must change something: waiting does not help.
    permanent: bool = False
    retry_in_s: float | None = None
    received: int = 0
    # UIDs that the last full look found missed and could not take yet.
    missed: tuple[int, ...] = ()
