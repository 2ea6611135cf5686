"""Tickets: read, answer, start, wait, resume, set severity, assign, solve, reopen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from app.api.context import Context, Reader, Writer, ticket_of
from app.api.paging import Paged, cut, cut_all
from app.api.problems import responses
from app.api.ticket_schemas import (
    AssigneeIn,
    AttachmentOut,
    DeliveryOut,
    DeliveryPage,
    EventOut,
    EventPage,
    HandOnIn,
    MessageOut,
    MessagePage,
    NoteIn,
    OneTicketOut,
    ReasonIn,
    ReplyIn,
    SeverityIn,
    SnoozeIn,
    StepOut,
    StepPage,
    TicketOut,
    WaitIn,
    WantedMessages,
    WriterOut,
)
from app.desk import extras, taking, templates, work
from app.desk.mentions import note_to
from app.desk.reply import reply
from app.kit.errors import NotFound
from app.models import Message, Ticket
from app.store import clocks, families, outbox, people, tickets

router = APIRouter(
    prefix="/tickets", tags=["tickets"], responses=responses(401, 403, 404, 422, 503)
)
_CONFLICT = responses(409)


@router.get("/{number}", operation_id="get_ticket")
def get_ticket(context: Reader, number: int) -> OneTicketOut:
    """Read one ticket, and who else is writing a reply to it."""
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        found = extras.writing(session, ticket, now=context.now, but=context.agent.id)
        writing = [WriterOut.of(draft, agent) for draft, agent in found]
        return OneTicketOut(**_shown(session, context, ticket).model_dump(), writing=writing)


@router.get("/{number}/messages", operation_id="list_messages")
def list_messages(
    context: Reader, number: int, wanted: Annotated[WantedMessages, Query()]
) -> MessagePage:
    """Read what was said, oldest first, with what was said on tickets merged into it."""
    after = wanted.after(datetime, UUID)
    with context.reading() as session:
        own, *merged = families.family(session, ticket_of(session, context.agent, number).id)
        rows = tickets.messages(
            session, own, merged=merged, kinds=wanted.kind, after=after, limit=wanted.limit + 1
        )
        page, cursor = cut(rows, wanted, key=lambda row: (row.at, row.id))
        return MessagePage(items=_said(session, page), next=cursor)


@router.get("/{number}/messages/{message_id}", operation_id="get_message")
def get_message(context: Reader, number: int, message_id: UUID) -> MessageOut:
    """Read one of the ticket's messages, such as a search has found."""
    with context.reading() as session:
        ids = families.family(session, ticket_of(session, context.agent, number).id)
        found = tickets.find_message(session, ids, message_id)
        if found is None:
            raise NotFound(f"ticket {number} has no message {message_id}", field="message_id")
        return _said(session, [found])[0]


@router.get(
    "/{number}/attachments/{attachment_id}",
    operation_id="download_attachment",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file."}},
)
def download(context: Reader, number: int, attachment_id: UUID) -> Response:
    """Download a file of the ticket; it is never shown in place, since a stranger wrote it."""
    with context.reading() as session:
        ids = families.family(session, ticket_of(session, context.agent, number).id)
        found = tickets.find_attachment(session, ids, attachment_id)
    if found is None:
        raise NotFound(f"ticket {number} has no file {attachment_id}", field="attachment_id")
    file, data = found
    return Response(
        data,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get("/{number}/timeline", operation_id="list_ticket_events")
def list_events(context: Reader, number: int, wanted: Paged) -> EventPage:
    """Read the ticket's log, oldest first."""
    after = wanted.after(int)
    with context.reading() as session:
        rows = tickets.events(
            session,
            ticket_of(session, context.agent, number).id,
            after=after[0] if after else 0,
            limit=wanted.limit + 1,
        )
    page, cursor = cut(rows, wanted, key=lambda row: (row.seq,))
    return EventPage(items=[EventOut.of(row) for row in page], next=cursor)


@router.get("/{number}/escalations", operation_id="list_ticket_escalations")
def list_escalations(context: Reader, number: int, wanted: Paged) -> StepPage:
    """Read the ladder's steps, fired or recorded as not needed."""
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        kinds = {clock.id: clock.kind for clock in clocks.of_ticket(session, ticket.id)}
        page, cursor = cut_all(
            clocks.steps_of_ticket(session, ticket.id),
            wanted,
            datetime,
            UUID,
            key=lambda row: (row.fired_at, row.id),
        )
        items = [
            StepOut(
                clock=kinds[row.clock_id],
                run=row.run,
                step=row.step,
                repeat=row.repeat,
                name=row.name,
                nominal_at=row.nominal_at,
                fired_at=row.fired_at,
                lateness_s=(row.fired_at - row.nominal_at).total_seconds(),
                skipped=row.skipped,
                paged=row.paged,
            )
            for row in page
        ]
    return StepPage(items=items, next=cursor)


@router.get("/{number}/deliveries", operation_id="list_ticket_deliveries")
def list_deliveries(context: Reader, number: int, wanted: Paged) -> DeliveryPage:
    """Read what was sent for the ticket, and how it went."""
    with context.reading() as session:
        rows = outbox.of_ticket(session, ticket_of(session, context.agent, number).id)
    page, cursor = cut_all(rows, wanted, datetime, UUID, key=lambda row: (row.created_at, row.id))
    items = [
        DeliveryOut(**{name: getattr(row, name) for name in DeliveryOut.model_fields})
        for row in page
    ]
    return DeliveryPage(items=items, next=cursor)


@router.post("/{number}/replies", operation_id="reply_to_ticket", responses=_CONFLICT)
def post_reply(context: Writer, number: int, body: ReplyIn) -> TicketOut:
    """Answer the customer by mail, in the thread; this meets the first-response clock."""
    with context.changing(number) as (session, ticket, by):
        text = body.text
        if body.template_id is not None:
            template = templates.get_template(session, body.template_id)
            text = templates.fill_in(session, context.house, template, ticket, by)
        assert text is not None  # noqa: S101 - the body has one of the two
        reply(
            session,
            context.house,
            ticket,
            by,
            text=text,
            html=body.html,
            cc=body.cc,
            files=[file.stored() for file in body.attachments],
        )
        if body.then == "solve":
            work.solve(session, context.house, ticket, by)
        elif body.then == "wait":
            work.wait_for_customer(session, context.house, ticket, by, reason=text[:2000])
        return _shown(session, context, ticket)


@router.post("/{number}/notes", operation_id="note_on_ticket")
def post_note(context: Writer, number: int, body: NoteIn) -> TicketOut:
    """Write a note for staff; the customer never sees it, and whoever is mentioned is mailed."""
    with context.changing(number) as (session, ticket, by):
        note_to(session, context.house, ticket, by, text=body.text, mentions=body.mentions)
        return _shown(session, context, ticket)


@router.post("/{number}/work", operation_id="start_work_on_ticket", responses=_CONFLICT)
def post_work(context: Writer, number: int) -> TicketOut:
    """Say that work has begun; this meets the second clock."""
    with context.changing(number) as (session, ticket, by):
        work.start_work(session, context.house, ticket, by)
        return _shown(session, context, ticket)


@router.post("/{number}/take", operation_id="take_ticket", responses=_CONFLICT)
def post_take(context: Writer, number: int) -> TicketOut:
    """Answer a page: the ladder stops calling others. No clock stops."""
    with context.changing(number) as (session, ticket, by):
        taking.take(session, context.house, ticket, by)
        return _shown(session, context, ticket)


@router.post("/{number}/hand-back", operation_id="hand_back_ticket", responses=_CONFLICT)
def post_hand_back(context: Writer, number: int, body: WaitIn) -> TicketOut:
    """Give back what you have taken: the ladder pages people again, at once."""
    with context.changing(number) as (session, ticket, by):
        taking.hand_back(session, ticket, by, reason=body.reason)
        return _shown(session, context, ticket)


@router.post("/{number}/hand-on", operation_id="hand_on_ticket", responses=_CONFLICT)
def post_hand_on(context: Writer, number: int, body: HandOnIn) -> TicketOut:
    """Give what you have taken to somebody else, who is told."""
    with context.changing(number) as (session, ticket, by):
        to = people.find_agent(session, body.agent_id)
        if to is None:
            raise NotFound(f"there is no agent {body.agent_id}", field="agent_id")
        taking.hand_on(session, context.house, ticket, by, to=to, reason=body.reason)
        return _shown(session, context, ticket)


@router.post("/{number}/snooze", operation_id="snooze_ticket", responses=_CONFLICT)
def post_snooze(context: Writer, number: int, body: SnoozeIn) -> TicketOut:
    """Let nobody be paged for a while, but never past a limit."""
    with context.changing(number) as (session, ticket, by):
        taking.snooze(session, ticket, by, until=body.until, reason=body.reason)
        return _shown(session, context, ticket)


@router.put("/{number}/assignee", operation_id="assign_ticket")
def put_assignee(context: Writer, number: int, body: AssigneeIn) -> TicketOut:
    """Hand the ticket to an agent, or to nobody."""
    with context.changing(number) as (session, ticket, by):
        agent = people.find_agent(session, body.agent_id) if body.agent_id else None
        if body.agent_id and agent is None:
            raise NotFound(f"there is no agent {body.agent_id}", field="agent_id")
        work.assign(session, ticket, by, to=agent)
        return _shown(session, context, ticket)


@router.put("/{number}/severity", operation_id="set_ticket_severity")
def put_severity(context: Writer, number: int, body: SeverityIn) -> TicketOut:
    """Set the severity, saying why; the deadlines are recomputed from the same start."""
    with context.changing(number) as (session, ticket, by):
        work.set_severity(
            session, context.house, ticket, by, severity=body.severity, reason=body.reason
        )
        return _shown(session, context, ticket)


@router.post("/{number}/wait", operation_id="wait_for_customer", responses=_CONFLICT)
def post_wait(context: Writer, number: int, body: WaitIn) -> TicketOut:
    """Stop the clocks until the customer has answered."""
    with context.changing(number) as (session, ticket, by):
        work.wait_for_customer(session, context.house, ticket, by, reason=body.reason)
        return _shown(session, context, ticket)


@router.post("/{number}/resume", operation_id="resume_ticket", responses=_CONFLICT)
def post_resume(context: Writer, number: int, body: ReasonIn) -> TicketOut:
    """Let the clocks run on."""
    with context.changing(number) as (session, ticket, by):
        work.resume(session, context.house, ticket, by, reason=body.reason)
        return _shown(session, context, ticket)


@router.post("/{number}/solve", operation_id="solve_ticket", responses=_CONFLICT)
def post_solve(context: Writer, number: int, body: ReasonIn) -> TicketOut:
    """Say that the fault is mended or the question answered."""
    with context.changing(number) as (session, ticket, by):
        work.solve(session, context.house, ticket, by, reason=body.reason)
        return _shown(session, context, ticket)


@router.post("/{number}/reopen", operation_id="reopen_ticket", responses=_CONFLICT)
def post_reopen(context: Writer, number: int) -> TicketOut:
    """Take a solved ticket up again."""
    with context.changing(number) as (session, ticket, by):
        work.reopen(session, context.house, ticket, by)
        return _shown(session, context, ticket)


def _said(session: Session, rows: Sequence[Message]) -> list[MessageOut]:
    """Return messages with their files, and with the number of the ticket each was said on."""
    files: dict[UUID, list[AttachmentOut]] = {}
    for file in tickets.attachments(session, [row.id for row in rows]):
        files.setdefault(file.message_id, []).append(
            AttachmentOut(
                id=file.id, name=file.name, content_type=file.sniffed_type, size=file.size
            )
        )
    numbers = families.numbers(session, sorted({row.ticket_id for row in rows}))
    return [MessageOut.of(row, numbers[row.ticket_id], files.get(row.id, [])) for row in rows]


def _shown(session: Session, context: Context, ticket: Ticket) -> TicketOut:
    return TicketOut.read(session, ticket, context.agent, context.now)
