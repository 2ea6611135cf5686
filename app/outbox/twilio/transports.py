"""The senders of SMS and of calls, as the outbox knows senders.

A create has no key by which Twilio could tell a second one. So a delivery that was tried before is
looked for among what Twilio has to that number, before it is sent again; what belongs to another
delivery does not count.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from typing_extensions import override

from app.config import Settings
from app.outbox.deliver import ChannelTransport
from app.outbox.smtp import Sent
from app.outbox.twilio.account import Account, Taken
from app.outbox.twilio.gsm import fitting
from app.outbox.twilio.spoken import LONGEST_BRIDGE_S, script_of

# Which of these ids of Twilio's belong to deliveries that we know.
Known = Callable[[Sequence[str]], Collection[str]]
# Twilio's clock and ours may differ.
_DRIFT = timedelta(minutes=1)
_REMEMBERED = 500


class _Sender(ChannelTransport, ABC):
    """What the two have in common: not to send what Twilio has already."""

    def __init__(self, account: Account, known: Known) -> None:
        self._account = account
        self._known = known
        # Of this process, the newest: what they became is not always written down yet.
        self._own: dict[str, str] = {}

    @override
    async def deliver(
        self,
        recipient: str,
        payload: Mapping[str, object],
        *,
        key: str,
        since: datetime | None = None,
    ) -> Sent:
        return await asyncio.to_thread(self._deliver, recipient, payload, key, since)

    def _deliver(
        self, to: str, payload: Mapping[str, object], key: str, since: datetime | None
    ) -> Sent:
        taken = self._find(to, payload, key, since) if since is not None else None
        again = taken is not None
        if taken is None:
            taken = self._send(to, payload, key)
        self._own[taken.sid] = key
        if len(self._own) > _REMEMBERED:
            del self._own[next(iter(self._own))]
        words = f"{taken.sid} {taken.status}"
        return Sent(f"{words}, of an earlier try" if again else words, provider_id=taken.sid)

    def _find(
        self, to: str, payload: Mapping[str, object], key: str, since: datetime
    ) -> Taken | None:
        """Return what Twilio has of an earlier try; None where it has nothing."""
        there = [
            one
            for one in self._sent_to(to)
            if one.is_ours
            and (one.made_at is None or one.made_at >= since - _DRIFT)
            and self._is_like(one, payload)
            and self._own.get(one.sid, key) == key
        ]
        known = self._known([one.sid for one in there]) if there else ()
        return next((one for one in there if one.sid not in known), None)

    @abstractmethod
    def _send(self, to: str, payload: Mapping[str, object], key: str) -> Taken:
        """Let Twilio have it."""

    @abstractmethod
    def _sent_to(self, to: str) -> Sequence[Taken]:
        """Return what Twilio has to a number."""

    @abstractmethod
    def _is_like(self, taken: Taken, payload: Mapping[str, object]) -> bool:
        """Tell whether it may be this one."""


class SmsTransport(_Sender):
    """Sends SMS."""

    def __init__(self, account: Account, known: Known, settings: Settings) -> None:
        super().__init__(account, known)
        self._lasts_s = settings.twilio.page_sms_lasts_s

    @override
    def _send(self, to: str, payload: Mapping[str, object], key: str) -> Taken:
        # A page that arrives when another was paged long since wakes somebody for nothing.
        lasts_s = self._lasts_s if payload.get("step") else None
        return self._account.send_sms(to, _text(payload), delivery=key, lasts_s=lasts_s)

    @override
    def _sent_to(self, to: str) -> Sequence[Taken]:
        return self._account.sms_to(to)

    @override
    def _is_like(self, taken: Taken, payload: Mapping[str, object]) -> bool:
        return taken.body == _text(payload)


class VoiceTransport(_Sender):
    """Calls, and has the text said."""

    def __init__(self, account: Account, known: Known, settings: Settings) -> None:
        super().__init__(account, known)
        self._settings = settings

    @override
    def _send(self, to: str, payload: Mapping[str, object], key: str) -> Taken:
        made = script_of(self._settings, payload, key)
        longest_s = LONGEST_BRIDGE_S if "bridge" in payload else None
        return self._account.call(to, str(made), delivery=key, longest_s=longest_s)

    @override
    def _sent_to(self, to: str) -> Sequence[Taken]:
        return self._account.calls_to(to)

    @override
    def _is_like(self, taken: Taken, payload: Mapping[str, object]) -> bool:
        return True


def _text(payload: Mapping[str, object]) -> str:
    return fitting(str(payload["text"]))
