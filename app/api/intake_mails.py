"""The intake ledger: every message that reached us and what became of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.context import Reader, Writer
from app.api.problems import responses
from app.kit.db import wake_after_commit
from app.kit.errors import Conflict, NotFound
from app.kit.wake import Topic
from app.models import InboundMail, LedgerState
from app.store import mail

router = APIRouter(
    prefix="/intake/mails", tags=["intake"], responses=responses(401, 403, 404, 422, 503)
)


class InboundMailOut(BaseModel):
    """A message of the ledger."""

    id: UUID
    mailbox: str
    folder: str
    uid: int
    state: LedgerState
    reason: str = Field(description="Why it ended as it did.")
    received_at: datetime = Field(description="The mail server's receipt time.")
    fetched_at: datetime
    processed_at: datetime | None
    size: int
    truncated: bool
    message_id: str | None
    ticket_id: UUID | None
    error: str | None = Field(description="What went wrong with a quarantined message.")


class InboundMailPage(BaseModel):
    """A page of the ledger."""

    items: list[InboundMailOut]
    next: UUID | None = Field(description="The cursor of the next page; null at the end.")


def _shown(row: InboundMail) -> InboundMailOut:
    return InboundMailOut(**{name: getattr(row, name) for name in InboundMailOut.model_fields})


@router.get("", operation_id="list_inbound_mails")
def list_mails(
    context: Reader,
    state: LedgerState | None = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InboundMailPage:
    """List the ledger, newest first."""
    with context.reading() as session:
        rows = mail.listing(session, state=state, below=cursor, limit=limit + 1)
    page = rows[:limit]
    return InboundMailPage(
        items=[_shown(row) for row in page],
        next=page[-1].id if len(rows) > limit else None,
    )


@router.get(
    "/{mail_id}/raw",
    operation_id="download_inbound_mail",
    response_class=Response,
    responses={200: {"content": {"message/rfc822": {}}, "description": "The raw message."}},
)
def download(context: Reader, mail_id: UUID) -> Response:
    """Download the message as it came."""
    with context.reading() as session:
        found = mail.with_raw(session, [mail_id])
    if not found:
        raise NotFound(f"there is no message {mail_id}", field="mail_id")
    return Response(
        found[0][1],
        media_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{mail_id}.eml"'},
    )


@router.post("/{mail_id}/retry", operation_id="retry_inbound_mail", responses=responses(409))
def retry(context: Writer, mail_id: UUID) -> InboundMailOut:
    """Process a quarantined message again; its minimal ticket stays as it is."""
    with context.db.writing() as session:
        row = session.get(InboundMail, mail_id)
        if row is None:
            raise NotFound(f"there is no message {mail_id}", field="mail_id")
        if row.state is not LedgerState.QUARANTINED:
            raise Conflict(f"the message is {row.state.value}, not quarantined")
        row.state = LedgerState.RECEIVED
        row.next_at = context.now
        wake_after_commit(session, Topic.LEDGER)
        return _shown(row)
