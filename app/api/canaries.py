"""The canaries: whether mail to each mailbox comes in, tried every few minutes."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.context import Reader
from app.api.paging import Page, Paged, cut_all
from app.api.problems import responses
from app.store import canaries

router = APIRouter(prefix="/intake/canaries", tags=["intake"], responses=responses(401, 503))


class CanaryOut(BaseModel):
    """How a mailbox's canary fares."""

    mailbox: str
    every_minutes: float | None = Field(description="Null where the mailbox has none.")
    last_sent_at: datetime | None
    last_returned_at: datetime | None = Field(description="When mail last came in for certain.")
    missing_since: datetime | None = Field(
        description="When the first one was sent that should be back and is not."
    )


class CanaryPage(Page[CanaryOut]):
    """A page of the canaries."""


@router.get("", operation_id="list_canaries")
def list_canaries(context: Reader, wanted: Paged) -> CanaryPage:
    """Tell for each mailbox when a mail to ourselves last came back."""
    shown = []
    with context.reading() as session:
        for name, box in context.house.settings.mailboxes.items():
            sent = canaries.newest(session, name)
            came = canaries.last_that_came(session, name)
            gone = canaries.first_missing(
                session, name, context.now, after=came.slot_at if came else None
            )
            shown.append(
                CanaryOut(
                    mailbox=name,
                    every_minutes=box.canary_minutes,
                    last_sent_at=sent.sent_at if sent else None,
                    last_returned_at=canaries.last_return(session, name),
                    missing_since=gone.sent_at if gone else None,
                )
            )
    page, cursor = cut_all(shown, wanted, str, key=lambda row: (row.mailbox,))
    return CanaryPage(items=list(page), next=cursor)
