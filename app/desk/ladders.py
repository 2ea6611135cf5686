"""Versions of ladders: from when each counts for what is received; an open ticket keeps its own."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.events import audit_of
from app.desk.house import House, keep_version, start_ladder
from app.desk.reachability import refuse_unreachable
from app.kit.errors import BadInput
from app.models import LadderStart, LadderVersion
from app.sla.ladder import Ladder
from app.store import agreements

# A date that has begun is still "today" to whoever types it.
_TODAY = timedelta(days=1)


def import_ladder(
    session: Session, house: House, ladder: Ladder, *, at: datetime, now: datetime, actor: str
) -> tuple[LadderVersion, LadderStart]:
    """Let a ladder count from a time on; a start before now is now, one before today BadInput.

    BadInput, too, for a step that reaches nobody as the staff and the schedules are now.
    """
    if at <= now - _TODAY:
        raise BadInput("a ladder cannot take effect in the past", field="from")
    refuse_unreachable(session, house.settings, ladder, now=now)
    at = max(at, now)
    if house.ladder.name == ladder.name and not agreements.ladder_starts(session, ladder.name):
        # What counted until now goes on counting until then.
        first = keep_version(session, LadderVersion, house.ladder, now=now)
        start_ladder(session, ladder.name, first.id, at=first.created_at, now=now, actor=actor)
    version = keep_version(session, LadderVersion, ladder, now=now)
    start = start_ladder(session, ladder.name, version.id, at=at, now=now, actor=actor)
    audit_of(
        session,
        "ladder",
        version.id,
        "ladder.starts",
        now=now,
        actor=actor,
        after={"name": ladder.name, "version": version.version, "at": at.isoformat()},
    )
    return version, start
