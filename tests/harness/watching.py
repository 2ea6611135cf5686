"""A watcher in a thread, told what to do and asked how it fares; nothing here sleeps."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from app.kit.clock import MachineClock
from intake.imap.health import Health, WatchState
from intake.imap.ledger import Ledger
from intake.imap.terms import Backoff, WatchSettings
from intake.imap.watch import watch

# Retries at once, so that a test of a hundred failures takes a second.
QUICK = Backoff(first_s=0.01, cap_s=0.05, permanent_first_s=0.01, permanent_cap_s=0.05)


class Watching:
    """A running watcher."""

    def __init__(self, settings: WatchSettings, ledger: Ledger) -> None:
        self.stop = threading.Event()
        self.told: list[Health] = []
        self.crash: BaseException | None = None
        self._changed = threading.Condition()
        self._settings = settings
        self._ledger = ledger
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            watch(
                self._settings,
                self._ledger,
                stop=self.stop,
                clock=MachineClock(),
                on_received=lambda count: None,
                report=self._report,
            )
        except BaseException as error:  # noqa: BLE001  (the test thread raises it again)
            self.crash = error

    def _report(self, health: Health) -> None:
        with self._changed:
            self.told.append(health)
            self._changed.notify_all()

    def wait_until(self, wanted: Callable[[Health], bool], *, seconds: float = 20) -> Health:
        """Wait until a health is told, or was told, that is wanted."""
        with self._changed:
            came = self._changed.wait_for(lambda: any(map(wanted, self.told)), seconds)
            assert came, f"never told; told was {self.told}"
            return next(filter(wanted, self.told))

    def wait_until_watching(self) -> Health:
        """Wait for the end of the first full look."""
        return self.wait_until(lambda health: health.state is WatchState.WATCHING)


@contextmanager
def watching(settings: WatchSettings, ledger: Ledger) -> Generator[Watching]:
    """Run a watcher until the block ends; an error in it that is not ours fails the test."""
    watcher = Watching(settings, ledger)
    watcher.thread.start()
    try:
        yield watcher
    finally:
        watcher.stop.set()
        watcher.thread.join(20)
    assert not watcher.thread.is_alive(), "the watcher did not stop"
    if watcher.crash is not None:
        raise watcher.crash
