"""A ticket's deadlines: how each of them came about, and correcting what they follow from."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from app.api.clock_schemas import ClocksOut, DowntimeOut, ExplainedOut
from app.api.context import Lead, Reader, ticket_of
from app.api.problems import responses
from app.api.ticket_schemas import Body, Reason, TicketOut
from app.desk.correct import correct_time
from app.desk.explain import downtime_of, explain_clocks
from app.sla.explain_words import LANGUAGES

router = APIRouter(prefix="/tickets", tags=["clocks"], responses=responses(401, 404, 422, 503))


class CorrectionIn(Body):
    """When it really was, and why it was written down otherwise."""

    at: AwareDatetime
    reason: Reason


@router.get("/{number}/clocks", operation_id="explain_ticket_clocks")
def get_clocks(
    context: Reader,
    number: int,
    language: Annotated[
        str | None, Query(description="nb or en; your own language where it is left out.")
    ] = None,
) -> ClocksOut:
    """Tell how each deadline came about: receipt, basis, every stretch, pause and holiday."""
    own = context.agent.language if context.agent.language in LANGUAGES else "nb"
    language = language or own
    now = context.now
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        told = explain_clocks(session, context.house, ticket, now=now, language=language)
    return ClocksOut(
        number=number, now=now, language=language, clocks=[ExplainedOut.of(one) for one in told]
    )


@router.get("/{number}/downtime", operation_id="count_ticket_downtime")
def get_downtime(context: Reader, number: int) -> DowntimeOut:
    """Count how long the fault kept the customer without the service, but for exclusions."""
    now = context.now
    with context.reading() as session:
        ticket = ticket_of(session, context.agent, number)
        return DowntimeOut.of(number, now, downtime_of(session, ticket, now=now))


@router.put(
    "/{number}/timeline/{seq}/time", operation_id="correct_time", responses=responses(403, 409)
)
def put_time(context: Lead, number: int, seq: int, body: CorrectionIn) -> TicketOut:
    """Correct when an entry of the log took effect; the deadlines are computed anew from it."""
    with context.changing(number) as (session, ticket, by):
        correct_time(session, context.house, ticket, by, seq=seq, at=body.at, reason=body.reason)
        return TicketOut.read(session, ticket, by.agent, by.now)
