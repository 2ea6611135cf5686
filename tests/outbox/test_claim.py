import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from app.kit.clock import StillClock
from app.kit.db import Database
from app.kit.errors import PermanentError, TemporaryError
from app.models import Delivery, DeliveryClass, DeliveryState
from app.outbox.claim import Result, claim, renew, retry_after, settle
from app.outbox.compose import Letter
from app.outbox.deliver import Sender
from app.outbox.put import Outgoing, put
from app.outbox.smtp import Sent

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


def make_letter(number: int = 1) -> Letter:
    return Letter(
        from_address="support@desk.example",
        from_name="Desk",
        to=(f"kari{number}@shop.example",),
        subject=f"Svar {number}",
        text="Hei",
        message_id=f"{number}.test@desk.example",
        date=NOON,
    )


def fill(db: Database, count: int, kind: DeliveryClass = DeliveryClass.LETTER) -> None:
    with db.writing() as session:
        for number in range(count):
            letter = make_letter(number)
            put(session, Outgoing(f"{kind}:{number}", kind, "support", letter), now=NOON)


def rows(db: Database) -> Sequence[Delivery]:
    with db.reading() as session:
        return session.exec(select(Delivery)).all()


class Recorder:
    """A server that takes everything and remembers to whom."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.error: Exception | None = None

    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.sent.extend(recipients)
        return Sent("250 OK")


def test_two_workers_never_send_the_same_row(db: Database) -> None:
    fill(db, 100)
    taken: list[str] = []

    def work() -> None:
        async def all_of_it() -> None:
            recorder = Recorder()
            sender = Sender(db, StillClock(NOON), {"support": [recorder]})
            while await sender.pass_once():
                pass
            taken.extend(recorder.sent)

        asyncio.run(all_of_it())

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Counter(taken) == Counter(f"kari{number}@shop.example" for number in range(100))
    assert {row.state for row in rows(db)} == {DeliveryState.SENT}


def test_the_same_cause_never_makes_two(db: Database) -> None:
    fill(db, 1)
    with pytest.raises(Exception, match=r"(?i)unique"):
        fill(db, 1)
    assert len(rows(db)) == 1


def test_a_row_of_a_dead_worker_is_sent_when_its_lease_has_ended(db: Database) -> None:
    fill(db, 1)
    with db.writing() as session:
        assert len(claim(session, now=NOON, until=NOON + LEASE, limit=10)) == 1
    with db.writing() as session:
        assert claim(session, now=NOON + LEASE / 2, until=NOON + LEASE / 2 + LEASE, limit=10) == []
    with db.writing() as session:
        assert len(claim(session, now=NOON + LEASE, until=NOON + LEASE + LEASE, limit=10)) == 1


def test_a_slow_worker_cannot_overwrite_its_successor(db: Database) -> None:
    fill(db, 1)
    with db.writing() as session:
        (slow,) = claim(session, now=NOON, until=NOON + LEASE, limit=10)
    with db.writing() as session:
        (quick,) = claim(session, now=NOON + LEASE, until=NOON + LEASE + LEASE, limit=10)
    with db.writing() as session:
        settle(session, [Result(quick, response="250 OK")], now=NOON + LEASE)
    with db.writing() as session:
        settle(session, [Result(slow, error=PermanentError("550 no"))], now=NOON + LEASE)
    (row,) = rows(db)
    assert (row.state, row.response) == (DeliveryState.SENT, "250 OK")


def test_a_living_worker_keeps_what_it_holds(db: Database) -> None:
    fill(db, 1)
    with db.writing() as session:
        held = claim(session, now=NOON, until=NOON + LEASE, limit=10)
    with db.writing() as session:
        renew(session, held, until=NOON + 2 * LEASE)
    with db.writing() as session:
        assert claim(session, now=NOON + LEASE, until=NOON + 2 * LEASE, limit=10) == []


def test_pages_go_before_receipts_and_receipts_before_letters(db: Database) -> None:
    for kind in (DeliveryClass.LETTER, DeliveryClass.PAGE, DeliveryClass.RECEIPT):
        fill(db, 1, kind)
    with db.writing() as session:
        order = [row.id for row in claim(session, now=NOON, until=NOON + LEASE, limit=10)]
    kinds = {row.id: row.kind for row in rows(db)}
    assert [kinds[one] for one in order] == ["page", "receipt", "letter"]


def test_a_refusal_for_now_is_tried_again_later_each_time(db: Database) -> None:
    fill(db, 1)
    now, waits = NOON, []
    for _ in range(6):
        with db.writing() as session:
            (claimed,) = claim(session, now=now, until=now + LEASE, limit=10)
        with db.writing() as session:
            settle(session, [Result(claimed, error=TemporaryError("451 later"))], now=now)
        (row,) = rows(db)
        assert row.state is DeliveryState.PENDING
        waits.append((row.next_at - now).total_seconds())
        now = row.next_at
    for wait, base in zip(waits, (5, 30, 120, 600, 3600, 3600), strict=True):
        assert 0.8 * base <= wait <= 1.2 * base


def test_a_refusal_for_good_is_recorded_and_never_tried_again(db: Database) -> None:
    fill(db, 1)
    recorder = Recorder()
    recorder.error = PermanentError("550 5.1.1 no such user")
    sender = Sender(db, StillClock(NOON), {"support": [recorder]})
    assert asyncio.run(sender.pass_once()) == 1
    assert asyncio.run(sender.pass_once()) == 0
    (row,) = rows(db)
    assert row.state is DeliveryState.FAILED
    assert row.last_error == "550 5.1.1 no such user"


def test_patience_ends(db: Database) -> None:
    fill(db, 1, DeliveryClass.RECEIPT)
    later = NOON + timedelta(hours=25)
    with db.writing() as session:
        (claimed,) = claim(session, now=later, until=later + LEASE, limit=10)
    with db.writing() as session:
        settle(session, [Result(claimed, error=TemporaryError("451 later"))], now=later)
    assert rows(db)[0].state is DeliveryState.FAILED


def test_a_row_that_cannot_be_prepared_holds_up_nobody(db: Database) -> None:
    fill(db, 3)
    with db.writing() as session:
        broken = session.exec(select(Delivery)).first()
        assert broken is not None
        broken.payload = {**broken.payload, "date": "nonsense"}
    recorder = Recorder()
    sender = Sender(db, StillClock(NOON), {"support": [recorder]})
    assert asyncio.run(sender.pass_once()) == 3
    assert len(recorder.sent) == 2
    assert sorted(row.state for row in rows(db)) == ["pending", "sent", "sent"]


def test_a_mailbox_that_is_gone_keeps_its_mail(db: Database) -> None:
    fill(db, 1)
    asyncio.run(Sender(db, StillClock(NOON), {}).pass_once())
    (row,) = rows(db)
    assert row.state is DeliveryState.PENDING
    assert "no such mailbox" in (row.last_error or "")


def test_retries_are_spread(db: Database) -> None:
    fill(db, 50)
    waits = {retry_after(row.id, 2).total_seconds() for row in rows(db)}
    assert len(waits) > 10
    assert all(24 <= wait <= 36 for wait in waits)
