"""The watcher: one folder of one mailbox, from connect to commit, for as long as the house stands.

It guarantees that a mail is flagged, moved or deleted only after the ledger has committed it, that
every mail of the folder reaches the ledger at least once, and that it comes back by itself after
whatever broke.
"""

import random
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from app.kit.clock import Clock
from app.kit.errors import BadInput, OutsideError, PermanentError, SvartidError, Unavailable
from app.kit.log import logger
from intake.imap.connection import Connection
from intake.imap.health import Health, WatchState
from intake.imap.ledger import Ledger
from intake.imap.look import Look
from intake.imap.terms import WatchSettings

log = logger("imap")


# How long a server may take to answer once we are to stop; then the link is cut.
GRACE_S = 1.0


def watch(
    settings: WatchSettings,
    ledger: Ledger,
    *,
    stop: threading.Event,
    clock: Clock,
    on_received: Callable[[int], None],
    report: Callable[[Health], None],
    chance: Callable[[], float] = random.random,
) -> None:
    """Take in mail until ``stop`` is set.

    ``on_received`` is called after each commit with the number of mails in it, ``report`` at every
    change of health. An error that is not ours is raised: it is a fault in the house, and whoever
    runs the loop reports and restarts it.
    """
    look = Look(settings, ledger, clock=clock, stop=stop, on_received=on_received)

    def tell(state: WatchState, problem: SvartidError | None, delay: float | None = None) -> None:
        health = Health(
            mailbox=settings.mailbox,
            folder=settings.folder,
            state=state,
            at=clock.now(),
            problem=str(problem) if problem else "",
            warning=(settings.imap.warning() or "") if settings.imap.warning else "",
            permanent=_is_permanent(problem),
            retry_in_s=delay,
            received=look.received,
            missed=look.missed,
        )
        report(health)

    failures = 0
    while not stop.is_set():
        received, began = look.received, time.monotonic()
        try:
            _session(settings, look, stop, lambda problem: tell(WatchState.WATCHING, problem))
        except (OutsideError, Unavailable, BadInput) as error:
            # A connection that brought mail, or held for a while, ends a row of failures.
            held = time.monotonic() - began >= settings.backoff.cap_s
            failures = 1 if held or look.received > received else failures + 1
            permanent = _is_permanent(error)
            delay = settings.backoff.delay(failures, permanent=permanent, chance=chance())
            tell(WatchState.RETRYING, error, delay)
            log.warning(
                "mailbox watcher retries",
                mailbox=settings.mailbox,
                folder=settings.folder,
                problem=str(error),
                in_s=round(delay, 1),
            )
            stop.wait(clock.on_wall(delay))
    tell(WatchState.STOPPED, None)


def _is_permanent(problem: SvartidError | None) -> bool:
    """Return whether somebody must change something: at the server, or in the settings."""
    return isinstance(problem, PermanentError | BadInput)


def _session(
    settings: WatchSettings,
    look: Look,
    stop: threading.Event,
    tell: Callable[[SvartidError | None], None],
) -> None:
    """Watch over one connection until it breaks or ``stop`` is set."""
    with (
        Connection(settings.imap, now=look.clock.now) as connection,
        _broken_off_at(stop, connection),
    ):
        look.begin(connection)
        told: str | None = None
        next_full = time.monotonic()
        while not stop.is_set():
            if time.monotonic() >= next_full:
                look.at_everything(connection)
                next_full = time.monotonic() + settings.full_look_s
                told = None
            else:
                look.at_news(connection)
            if str(look.trouble or "") != told:
                told = str(look.trouble or "")
                tell(look.trouble)
            left = min(look.rest_s(), max(0.0, next_full - time.monotonic()))
            connection.wait(left, poll_s=settings.poll_s, stop=stop)


@contextmanager
def _broken_off_at(stop: threading.Event, connection: Connection) -> Generator[None]:
    """Let no dead link hold up a stop: reading from one may wait for half a minute."""
    ended = threading.Event()

    def guard() -> None:
        while not ended.wait(0.5):
            if stop.is_set() and not ended.wait(GRACE_S):
                connection.break_off()

    threading.Thread(target=guard, name="imap-guard", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
