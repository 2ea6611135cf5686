"""The intake ledger: every message that reached us and what became of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from app.api.context import Reader, Writer, ticket_of
from app.api.paging import Page, Paging, cut
from app.api.problems import responses
from app.desk import inbound
from app.desk.work import By
from app.kit.errors import NotFound
from app.models import Agent, InboundMail, LedgerState
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
    fetch_lag_s: float = Field(description="Seconds from the receipt until we had it.")
    size: int
    truncated: bool
    message_id: str | None
    ticket_id: UUID | None
    error: str | None = Field(description="What went wrong with a quarantined message.")


class InboundMailPage(Page[InboundMailOut]):
    """A page of the ledger."""


class WantedMails(Paging):
    """Which messages are asked for."""

    state: list[LedgerState] = Field(default_factory=list, description="May be repeated.")
    mailbox: str | None = None
    folder: str | None = Field(None, description="A folder of IMAP's, or `lmtp`, or `http`.")
    reason: str | None = None
    message_id: str | None = None
    ticket: int | None = Field(None, description="A ticket's number.")
    received_from: AwareDatetime | None = None
    received_before: AwareDatetime | None = None


def _shown(row: InboundMail) -> InboundMailOut:
    values = {
        name: getattr(row, name) for name in InboundMailOut.model_fields if name != "fetch_lag_s"
    }
    lag = (row.fetched_at - row.received_at).total_seconds()
    return InboundMailOut(**values, fetch_lag_s=lag)


@router.get("", operation_id="list_inbound_mails")
def list_mails(
    context: Reader,
    wanted: Annotated[WantedMails, Query()],
) -> InboundMailPage:
    """List the ledger, newest first."""
    with context.reading() as session:
        ticket_id = None
        if wanted.ticket is not None:
            ticket_id = ticket_of(session, context.agent, wanted.ticket).id
        which = mail.Wanted(
            states=wanted.state,
            mailbox=wanted.mailbox,
            way=wanted.folder,
            reason=wanted.reason,
            message_id=wanted.message_id and wanted.message_id.strip("<> "),
            ticket_id=ticket_id,
            received_from=wanted.received_from,
            received_before=wanted.received_before,
        )
        after = wanted.after(UUID)
        below = after[0] if after else None
        rows = mail.listing(
            session, which, agent=context.agent, below=below, limit=wanted.limit + 1
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row.id,))
    return InboundMailPage(items=[_shown(row) for row in page], next=cursor)


@router.get("/counts", operation_id="count_inbound_mails")
def count_mails(context: Reader) -> dict[LedgerState, int]:
    """Count the ledger by state; a state without a message is left out."""
    with context.reading() as session:
        return {
            LedgerState(state): count
            for state, count in mail.count_by_state(session, context.agent).items()
        }


@router.get("/{mail_id}", operation_id="get_inbound_mail")
def get_mail(context: Reader, mail_id: UUID) -> InboundMailOut:
    """Read one message's row."""
    with context.reading() as session:
        return _shown(_mail(session, context.agent, mail_id))


@router.get(
    "/{mail_id}/raw",
    operation_id="download_inbound_mail",
    response_class=Response,
    responses={200: {"content": {"message/rfc822": {}}, "description": "The raw message."}},
)
def download(context: Reader, mail_id: UUID) -> Response:
    """Download the message as it came."""
    with context.reading() as session:
        raw = mail.raw_of(session, _mail(session, context.agent, mail_id).raw_sha256)
    return Response(
        raw,
        media_type="message/rfc822",
        headers={"Content-Disposition": f'attachment; filename="{mail_id}.eml"'},
    )


@router.post("/{mail_id}/retry", operation_id="retry_inbound_mail", responses=responses(409))
def retry(context: Writer, mail_id: UUID) -> InboundMailOut:
    """Process a quarantined or refused message again; its minimal ticket stays as it is."""
    with context.db.writing() as session:
        _mail(session, context.agent, mail_id)
        by = By(context.agent, context.now)
        return _shown(inbound.retry(session, mail_id, actor=by.actor, now=by.now))


@router.post(
    "/{mail_id}/ticket", operation_id="make_ticket_of_inbound_mail", responses=responses(409)
)
def make_ticket(context: Writer, mail_id: UUID) -> InboundMailOut:
    """Make a ticket of a message, whatever was made of it; the row then names the ticket."""
    with context.db.writing() as session:
        _mail(session, context.agent, mail_id)
        by = By(context.agent, context.now)
        return _shown(inbound.make_ticket(session, mail_id, actor=by.actor, now=by.now))


def _mail(session: Session, agent: Agent, mail_id: UUID) -> InboundMail:
    found = mail.find_visible(session, agent, mail_id)
    if found is None:
        raise NotFound(f"there is no message {mail_id}", field="mail_id")
    return found
