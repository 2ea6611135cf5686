"""Pages of a list: an opaque cursor, a limit, and how rows are cut to it.

Every list of the API answers ``{"items": [...], "next": cursor}``. A cursor holds the sort key of
the last row shown, not how many came before it: rows that come, go or change elsewhere neither
shift nor repeat what follows. A list's query parameters are one model that inherits ``Paging``,
so that a misspelt one is refused:

    class WantedThings(Paging):
        colour: list[Colour] = Field(default_factory=list, description="May be repeated.")

    def list_things(context: Reader, wanted: Annotated[WantedThings, Query()]) -> ThingPage:
        after = wanted.after(datetime, UUID)
        rows = things.listing(session, after=after, limit=wanted.limit + 1)
        page, cursor = cut(rows, wanted, key=lambda row: (row.at, row.id))

``fields=`` needs nothing of a handler: every GET understands it (``app.api.sparse``).
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.kit.errors import BadInput

T = TypeVar("T")
R = TypeVar("R")
Key = tuple[str | int | float | datetime | UUID | None, ...]


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(
        None, description="The cursor of the next page; null at the end.", examples=[None]
    )


class Paging(BaseModel):
    """Which page of a list is asked for."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(None, max_length=2000, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200, description="How many rows a page has at the most.")
    fields: str | None = Field(
        None,
        max_length=2000,
        description="Only these fields of each row, separated by commas.",
        examples=["id"],
    )

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """Return the sort key of the last row shown; None at the beginning.

        ``BadInput`` where the cursor is none of this list's.
        """
        if self.cursor is None:
            return None
        try:
            values = json.loads(base64.urlsafe_b64decode(self.cursor + "=="))
            shape = tuple[types]  # type: ignore[valid-type] # known at run time
            after: tuple[Any, ...] = TypeAdapter(shape).validate_python(values)
            if any(isinstance(one, int) and abs(one) >= 2**63 for one in after):
                raise ValueError("no number of ours is that large")
            return after
        except (ValueError, binascii.Error, ValidationError, RecursionError) as error:
            raise BadInput(
                "this cursor is none of this list's", field="query.cursor", remedy="Leave it out."
            ) from error


Paged = Annotated[Paging, Query()]


def cut(
    rows: Sequence[R], wanted: Paging, *, key: Callable[[R], Key]
) -> tuple[Sequence[R], str | None]:
    """Cut ``limit + 1`` rows to a page; return it with the cursor of the next one."""
    page = rows[: wanted.limit]
    return page, cursor_of(key(page[-1])) if len(rows) > wanted.limit else None


def cut_all(
    rows: Sequence[R],
    wanted: Paging,
    *types: Any,
    key: Callable[[R], Any],
    newest_first: bool = False,
) -> tuple[Sequence[R], str | None]:
    """Cut a page out of a short list that is there as a whole, and sort it by ``key`` for that."""
    after = wanted.after(*types)
    ordered = sorted(rows, key=key, reverse=newest_first)
    if after is not None:
        ordered = [
            row for row in ordered if (key(row) < after if newest_first else key(row) > after)
        ]
    return cut(ordered[: wanted.limit + 1], wanted, key=key)


def cursor_of(key: Key) -> str:
    """Return a row's sort key as a cursor."""
    text = json.dumps(key, default=_plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
