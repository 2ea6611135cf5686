"""Tickets of a list as JSON, made straight of the database's rows.

It is what ``TicketOut`` would say, letter by letter, and a test holds the two together. Checking
fifty tickets of our own against a model, and making the objects for that, cost more than all else.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pydantic_core
from fastapi import Response
from sqlmodel import Session

from app.api.context import Context
from app.sla.severity.reason_words import reasons_in
from app.store import ticket_lists as store
from app.store.ticket_lists import OF_CLOCKS, SHOWN, AnyRow

Shown = dict[str, Any]
_CLOCK = OF_CLOCKS[1:]


def page_of(items: Sequence[Mapping[str, Any]], cursor: str | None) -> Response:
    """Return a page as the response."""
    content = pydantic_core.to_json({"items": items, "next": cursor})
    return Response(content, media_type="application/json")


def shown(session: Session, rows: Sequence[AnyRow], context: Context) -> list[Shown]:
    """Return tickets with their clocks as they stand, for whoever asks."""
    now, language = context.now, context.agent.language
    clocks: dict[UUID, list[Shown]] = {row.id: [] for row in rows}
    for clock in store.clocks_of(session, list(clocks)):
        clocks[clock.ticket_id].append(_clock(clock, now))
    return [_ticket(row, clocks[row.id], language) for row in rows]


def _ticket(row: AnyRow, clocks: list[Shown], language: str) -> Shown:
    told: Shown = dict(zip(SHOWN, row, strict=True))
    for name in ("severity_reasons", "tags", "flags"):
        # Most are empty.
        told[name] = json.loads(told[name]) if told[name] != "[]" else ()
    if told["severity_reasons"]:
        told["severity_reasons"] = reasons_in(told["severity_reasons"], language)
    told["intake_lag_s"] = (row.created_at - row.received_at).total_seconds()
    told["clocks"] = clocks
    return told


def _clock(row: AnyRow, now: datetime) -> Shown:
    told: Shown = dict(zip(_CLOCK, row[1:], strict=True))
    running = row.status == "running"
    for name in ("target", "limit"):
        at = told[f"{name}_at"]
        told[f"{name}_left_s"] = int((at - now).total_seconds()) if at and running else None
    return told
