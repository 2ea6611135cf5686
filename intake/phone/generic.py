"""``POST /intake/phone/calls``: any telephone system tells of its calls.

The body is JSON or a form; ``map`` names the field map that it is read with. "200" is said only
after the commit; anything else means that the telephone system should come again. Who posts must
know the token, or sign.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.config import Settings
from app.desk.call_report import CallReport
from app.desk.calls import record_call
from app.desk.house import House
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import BadInput, Conflict
from app.kit.ids import same
from app.models.base import Id
from intake.http_trust import Keys, NotKnown, Shown, Taken, check_headers
from intake.phone.fields import parse_text
from intake.phone.maps import OWN, FieldMap, get_map
from intake.phone.reading import flat, read_report

MOST_BYTES = 1_000_000
_FORM = "application/x-www-form-urlencoded"
_SCHEMA = {
    "type": "object",
    "properties": {
        "external_id": {"type": "string", "description": "What the telephone system calls it."},
        "direction": {"enum": ["inbound", "outbound", "internal"]},
        "from": {"type": "string", "examples": ["+4791234567"]},
        "to": {"type": "string", "examples": ["+4722000000"]},
        "started": {"type": "string", "examples": ["2026-11-24T09:00:00Z"]},
        "answered": {"type": "string"},
        "ended": {"type": "string"},
        "outcome": {
            "enum": [
                *("answered", "missed", "abandoned", "busy", "voicemail", "failed", "after_hours")
            ]
        },
        "agent": {"type": "string", "description": "Best as the mail address of one of yours."},
        "note": {"type": "string"},
        "transcript": {"type": "string"},
        "recording_url": {"type": "string"},
        "severity": {"enum": ["critical", "serious", "minor", "request"]},
        "ticket": {"type": "integer", "description": "Its number, where it is known."},
    },
    "additionalProperties": True,
}


class CallTaken(BaseModel):
    """The call is written down."""

    call: Id
    ticket: int | None = Field(description="Null for a call that is no ticket's.")
    problems: list[str] = Field(description="What was odd about it, and is kept as it came.")


def router() -> APIRouter:
    """Return the route."""
    made = APIRouter(tags=["intake"])
    made.add_api_route(
        "/intake/phone/calls",
        post_call,
        methods=["POST"],
        operation_id="report_call",
        response_model=CallTaken,
        responses={
            401: {"description": "The token or the signature is wrong."},
            409: {"description": "This very request was taken before."},
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _SCHEMA}, _FORM: {"schema": _SCHEMA}},
            }
        },
    )
    return made


async def post_call(
    request: Request,
    field_map: Annotated[
        str, Query(alias="map", description="What the fields are called: 3cx, asterisk …")
    ] = OWN,
    source: Annotated[
        str | None,
        Query(max_length=60, description="The telephone system's name; left out, the map's."),
    ] = None,
) -> CallTaken | JSONResponse:
    """Write a call down; the same one again completes what is known of it."""
    house: House = request.app.state.house
    clock: Clock = request.app.state.clock
    now = clock.now()
    settings = house.settings
    fields = get_map(field_map, settings.phone.maps_folder)
    keys = Keys.of(settings.phone, at="phone")
    taken: Taken = request.app.state.calls_taken
    try:
        shown = check_headers(keys, request.headers, now=now)
        if shown.is_nobody and fields.token is None:
            raise NotKnown("Give a token, or sign the request.")
        raw = await _bounded(request)
        if not shown.is_nobody:
            shown.check_body(raw)
        body = _fields(raw, request.headers.get("content-type", ""))
        _check_token_inside(keys, fields, shown, body)
    except NotKnown as error:
        return JSONResponse(
            {"title": "Not allowed", "status": 401, "detail": str(error)},
            status_code=401,
            media_type="application/problem+json",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if taken.knows(shown, now=now):
        raise Conflict("this very request was taken before", remedy="Sign each one anew.")
    report = read_report(fields, body, source=source or field_map, zone=_zone(settings), now=now)
    answer = await run_in_threadpool(_record, request.app.state.db, house, report, now)
    taken.note(shown, now=now)
    return answer


def _record(db: Database, house: House, report: CallReport, now: datetime) -> CallTaken:
    with db.writing() as session:
        call, ticket = record_call(session, house, report, now=now)
        session.flush()
        return CallTaken(
            call=call.id, ticket=ticket.number if ticket else None, problems=call.problems
        )


def _zone(settings: Settings) -> ZoneInfo:
    return ZoneInfo(settings.phone.time_zone or settings.desk.time_zone)


def _check_token_inside(
    keys: Keys, fields: FieldMap, shown: Shown, body: Mapping[str, object]
) -> None:
    """Check the token in the body, of a telephone system that can put it nowhere else."""
    if not shown.is_nobody:
        return
    given = parse_text(flat(body).get(fields.token or ""))
    if keys.token is None or not given or not same(given, keys.token):
        raise NotKnown("The token is wrong.")


async def _bounded(request: Request) -> bytes:
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk
        if len(kept) > MOST_BYTES:
            raise BadInput("this is more than a call's log", field="body")
    return bytes(kept)


def _fields(raw: bytes, content_type: str) -> Mapping[str, object]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        # NaN is no JSON, and no database keeps it.
        body = json.loads(raw, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"this is not JSON: {error}", field="body") from error
    if not isinstance(body, dict) or not body:
        raise BadInput("a call is an object with fields", field="body")
    return body
