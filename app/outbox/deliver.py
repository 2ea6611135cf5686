"""The sender: claims what is due, sends it outside any transaction, settles it.

Sending and settling overlap: the database's commit and the server's next answer are waited for
side by side, and under load several results share a commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from typing_extensions import override

from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import OutsideError, PermanentError, TemporaryError, Unavailable
from app.kit.log import logger
from app.outbox.claim import LEASE_S, RENEW_EVERY_S, Claimed, Failed, Result, claim, renew, settle
from app.outbox.compose import compose
from app.outbox.pace import Pace
from app.outbox.payload import to_letter
from app.outbox.smtp import Sent
from app.store import outbox

log = logger("sender")
# Small, since what a killed process had claimed waits for the end of its lease.
BATCH = 40
# Results that share a commit. While one group is committed another is sent: so many mails a
# connection, twice, are what a kill may send once more, with the same Message-ID.
GROUP = 8
# A slow server's results do not wait for a full group.
SETTLE_AFTER_S = 0.1
# Messages of one channel that are under way at once: each waits seconds for its provider.
AT_ONCE = 4
# A row is not sent when less of its lease than this is left: its successor may be under way.
MARGIN_S = 15.0


class Lanes(StrEnum):
    """What one sender takes out: a provider that hangs must keep no mail waiting."""

    ALL = "all"
    MAIL = "mail"
    NOTICES = "notices"  # All that is no mail.


class Transport(Protocol):
    """Takes one mail to its server."""

    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        """Hand the mail over and return what the server said; raise an ``OutsideError``."""
        ...


class ChannelTransport(Protocol):
    """Takes one message that is no mail to its provider."""

    async def deliver(
        self,
        recipient: str,
        payload: Mapping[str, object],
        *,
        key: str,
        since: datetime | None = None,
    ) -> Sent:
        """Hand it over and return what was said; raise an ``OutsideError``.

        ``key`` is the same for every try, for a provider that can tell a second one by it.
        ``since`` is None at the first try; at a further one it is when the message was put into the
        outbox: the provider may have taken it then, although its answer was lost.
        """
        ...


# Takes one delivery to wherever it goes.
Carrier = Callable[[Claimed], Awaitable[Sent]]


class Sender:
    """Sends what is due: mail through each mailbox's connections, the rest by its channel."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        transports: Mapping[str, Sequence[Transport]],
        channels: Mapping[str, ChannelTransport] | None = None,
        *,
        failed: Failed = lambda _session, _row, _now: None,
        lanes: Lanes = Lanes.ALL,
        most_a_minute: Mapping[str, int] | None = None,
    ) -> None:
        self._pace = Pace(most_a_minute or {}, clock.of_wall(60))
        self._mail = None if lanes is Lanes.ALL else lanes is Lanes.MAIL
        self._db = db
        self._clock = clock
        self._transports = transports
        self._channels = channels or {}
        self._failed = failed
        self._lease_until = clock.now()

    async def pass_once(self) -> int:
        """Claim one batch, send it and settle it; return how many rows were claimed.

        Each mailbox's rows go out over its connections side by side, in order of urgency, and each
        channel's beside them.
        """
        claimed = await asyncio.to_thread(self._claim)
        if not claimed:
            return 0
        renewer = asyncio.create_task(self._renew_all(claimed))
        try:
            async with asyncio.TaskGroup() as group:
                for lane in {(row.channel, row.mailbox) for row in claimed}:
                    rows = iter([row for row in claimed if (row.channel, row.mailbox) == lane])
                    for carrier in self._carriers(*lane):
                        group.create_task(self._send_each(rows, carrier))
        finally:
            renewer.cancel()
        return len(claimed)

    def _carriers(self, channel: str, mailbox: str) -> Sequence[Carrier]:
        if channel != "mail":
            return (_by_channel(channel, self._channels.get(channel)),) * AT_ONCE
        transports = self._transports.get(mailbox) or (_NoTransport(mailbox),)
        return [_by_mail(transport) for transport in transports]

    def _claim(self) -> Sequence[Claimed]:
        left = self._pace.left(self._clock.now())
        spent = [mailbox for mailbox, more in left.items() if more < 1]
        with self._db.reading() as session:
            if not outbox.any_due(session, self._clock.now(), mail=self._mail, spent=spent):
                return ()
        with self._db.writing() as session:
            now = self._clock.now()
            self._lease_until = now + self._clock.of_wall(LEASE_S)
            claimed = claim(
                session,
                now=now,
                until=self._lease_until,
                limit=min([BATCH, *(more for more in left.values() if more > 0)]),
                mail=self._mail,
                spent=spent,
            )
        self._pace.note([row.mailbox for row in claimed if row.channel == "mail"], now)
        return claimed

    async def _send_each(self, rows: Iterator[Claimed], carrier: Carrier) -> None:
        """Send one mail after the other, while those before are being settled."""
        margin = self._clock.of_wall(MARGIN_S)
        now = asyncio.get_running_loop().time
        sent: list[Result] = []
        settling: asyncio.Task[None] | None = None
        settled_at = now()
        for row in rows:
            if self._lease_until - self._clock.now() < margin:
                # The lease could not be renewed; the row is left to whoever claims it next.
                continue
            sent.append(await _send(row, carrier))
            if len(sent) < GROUP and now() - settled_at < SETTLE_AFTER_S:
                continue
            if settling is not None:
                await settling
            settling = asyncio.create_task(asyncio.to_thread(self._settle, tuple(sent)))
            sent.clear()
            settled_at = now()
        if settling is not None:
            await settling
        if sent:
            await asyncio.to_thread(self._settle, tuple(sent))

    async def _renew_all(self, claimed: Sequence[Claimed]) -> None:
        """Extend the leases for as long as the batch takes."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await asyncio.to_thread(self._renew, claimed)
            except Unavailable as error:
                log.warning("leases not renewed", error=str(error))

    def _renew(self, claimed: Sequence[Claimed]) -> None:
        until = self._clock.now() + self._clock.of_wall(LEASE_S)
        with self._db.writing() as session:
            renew(session, claimed, until=until)
        self._lease_until = until

    def _settle(self, results: Sequence[Result]) -> None:
        with self._db.writing() as session:
            settle(session, results, now=self._clock.now(), failed=self._failed)


async def _send(row: Claimed, carrier: Carrier) -> Result:
    """Send one delivery; any exception is that row's result and never the end of the batch."""
    try:
        sent = await carrier(row)
    except OutsideError as error:
        log.warning("not sent", delivery=str(row.id), error=str(error))
        return Result(row, error=error)
    except Exception as error:
        log.exception("could not be prepared", delivery=str(row.id))
        return Result(row, error=error)
    return Result(
        row,
        response=sent.response,
        refused=[str(one) for one in sent.refused],
        provider_id=sent.provider_id,
    )


def _by_mail(transport: Transport) -> Carrier:
    async def carry(row: Claimed) -> Sent:
        letter = to_letter(row.payload, row.blobs)
        # Bounces come back to the mailbox, where they are matched with this delivery.
        return await transport.send(letter.from_address, [*letter.to, *letter.cc], compose(letter))

    return carry


def _by_channel(channel: str, transport: ChannelTransport | None) -> Carrier:
    async def carry(row: Claimed) -> Sent:
        if transport is None:
            # Permanent, so that a page falls through to the person's next method at once.
            raise PermanentError(
                f"no way to send {channel} is set up.", remedy="Set one up, or use another method."
            )
        if row.stopped:
            raise PermanentError("the receiver wants no SMS.", remedy="Call, or write a mail.")
        return await transport.deliver(
            row.recipient, row.payload, key=str(row.id), since=row.tried_since
        )

    return carry


class _NoTransport(Transport):
    """Stands in for a mailbox that the configuration no longer has."""

    def __init__(self, mailbox: str) -> None:
        self._mailbox = mailbox

    @override
    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        raise TemporaryError(
            "there is no such mailbox to send from.",
            field=f"mailboxes.{self._mailbox}",
            remedy="Put it back into the configuration, or cancel the delivery.",
        )
