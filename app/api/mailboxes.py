"""Mailboxes: whether mail comes in and goes out of each."""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.api.context import Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.store import deliveries

router = APIRouter(prefix="/mailboxes", tags=["mailboxes"], responses=responses(401, 422, 503))
LATELY = timedelta(hours=24)


class WatcherOut(BaseModel):
    """A folder's watcher in the process that answers."""

    folder: str
    state: str
    error: str | None


class MailboxOut(BaseModel):
    """A mailbox, and how it is."""

    name: str
    address: str
    received_24h: int
    last_received_at: datetime | None = Field(description="Within the last day; else null.")
    quarantined: int = Field(description="Mails that could not be read, and opened a bare ticket.")
    waiting: int = Field(description="Mails that are still to be sent.")
    failed_24h: int = Field(description="Mails that were given up within a day.")
    watchers: list[WatcherOut] = Field(
        description="Empty where another process watches, or where mail comes another way."
    )


class MailboxPage(Page[MailboxOut]):
    """A page of mailboxes, by name."""


@router.get("", operation_id="list_mailboxes")
def list_mailboxes(request: Request, context: Reader, wanted: Paged) -> MailboxPage:
    """Tell of each mailbox what came in, what is to go out, and what went wrong."""
    since = context.now - LATELY
    with context.reading() as session:
        received = deliveries.received_by_mailbox(session, since)
        quarantined = deliveries.quarantined_by_mailbox(session)
        waiting = deliveries.waiting_by_mailbox(session)
        failed = deliveries.failed_by_mailbox(session, since)
    health = request.app.state.loop_health()
    items = []
    for name, box in context.house.settings.mailboxes.items():
        count, last = received.get(name, (0, None))
        prefix = f"imap:{name}:"
        items.append(
            MailboxOut(
                name=name,
                address=box.address,
                received_24h=count,
                last_received_at=last,
                quarantined=quarantined.get(name, 0),
                waiting=waiting.get(name, 0),
                failed_24h=failed.get(name, 0),
                watchers=[
                    WatcherOut(
                        folder=one.name.removeprefix(prefix), state=one.state, error=one.error
                    )
                    for one in health
                    if one.name.startswith(prefix)
                ],
            )
        )
    page, cursor = cut_all(items, wanted, str, key=lambda row: (row.name,))
    return MailboxPage(items=list(page), next=cursor)
