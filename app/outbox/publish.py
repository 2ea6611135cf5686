"""Telling other programs what happens to tickets: the feed → a row each → a signed request.

1. What was committed gets its place in the feed (``app.store.feed``).
2. Of each event every subscription that wants it gets a row, in the order of the feed, where
   whoever made the subscription may see the ticket.
3. A row is claimed under a lease, sent outside any transaction, and settled. Of one ticket only
   the first row that is not told yet is sent, so a ticket's events arrive in their order.
4. What fails is tried again, later each time. Three days after a row has failed first the
   subscription is disabled, its owner is told, and its rows wait for somebody to enable it.

A subscription's slowness is its own: each has one task, and none waits for another's.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from app.kit.clock import Clock
from app.kit.db import Database, append_row
from app.kit.errors import OutsideError
from app.kit.ids import new_id
from app.kit.log import logger
from app.kit.net import Outside
from app.models import Subscription, SubscriptionDelivery, SubscriptionState
from app.models.base import Id
from app.outbox.events import FeedEvent, type_of
from app.outbox.hooks import signed
from app.store import feed, people, subscriptions, ticket_lists, tickets

log = logger("publisher")
# Events a transaction places, and rows that a subscription is told side by side.
MOST = 500
BATCH = 10
LEASE_S = 60.0
# Seconds until the next try, the last repeated.
RETRY_S = (5, 30, 120, 600, 1800, 3600)
PATIENCE = timedelta(days=3)
# RFC 9110, section 15.5.11: whoever answers so wants nothing any more.
GONE = 410
# What was told is kept so long, to be looked up.
KEPT = timedelta(days=30)
_FORGET_EVERY = timedelta(hours=1)

# Told of each subscription that is disabled, in the transaction that disables it.
Disabled = Callable[[Session, Subscription, datetime], None]


@dataclass(frozen=True, slots=True)
class Told:
    """How one request went; ``error`` None means that the other side has taken it."""

    id: Id
    answer: str
    error: str | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: Id
    key: str
    body: bytes


class Publisher:
    """Tells every subscription what it wants to know."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        outside: Outside,
        disabled: Disabled = lambda _session, _subscription, _now: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._outside = outside
        self._disabled = disabled
        self._running: dict[Id, asyncio.Task[int]] = {}
        self._forgot_at: datetime | None = None

    async def pass_once(self) -> int:
        """Place, hand out and tell what there is; return how much work that was.

        A request that takes long is not waited for: its task goes on with the next pass.
        """
        worked = await asyncio.to_thread(self._hand_out)
        for subscription in await asyncio.to_thread(self._due):
            if subscription.id not in self._running:
                task = asyncio.create_task(self._tell(subscription))
                self._running[subscription.id] = task
        if self._running:
            await asyncio.wait(self._running.values(), timeout=0.5)
        for key, task in list(self._running.items()):
            if task.done():
                del self._running[key]
                worked += task.result()
        return worked + len(self._running)

    async def finish(self) -> None:
        """Let the requests under way end."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _hand_out(self) -> int:
        placed = place_all(self._db)
        with self._db.reading() as session:
            newest = feed.newest(session)
            behind = [row.id for row in subscriptions.enabled(session) if row.place < newest]
        made = 0
        for subscription_id in behind:
            with self._db.writing() as session:
                made += _make_deliveries(session, subscription_id, self._clock.now())
        self._forget()
        return placed + made

    def _due(self) -> Sequence[Subscription]:
        now = self._clock.now()
        with self._db.reading() as session:
            return [
                one
                for one in subscriptions.enabled(session)
                if subscriptions.has_due(session, one.id, now)
            ]

    async def _tell(self, subscription: Subscription) -> int:
        token = secrets.token_hex(8)
        claimed = await asyncio.to_thread(self._claim, subscription.id, token)
        if not claimed:
            return 0
        told = await asyncio.gather(*(self._send(subscription, one) for one in claimed))
        await asyncio.to_thread(self._settle, subscription.id, token, told)
        return len(claimed)

    def _claim(self, subscription_id: Id, token: str) -> list[_Claimed]:
        with self._db.writing() as session:
            now = self._clock.now()
            until = now + self._clock.of_wall(LEASE_S)
            rows = subscriptions.claim(
                session, subscription_id, now=now, until=until, token=token, limit=BATCH
            )
            return [
                _Claimed(
                    row.id,
                    f"evt_{row.seq}",
                    FeedEvent.of(row.place, event, ticket).model_dump_json().encode(),
                )
                for row, event, ticket in rows
            ]

    async def _send(self, subscription: Subscription, one: _Claimed) -> Told:
        at = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            **signed(subscription.secret, one.key, at, one.body),
        }
        try:
            answer = await self._outside.post(subscription.url, one.body, headers)
        except OutsideError as error:
            return Told(one.id, "", str(error))
        words = f"{answer.status} {answer.text}".strip()
        if answer.taken:
            return Told(one.id, words)
        return Told(one.id, words, f"the other side answers {words}", gone=answer.status == GONE)

    def _settle(self, subscription_id: Id, token: str, told: Sequence[Told]) -> None:
        with self._db.writing() as session:
            now = self._clock.now()
            results = {one.id: one for one in told}
            subscription = subscriptions.find(session, subscription_id, lock=True)
            over = ""
            for row in subscriptions.held(session, list(results), token):
                over = _settle_one(row, results[row.id], now) or over
            if over and subscription is not None and subscription.disabled_at is None:
                subscription.disabled_at, subscription.disabled_reason = now, over
                log.warning("subscription disabled", name=subscription.name, reason=over)
                self._disabled(session, subscription, now)

    def _forget(self) -> None:
        now = self._clock.now()
        if self._forgot_at is None or now - self._forgot_at >= _FORGET_EVERY:
            self._forgot_at = now
            with self._db.writing() as session:
                subscriptions.forget(session, now - KEPT)


def place_all(db: Database) -> int:
    """Give every event that was committed its place in the feed; return how many got one."""
    placed = 0
    while True:
        with db.reading() as session:
            if feed.is_settled(session):
                return placed
        with db.writing() as session:
            placed += feed.settle(session, MOST)


def _make_deliveries(session: Session, subscription_id: Id, now: datetime) -> int:
    """Make the rows of what a subscription has not been given; return how many events it was."""
    subscription = subscriptions.find(session, subscription_id, lock=True)
    if subscription is None or subscription.disabled_at is not None:
        return 0
    fresh = feed.after(session, subscription.place, MOST)
    seen = _seen_by_its_maker(session, subscription, {ticket.id for _, _, ticket in fresh})
    for place, event, ticket in fresh:
        wanted = not subscription.kinds or type_of(event.kind) in subscription.kinds
        if wanted and ticket.id in seen:
            append_row(
                session,
                SubscriptionDelivery,
                id=new_id(),
                subscription_id=subscription.id,
                place=place,
                seq=event.seq,
                ticket_id=ticket.id,
                kind=event.kind,
                state=SubscriptionState.PENDING,
                attempts=0,
                next_at=now,
                lease_token=None,
                first_failed_at=None,
                last_answer="",
                created_at=now,
                delivered_at=None,
            )
    if fresh:
        subscription.place = fresh[-1][0]
    return len(fresh)


def _seen_by_its_maker(
    session: Session, subscription: Subscription, ids: set[Id]
) -> Collection[Id]:
    """Return those of these tickets that whoever made the subscription may see."""
    maker = people.find_agent(session, subscription.created_by)
    if maker is None or not ids:
        return ()
    visible = tickets.visible_to(session, maker)
    return ticket_lists.by_ids(session, list(ids), visible=[visible])


def _settle_one(row: SubscriptionDelivery, told: Told, now: datetime) -> str:
    """Write down how a request went; return why the subscription is to be disabled, or nothing."""
    row.lease_token = None
    row.last_answer = told.error or told.answer
    if told.error is None:
        row.state = SubscriptionState.DELIVERED
        row.delivered_at = now
        return ""
    row.first_failed_at = row.first_failed_at or now
    row.next_at = now + timedelta(seconds=RETRY_S[min(row.attempts, len(RETRY_S)) - 1])
    if told.gone or now - row.first_failed_at >= PATIENCE:
        return told.error
    return ""
