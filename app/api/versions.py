"""What policies and ladders share: their versions as they are shown, listed and taken."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlmodel import Session

from app.api.paging import Paging, cut_all
from app.api.ticket_schemas import Body
from app.models import LadderVersion, PolicyVersion
from app.models.base import Id
from app.store import agreements

# From when each version counts, by the version's id.
Starts = Mapping[Id, Sequence[datetime]]


def starts_by_version(starts: Iterable[tuple[Id, datetime]]) -> Starts:
    """Return from when each version counts, given each start with its version's id."""
    found: dict[Id, list[datetime]] = {}
    for version, at in starts:
        found.setdefault(version, []).append(at)
    return found


class VersionOut(BaseModel):
    """A version, as it is for ever."""

    id: UUID
    name: str
    version: int
    digest: str
    created_at: datetime
    starts: list[datetime] = Field(description="From when it counts for what is received.")
    body: dict[str, object]

    @classmethod
    def of(cls, row: LadderVersion | PolicyVersion, starts: Starts) -> Self:
        """Return the version."""
        return cls(
            id=row.id,
            name=row.name,
            version=row.version,
            digest=row.digest,
            created_at=row.created_at,
            starts=list(starts.get(row.id, ())),
            body=row.body,
        )


class VersionIn(Body):
    """A new version, and from when it counts."""

    toml: str = Field(max_length=200_000, description="What is wrong is told by key and line.")
    starts_at: AwareDatetime | None = Field(None, description="Now, where it is left out.")


Out = TypeVar("Out", bound=VersionOut)
Table = TypeVar("Table", LadderVersion, PolicyVersion)


def version_rows(
    session: Session,
    table: type[Table],
    shape: type[Out],
    starts: Starts,
    wanted: Paging,
) -> tuple[list[Out], str | None]:
    """Return a page of versions, by name and number, with the cursor of the next one."""
    page, cursor = cut_all(
        agreements.versions(session, table),
        wanted,
        str,
        int,
        key=lambda row: (row.name, row.version),
    )
    return [shape.of(row, starts) for row in page], cursor
