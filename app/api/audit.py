"""The audit log: who changed what, from what, to what."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from app.api.context import LeadOfAll
from app.api.paging import Page, Paging, cut
from app.api.problems import responses
from app.models import AuditEntry, AuditLink
from app.store import audit

router = APIRouter(prefix="/audit", tags=["audit"], responses=responses(401, 403, 422, 503))


class AuditOut(BaseModel):
    """One change."""

    seq: int
    at: datetime
    actor: str = Field(
        description="`agent:` and an id, `customer`, `desk` for what goes by itself, or `operator` "
        "for whoever runs commands on the machine.",
        examples=["agent:0196f3d2-0c41-7cc0-b5a5-5a1d1c0f9a77"],
    )
    action: str = Field(examples=["ticket.severity_set"])
    subject: str = Field(examples=["ticket"])
    subject_id: UUID | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    position: int | None = Field(description="In the chain; null until it is sealed.")
    hash: str | None = Field(description="Covers this entry and every one before it.")

    @classmethod
    def of(cls, entry: AuditEntry, link: AuditLink | None) -> Self:
        """Return the entry with its place in the chain."""
        own = {"position", "hash"}
        values = {name: getattr(entry, name) for name in cls.model_fields if name not in own}
        return cls(
            **values, position=link.position if link else None, hash=link.hash if link else None
        )


class AuditPage(Page[AuditOut]):
    """A page of changes, newest first."""


class WantedAudit(Paging):
    """Which changes are asked for."""

    actor: str | None = Field(None, max_length=200)
    action: str | None = Field(None, max_length=200)
    subject: str | None = Field(None, max_length=200)
    subject_id: UUID | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = Field(None, description="Before this.")


@router.get("", operation_id="list_audit")
def list_audit(context: LeadOfAll, wanted: Annotated[WantedAudit, Query()]) -> AuditPage:
    """List who changed what, newest first."""
    after = wanted.after(int)
    which = audit.Wanted(
        actor=wanted.actor,
        action=wanted.action,
        subject=wanted.subject,
        subject_id=wanted.subject_id,
        since=wanted.since,
        until=wanted.until,
    )
    with context.reading() as session:
        rows = audit.listing(
            session, which, below=after[0] if after else None, limit=wanted.limit + 1
        )
    page, cursor = cut(rows, wanted, key=lambda found: (found[0].seq,))
    return AuditPage(items=[AuditOut.of(*one) for one in page], next=cursor)
