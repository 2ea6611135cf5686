"""Reports: what was promised in a month, and what was kept."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.context import Reader
from app.api.paging import Page, Paging, cut_all
from app.api.problems import responses
from app.kit.errors import BadInput
from app.sla.terms import ClockKind, Severity
from app.store import attainment, people, tickets

router = APIRouter(prefix="/reports", tags=["reports"], responses=responses(401, 403, 422, 503))


class AttainmentOut(BaseModel):
    """The promises of one kind to one customer on tickets of one severity."""

    customer_id: UUID | None = Field(description="Null for tickets of nobody's.")
    customer: str | None
    kind: ClockKind
    severity: Severity
    promised: int
    kept: int = Field(description="Met, and never broken.")
    broken: int = Field(description="Past the limit, whether met later or not.")
    pending: int = Field(description="Neither yet: running, standing still, or called off.")
    attained: float | None = Field(
        description="Kept of kept and broken, from 0 to 1; null before either."
    )


class AttainmentPage(Page[AttainmentOut]):
    """A page of a month's attainment, by customer, kind and severity."""


class WantedAttainment(Paging):
    """Which month, and whose."""

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-11"])
    customer: list[UUID] = Field(default_factory=list, max_length=50)


@router.get("/attainment", operation_id="get_attainment")
def get_attainment(context: Reader, wanted: Annotated[WantedAttainment, Query()]) -> AttainmentPage:
    """Count what was promised and kept on the tickets received in a month of the desk's zone."""
    since, until = _bounds(wanted.month, context)
    with context.reading() as session:
        counted = attainment.count(
            session,
            since,
            until,
            customers=wanted.customer,
            visible=[tickets.visible_to(session, context.agent)],
        )
        ids = [row.customer_id for row in counted if row.customer_id]
        names = people.customers_by_id(session, ids)
    rows = [
        AttainmentOut(
            customer_id=row.customer_id,
            customer=names[row.customer_id].name if row.customer_id else None,
            kind=row.kind,
            severity=row.severity,
            promised=row.promised,
            kept=row.kept,
            broken=row.broken,
            pending=row.promised - row.kept - row.broken,
            attained=row.kept / (row.kept + row.broken) if row.kept + row.broken else None,
        )
        for row in counted
    ]
    page, cursor = cut_all(
        rows,
        wanted,
        str,
        str,
        str,
        str,
        key=lambda row: (
            row.customer or "",
            str(row.customer_id or ""),
            row.kind.value,
            row.severity.value,
        ),
    )
    return AttainmentPage(items=list(page), next=cursor)


def _bounds(month: str, context: Reader) -> tuple[datetime, datetime]:
    year, number = int(month[:4]), int(month[5:])
    zone = context.house.settings.zone
    if not 1970 <= year <= 9998:
        raise BadInput("there is no such month", field="query.month")
    following = (year + number // 12, number % 12 + 1)
    return datetime(year, number, 1, tzinfo=zone), datetime(*following, 1, tzinfo=zone)
