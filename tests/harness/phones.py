"""Phones, chats and webhooks that are strict: what nothing expected fails the test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.outbox.deliver import ChannelTransport
from app.outbox.smtp import Sent


@dataclass
class Phones(ChannelTransport):
    """Takes every message of its channel; a test says which it expected."""

    channel: str
    taken: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    # Raised in place of taking the next messages.
    failures: list[Exception] = field(default_factory=list)
    # Every try's key, to see that none is sent twice.
    keys: list[str] = field(default_factory=list)

    async def deliver(
        self,
        recipient: str,
        payload: Mapping[str, object],
        *,
        key: str,
        since: datetime | None = None,
    ) -> Sent:
        if self.failures:
            raise self.failures.pop(0)
        assert key not in self.keys, "one delivery is handed over twice"
        self.keys.append(key)
        self.taken.append((recipient, payload))
        return Sent("taken")

    def expect(self, to: str, saying: str = "") -> Mapping[str, object]:
        for one in self.taken:
            recipient, payload = one
            if recipient == to and saying in str(payload["text"]):
                self.taken.remove(one)
                return payload
        raise AssertionError(f"no {self.channel} to {to} saying {saying!r} among {self.taken}")

    def expect_no_more(self) -> None:
        assert not self.taken, f"unexpected {self.channel}: {self.taken}"
