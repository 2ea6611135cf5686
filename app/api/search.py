"""Search: tickets by what was said on them, by whom, and what their files are called."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.api.context import Reader
from app.api.paging import Page, cursor_of
from app.api.problems import responses
from app.api.ticket_json import page_of, shown
from app.api.ticket_lists import Filters, visible
from app.api.ticket_schemas import TicketOut
from app.store import search as store
from app.store import ticket_lists, tickets
from app.store.search_words import LONGEST_QUERY, Snippet, parse_search, snippet

router = APIRouter(tags=["search"], responses=responses(401, 403, 422, 503))


class MarkOut(BaseModel):
    """A stretch of a snippet that is what was searched for."""

    start: int
    end: int


class FoundOut(BaseModel):
    """A ticket that was found, and the best of what was found on it."""

    ticket: TicketOut
    rank: float = Field(description="Higher is better; comparable within one search alone.")
    message_id: UUID | None = Field(description="Null where the ticket itself was found.")
    snippet: str = Field(description="Plain text around the first word found.")
    marks: list[MarkOut] = Field(description="Where in the snippet the words are.")


class FoundPage(Page[FoundOut]):
    """A page of what was found, best first."""


class WantedFound(Filters):
    """What is searched for, and among which tickets."""

    q: str = Field(
        min_length=1,
        max_length=LONGEST_QUERY,
        description='All of these words; `"side by side"` in quotes; `-not` this one.',
        examples=["faktura feil -betalt"],
    )


@router.get("/search", operation_id="search_tickets", response_model=FoundPage)
def search_tickets(context: Reader, wanted: Annotated[WantedFound, Query()]) -> Response:
    """Find tickets by full text, in Norwegian and English, best first.

    Words are found in other forms and as the beginning of longer ones. No text is a wrong search:
    signs that mean nothing are passed over.
    """
    asked = parse_search(wanted.q)
    after = wanted.after(int, UUID)
    offset, until = (max(0, after[0]), after[1]) if after else (0, None)
    with context.reading() as session:
        conditions = [*ticket_lists.conditions(wanted.wanted()), *visible(session, context)]
        found = store.find(session, asked, until=until, conditions=conditions)
        best: dict[UUID, store.Found] = {}
        for one in found:
            if one.ticket_id not in best or one.rank > best[one.ticket_id].rank:
                best[one.ticket_id] = one
        ordered = sorted(best.values(), key=lambda one: (-one.rank, -one.message_id.int))
        page = ordered[offset : offset + wanted.limit]
        rows = ticket_lists.by_ids(session, [one.ticket_id for one in page])
        texts = tickets.texts(session, [one.message_id for one in page])
        out = shown(session, list(rows.values()), context)
    by_id = {ticket["id"]: ticket for ticket in out}
    items = []
    for one in page:
        ticket = by_id[one.ticket_id]
        subject: str = ticket["subject"]
        piece: Snippet = snippet(asked, texts.get(one.message_id, subject))
        items.append(
            {
                "ticket": ticket,
                "rank": one.rank,
                "message_id": None if one.message_id == one.ticket_id else one.message_id,
                "snippet": piece.text,
                "marks": [{"start": start, "end": end} for start, end in piece.marks],
            }
        )
    more = len(ordered) > offset + wanted.limit
    newest = until or max((one.message_id for one in found), default=None)
    cursor = cursor_of((offset + wanted.limit, newest)) if more and newest else None
    return page_of(items, cursor)
