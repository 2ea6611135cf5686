"""What shows that an exclusion is right: files that the ticket has already, and new ones."""

from collections.abc import Sequence

from sqlmodel import Session

from app.desk import work
from app.desk.tickets import StoredAttachment, keep_files
from app.desk.work import By
from app.kit.errors import BadInput
from app.models import Exclusion, ExclusionFile, Ticket
from app.models.base import Id
from app.store import families, tickets


def keep_evidence(
    session: Session,
    ticket: Ticket,
    by: By,
    exclusion: Exclusion,
    *,
    files: Sequence[Id],
    new: Sequence[StoredAttachment],
) -> list[Id]:
    """Tie files to an exclusion and return their ids; new ones are kept with a note to staff.

    BadInput for a file that is not on the ticket, or on one that was merged into it.
    """
    there = tickets.files_among(session, families.family(session, ticket.id), files)
    missing = [str(one) for one in files if one not in there]
    if missing:
        raise BadInput(f"the ticket has no file {missing[0]}", field="files")
    kept = list(dict.fromkeys(files))
    if new:
        note = work.note(session, ticket, by, text=exclusion.reason)
        kept += keep_files(session, note, new)
    session.add_all(ExclusionFile(exclusion_id=exclusion.id, attachment_id=one) for one in kept)
    return kept
