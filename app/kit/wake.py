"""Signals inside one process, so that a loop need not wait for its next poll.

A signal is a hint and never the only way: every loop also polls, since the row it waits for may
have been written by another process.
"""

import threading
from collections.abc import Iterable
from enum import StrEnum


class Topic(StrEnum):
    """What there may be work of."""

    LEDGER = "ledger"
    OUTBOX = "outbox"
    NOTICES = "notices"
    TEXTS = "texts"
    CLOCKS = "clocks"
    CANARY = "canary"
    AUDIT = "audit"
    FEED = "feed"
    LIFELINE = "lifeline"
    CALLS = "calls"


class Wake:
    """One event a topic; any number of loops may wait on each."""

    def __init__(self) -> None:
        self._events = {topic: threading.Event() for topic in Topic}

    def signal(self, topics: Iterable[Topic]) -> None:
        """Wake whoever waits on these topics."""
        for topic in topics:
            self._events[topic].set()

    def signal_all(self) -> None:
        """Wake everybody, at a stop."""
        self.signal(Topic)

    def wait(self, topic: Topic, timeout: float) -> bool:
        """Wait for a signal on ``topic`` at most ``timeout`` seconds; False when none came.

        The signal is taken: whoever returns True looks at all the work there is.
        """
        event = self._events[topic]
        came = event.wait(timeout)
        event.clear()
        return came
