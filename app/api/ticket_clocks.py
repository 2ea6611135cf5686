"""A ticket's deadlines: how each of them came about."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.clock_schemas import ClocksOut, ExplainedOut
from app.api.context import Reader, ticket_of
from app.api.problems import responses
from app.desk.explain import explain_clocks
from app.sla.explain_words import LANGUAGES

router = APIRouter(prefix="/tickets", tags=["clocks"], responses=responses(401, 404, 422, 503))


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
        ticket = ticket_of(session, number)
        told = explain_clocks(session, context.house, ticket, now=now, language=language)
    return ClocksOut(
        number=number, now=now, language=language, clocks=[ExplainedOut.of(one) for one in told]
    )
