"""The feed of everything that happens to tickets: a page at a time, or as it happens.

Both read one log (``app.store.feed``), so a place that one has given is a cursor for the other.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event
from pydantic import BaseModel, Field

from app.api.context import Context, Reader
from app.api.problems import responses
from app.kit.errors import BadInput
from app.outbox.events import FeedEvent
from app.outbox.publish import place_all
from app.store import feed, tickets

router = APIRouter(tags=["events"], responses=responses(401, 422, 503))
STREAM = "text/event-stream"
# How often a stream looks, on the wall: what is new is seen within this.
LOOK_S = 0.5
# Proxies commonly close what has been silent for half a minute.
HEARTBEAT_S = 15.0
BATCH = 200


class FeedPage(BaseModel):
    """Events after a place, in order."""

    items: list[FeedEvent]
    next: int = Field(description="Ask for what comes after this place next.")
    more: bool = Field(description="Whether there is more already.")


@router.get(
    "/events",
    operation_id="list_events",
    response_model=FeedPage,
    responses={
        200: {
            "content": {STREAM: {"schema": {"type": "string"}}},
            "description": f"A page of events; a stream of them where `Accept` is `{STREAM}`.",
        }
    },
)
def list_events(
    request: Request,
    context: Reader,
    after: Annotated[
        int | None, Query(ge=0, le=2**63 - 1, description="The last place that you have.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of a page.")] = 200,
    last_event_id: Annotated[
        str | None, Header(description="The last place that a stream has given.")
    ] = None,
) -> Response | FeedPage:
    """Read everything that happens to tickets, in an order in which nothing comes late.

    Asked for `text/event-stream` it goes on as things happen: from `Last-Event-ID`, else from
    `after`, else from now. A comment every 15 seconds says that it is alive. Asked for JSON it is a
    page, from `after` or from the beginning.
    """
    if STREAM not in request.headers.get("accept", ""):
        return _page(context, after or 0, limit)
    start = _start(context, last_event_id, after)
    return EventSourceResponse(
        stream(lambda place: _page(context, place, BATCH), start, request.app.state.stopping),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def stream(
    page_after: Callable[[int], FeedPage], place: int, stopping: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Yield what comes after a place, as it comes, until the house stops."""
    # The first bytes tell a browser that it is connected, and for how long to wait after a break.
    yield b"retry: 2000\n\n"
    silent_s = 0.0
    while not stopping():
        page = await asyncio.to_thread(page_after, place)
        for event in page.items:
            yield format_sse_event(
                data_str=event.model_dump_json(), event=event.type, id=str(event.place)
            )
        place = page.next
        if page.items:
            silent_s = 0.0
        elif silent_s >= HEARTBEAT_S:
            yield KEEPALIVE_COMMENT
            silent_s = 0.0
        if not page.more:
            await asyncio.sleep(LOOK_S)
            silent_s += LOOK_S


def _start(context: Context, last_event_id: str | None, after: int | None) -> int:
    if last_event_id:
        if not last_event_id.isdecimal() or len(last_event_id) > 18:
            raise BadInput("this is no place in the feed", field="Last-Event-ID")
        return int(last_event_id)
    if after is not None:
        return after
    with context.reading() as session:
        return feed.newest(session)


def _page(context: Context, place: int, limit: int) -> FeedPage:
    place_all(context.db)
    with context.reading() as session:
        newest = feed.newest(session)
        seen = tickets.visible_to(session, context.agent)
        found = feed.after(session, place, limit + 1, visible=[seen])
    items = [FeedEvent.of(*one) for one in found[:limit]]
    more = len(found) > limit
    last = items[-1].place if items else place
    if not more:
        # What the caller may not see is passed over, and not looked through again.
        last = max(last, newest)
    return FeedPage(items=items, next=last, more=more)
