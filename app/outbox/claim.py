"""Claiming deliveries and settling them: two short transactions around a send outside any.

A claim sets a lease and a random token. The token is the fence: a result is written only while
the row still carries it, so a sender that was slow, or asleep, or presumed dead cannot overwrite
what its successor found out.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.kit.db import append_row
from app.kit.errors import PermanentError
from app.models import (
    Delivery,
    DeliveryClass,
    DeliveryState,
    Event,
    PageState,
    TicketEvent,
)
from app.models.base import Id
from app.outbox.payload import hashes
from app.store import mail as mails
from app.store import outbox, pages, quiet

# Told of each delivery that is given up, in the transaction that gives it up.
Failed = Callable[[Session, Delivery, datetime], None]
# Short, since a killed process's rows wait for its end; a living one renews it.
LEASE_S = 60.0
RENEW_EVERY_S = 20.0
# Seconds until the next try; the last is repeated until the class's patience ends.
RETRY_S = (5, 30, 120, 600, 3600)
# A page in one of these states needs nothing more.
ANSWERED = frozenset({PageState.ENDED, PageState.DECLINED})
# How long an undelivered message of a class is tried before it is given up.
PATIENCE = {
    DeliveryClass.PAGE: timedelta(hours=4),
    DeliveryClass.RECEIPT: timedelta(hours=24),
    DeliveryClass.LETTER: timedelta(days=3),
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send while its lease runs."""

    id: Id
    token: str
    mailbox: str
    payload: Mapping[str, Any]
    blobs: Mapping[str, bytes]
    channel: str = "mail"
    recipient: str = ""
    # When it was put into the outbox, where it was tried before: that try may have succeeded.
    tried_since: datetime | None = None
    # The receiver wants no SMS.
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """How one send went; ``error`` None means that the other side took the message."""

    claimed: Claimed
    response: str = ""
    error: Exception | None = None
    # Recipients that were refused while others were taken.
    refused: Sequence[str] = ()
    # By what a provider that is no mail server knows the message.
    provider_id: str | None = None


def claim(
    session: Session,
    *,
    now: datetime,
    until: datetime,
    limit: int,
    mail: bool | None = None,
    spent: Sequence[str] = (),
) -> Sequence[Claimed]:
    """Take the most urgent due deliveries; nobody else may send them before ``until``.

    ``mail`` True takes mail alone, False all but mail, None everything. Of mailboxes that have
    ``spent`` what they may send, only pages are taken. What rings or vibrates for
    a page that needs nothing any more is cancelled in place of being taken.
    """
    token = secrets.token_hex(8)
    claimed = []
    due = outbox.claim_due(session, now, limit, token=token, until=until, mail=mail, spent=spent)
    over = _no_longer_needed(session, due)
    if over:
        outbox.cancel(session, [row.id for row in over], why="the page was answered by then")
    numbers = {row.recipient for row in due if row.channel == "sms"}
    stopped = quiet.no_sms(session, numbers, now) if numbers else frozenset()
    for row in due:
        if row in over:
            continue
        wanted = hashes(row.payload)
        claimed.append(
            Claimed(
                id=row.id,
                token=token,
                mailbox=row.mailbox,
                payload=row.payload,
                blobs=mails.bytes_by_hash(session, wanted) if wanted else {},
                channel=row.channel,
                recipient=row.recipient,
                tried_since=row.created_at if row.attempts else None,
                stopped=row.channel == "sms" and row.recipient in stopped,
            )
        )
    return claimed


def _no_longer_needed(session: Session, due: Sequence[outbox.Due]) -> Sequence[outbox.Due]:
    """Return the calls and SMS of pages that were answered, or went another way, by now."""
    paging = [(row, row.page_id) for row in due if row.page_id and row.channel in {"sms", "voice"}]
    states = pages.states(session, {page for _, page in paging})
    # A first try of a page that has arrived by one channel goes on by the others that were asked
    # for with it; and a list goes out while one of its tickets still waits for somebody.
    return [
        row
        for row, page in paging
        if states[page] <= ANSWERED or (row.attempts and PageState.SENT not in states[page])
    ]


def renew(session: Session, claimed: Sequence[Claimed], *, until: datetime) -> None:
    """Extend the leases that are still ours: a send may take longer than one lease."""
    for row in outbox.held(session, [(one.id, one.token) for one in claimed]).values():
        row.next_at = until


def settle(
    session: Session,
    results: Sequence[Result],
    *,
    now: datetime,
    failed: Failed = lambda _session, _row, _now: None,
) -> None:
    """Write down how the sends went, leaving out those whose lease is no longer ours."""
    plain = [one for one in results if one.error is None and not one.refused]
    if plain:
        outbox.mark_sent(
            session,
            [(one.claimed.id, one.claimed.token, one.response, one.provider_id) for one in plain],
            now=now,
        )
    troubled = [one for one in results if one not in plain]
    if not troubled:
        return
    rows = outbox.held(session, [(one.claimed.id, one.claimed.token) for one in troubled])
    for result in troubled:
        row = rows.get(result.claimed.id)
        # None: another worker got there first.
        if row is not None:
            _settle_trouble(session, row, result, now=now)
            if row.state is DeliveryState.FAILED:
                failed(session, row, now)


def _settle_trouble(session: Session, row: Delivery, result: Result, *, now: datetime) -> None:
    row.lease_token = None
    if result.error is not None:
        put_back_or_give_up(session, row, result.error, now=now)
        return
    row.state = DeliveryState.SENT
    row.sent_at = now
    row.response = result.response
    row.last_error = "; ".join(result.refused)
    if row.page_id is not None:
        pages.look_again(session, row.page_id, now=now)
    _tell_ticket(session, row, now=now, permanent=True)


def put_back_or_give_up(
    session: Session, row: Delivery, error: Exception, *, now: datetime
) -> None:
    """Let a delivery be tried again, or fail where that is no use; its page looks further now."""
    row.last_error = str(error) or type(error).__name__
    out_of_patience = now - row.created_at >= PATIENCE[row.kind]
    if not isinstance(error, PermanentError) and not out_of_patience:
        row.state = DeliveryState.PENDING
        row.next_at = now + retry_after(row.id, row.attempts)
        if row.page_id is not None:
            pages.look_again(session, row.page_id, now=now)
        return
    row.state = DeliveryState.FAILED
    if row.page_id is not None:
        # The engine tries the person's next method at once.
        pages.look_again(session, row.page_id, now=now)
    _tell_ticket(session, row, now=now, permanent=isinstance(error, PermanentError))


def _tell_ticket(session: Session, row: Delivery, *, now: datetime, permanent: bool) -> None:
    if row.ticket_id is None:
        return
    data = {"delivery": str(row.id), "to": row.recipient, "error": row.last_error}
    append_row(
        session,
        TicketEvent,
        ticket_id=row.ticket_id,
        kind=Event.DELIVERY_FAILED.value,
        at=now,
        recorded_at=now,
        actor="desk",
        data={**data, "permanent": permanent},
    )


def retry_after(row: Id, attempts: int) -> timedelta:
    """Return the wait before the next try, spread by a fifth either way by the row's own id."""
    base = RETRY_S[min(attempts, len(RETRY_S)) - 1]
    spread = (row.int + attempts * 7919) % 401 / 1000 - 0.2
    return timedelta(seconds=base * (1 + spread))
