"""The loops of one process: each named, timed, restarted with back-off, and stoppable.

A loop is a function that makes one pass and says how much it did. Its thread calls it again at
once while there is work, or after the rest that it asks for, and otherwise waits for a signal or
the next poll. A pass that raises is
reported and tried again later: 1 s, 2 s, 4 s … 30 s; the others go on. A watcher runs a loop of its
own; should it ever end by an error, it is started again in the same way.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.kit.errors import SvartidError
from app.kit.log import logger
from app.kit.wake import Topic, Wake

log = logger("worker")
LONGEST_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class LoopHealth:
    """How one loop is: starting, running, failing or stopped."""

    name: str
    state: str
    # Seconds since its last completed pass; None before the first, and where passes are not told.
    last_pass_s: float | None = None
    error: str | None = None


@dataclass
class Loop:
    """One loop and how it is."""

    name: str
    # Makes one pass and returns how many rows it worked on; 0 means nothing was due.
    one_pass: Callable[[], int]
    topic: Topic
    # Seconds to wait for a signal when nothing was due.
    poll_s: Callable[[], float]
    # Seconds to gather more work after a pass that did some.
    rest_s: Callable[[], float] = lambda: 0.0
    close: Callable[[], None] = lambda: None
    state: str = "starting"
    error: str | None = None
    last_pass: float | None = None
    failures: int = field(default=0)

    def health(self) -> LoopHealth:
        """Return how the loop is."""
        since = None if self.last_pass is None else round(time.monotonic() - self.last_pass, 3)
        return LoopHealth(self.name, self.state, since, self.error)


class Loops:
    """Runs loops in threads until told to stop."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._health: list[Callable[[], LoopHealth]] = []

    def start(self, loops: Sequence[Loop]) -> None:
        """Start each loop in a thread of its own."""
        for loop in loops:
            self._health.append(loop.health)
            self._thread(loop.name, self._turn, loop)

    def start_watcher(
        self,
        name: str,
        watch: Callable[[threading.Event], None],
        health: Callable[[], LoopHealth],
    ) -> None:
        """Start something that runs its own loop and tells its own health."""
        self._health.append(health)
        self._thread(name, self._keep_watching, name, watch)

    def stop(self, timeout: float = 20.0) -> list[str]:
        """Let the work in hand finish; return the names of those that did not in time."""
        self._stop.set()
        self._wake.signal_all()
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def health(self) -> list[LoopHealth]:
        """Return how each loop is."""
        return [health() for health in self._health]

    def _thread(self, name: str, target: Callable[..., None], *what: object) -> None:
        thread = threading.Thread(target=target, args=what, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _turn(self, loop: Loop) -> None:
        while not self._stop.is_set():
            try:
                worked = loop.one_pass()
            except Exception as error:  # noqa: BLE001 - a loop that ends is a desk that is silent
                self._report(loop, error)
                self._stop.wait(_backoff_s(loop.failures))
                continue
            loop.state, loop.error, loop.failures = "running", None, 0
            loop.last_pass = time.monotonic()
            if self._stop.is_set():
                break
            if not worked:
                self._wake.wait(loop.topic, loop.poll_s())
            elif rest := loop.rest_s():
                self._stop.wait(rest)
        loop.state = "stopped"
        loop.close()

    def _keep_watching(self, name: str, watch: Callable[[threading.Event], None]) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                watch(self._stop)
            except Exception:
                failures += 1
                log.exception("watcher failed", watcher=name, failures=failures)
                self._stop.wait(_backoff_s(failures))

    def _report(self, loop: Loop, error: Exception) -> None:
        loop.failures += 1
        loop.state = "failing"
        loop.error = str(error)
        if isinstance(error, SvartidError):
            # A disk or a database that is away is an ordinary day: one line, no traceback.
            log.error("pass failed", loop=loop.name, failures=loop.failures, error=str(error))
        else:
            log.error("pass failed", loop=loop.name, failures=loop.failures, exc_info=error)


def _backoff_s(failures: int) -> float:
    return min(LONGEST_BACKOFF_S, 2.0 ** min(failures - 1, 10))
