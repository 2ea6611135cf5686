"""How fast a mailbox's mail may leave: so many in a minute, as its relay will have it.

Pages are counted and never held back. What waits keeps its place; a sender counts for itself, so
two of them may together send twice as many.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta


class Pace:
    """What each mailbox has sent in the last minute."""

    def __init__(self, most: Mapping[str, int], minute: timedelta) -> None:
        self._most = most
        self._minute = minute
        self._sent: dict[str, deque[datetime]] = {mailbox: deque() for mailbox in most}

    def note(self, mailboxes: Iterable[str], now: datetime) -> None:
        """Count mails that are about to leave."""
        for mailbox in mailboxes:
            if mailbox in self._sent:
                self._sent[mailbox].append(now)

    def left(self, now: datetime) -> dict[str, int]:
        """Return how many each mailbox that has a limit may still send, less than 1 for none."""
        for sent in self._sent.values():
            while sent and sent[0] <= now - self._minute:
                sent.popleft()
        return {mailbox: most - len(self._sent[mailbox]) for mailbox, most in self._most.items()}
