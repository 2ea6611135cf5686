"""Ladders: their versions, and letting a new one count."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from sqlmodel import Session

from app.api.context import Lead, Reader
from app.api.paging import Page, Paged
from app.api.problems import responses
from app.api.versions import Starts, VersionIn, VersionOut, starts_by_version, version_rows
from app.desk.ladders import import_ladder
from app.kit.errors import NotFound
from app.models import LadderVersion
from app.sla.ladder import Ladder, silences
from app.sla.toml_write import write_toml
from app.store import agreements

router = APIRouter(
    prefix="/ladders", tags=["on call"], responses=responses(401, 403, 404, 422, 503)
)


class LadderOut(VersionOut):
    """A version of a ladder, as it is for ever."""


class LadderPage(Page[LadderOut]):
    """A page of ladder versions."""


class LadderIn(VersionIn):
    """A ladder, and from when it counts."""


class LadderStartOut(BaseModel):
    """The version, from when it counts, and what it says nothing of."""

    id: UUID
    name: str
    version: int
    starts_at: datetime
    silences: list[str] = Field(description="Promises of which it tells nobody; may be meant.")


@router.get("", operation_id="list_ladders")
def list_ladders(context: Reader, wanted: Paged) -> LadderPage:
    """List every version, by name and number."""
    with context.reading() as session:
        items, cursor = version_rows(session, LadderVersion, LadderOut, _starts(session), wanted)
    return LadderPage(items=items, next=cursor)


@router.post("", operation_id="import_ladder", status_code=201)
def post_ladder(context: Lead, body: LadderIn) -> LadderStartOut:
    """Let a ladder count from a time on; refused where one of its steps reaches nobody."""
    ladder = Ladder.from_toml(body.toml)
    now = context.now
    with context.db.writing() as session:
        version, start = import_ladder(
            session,
            context.house,
            ladder,
            at=body.starts_at or now,
            now=now,
            actor=context.actor,
        )
        return LadderStartOut(
            id=version.id,
            name=version.name,
            version=version.version,
            starts_at=start.at,
            silences=silences(ladder),
        )


@router.get("/{ladder_id}", operation_id="get_ladder")
def get_ladder(context: Reader, ladder_id: UUID) -> LadderOut:
    """Read a version."""
    with context.reading() as session:
        row = session.get(LadderVersion, ladder_id)
        if row is None:
            raise NotFound("there is no such version of a ladder", field="ladder_id")
        return LadderOut.of(row, _starts(session, row.name))


@router.get("/{ladder_id}/toml", operation_id="export_ladder", response_class=PlainTextResponse)
def get_toml(context: Reader, ladder_id: UUID) -> PlainTextResponse:
    """Read a version as TOML, ready to be changed and imported again."""
    with context.reading() as session:
        ladder = context.house.ladder_of(session, ladder_id)
    return PlainTextResponse(write_toml(ladder.to_dict()))


def _starts(session: Session, name: str | None = None) -> Starts:
    found = agreements.ladder_starts(session, name)
    return starts_by_version((one.ladder_id, one.at) for one in found)
