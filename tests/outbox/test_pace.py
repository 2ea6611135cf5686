"""A mailbox sends no more in a minute than its relay takes; pages wait for nothing."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.kit.clock import StillClock
from app.kit.db import Database
from app.models import DeliveryClass
from app.outbox.compose import Letter
from app.outbox.deliver import Sender
from app.outbox.put import Outgoing, put
from app.outbox.smtp import Sent

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Relay:
    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        self.sent.extend(recipients)
        return Sent("250 OK")


def queue(db: Database, mailbox: str, *names: str, kind: DeliveryClass) -> None:
    with db.writing() as session:
        for name in names:
            letter = Letter(
                from_address=f"{mailbox}@desk.example",
                from_name="Desk",
                to=(f"{name}@shop.example",),
                subject=name,
                text="Hei",
                message_id=f"{name}@desk.example",
                date=NOON,
            )
            put(session, Outgoing(name, kind, mailbox, letter), now=NOON)


def test_so_many_leave_in_a_minute_and_pages_and_other_mailboxes_do_not_wait(db: Database) -> None:
    clock, relay = StillClock(NOON), Relay()
    sender = Sender(db, clock, {"slow": [relay], "free": [relay]}, most_a_minute={"slow": 3})

    def sent() -> list[str]:
        relay.sent.clear()
        while asyncio.run(sender.pass_once()):
            pass
        return sorted(one.partition("@")[0] for one in relay.sent)

    queue(db, "slow", *(f"s{number}" for number in range(7)), kind=DeliveryClass.LETTER)
    queue(db, "free", *(f"f{number}" for number in range(5)), kind=DeliveryClass.LETTER)
    first = sent()
    assert len([one for one in first if one[0] == "s"]) == 3
    assert len([one for one in first if one[0] == "f"]) == 5
    queue(db, "slow", "page", kind=DeliveryClass.PAGE)
    assert sent() == ["page"]
    clock.move(timedelta(seconds=61))
    second = sent()
    clock.move(timedelta(seconds=61))
    assert sorted([*first, *second, *sent()]) == [
        *(f"f{number}" for number in range(5)),
        *(f"s{number}" for number in range(7)),
    ]
