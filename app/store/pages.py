"""Pages: who was told of which step, and which of them are to be looked at again."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, col, func, or_, select, update

from app.kit.db import wake_after_commit
from app.kit.wake import Topic
from app.models import Page, PageState
from app.models.base import Id

# Nobody has answered these.
UNANSWERED = (PageState.SENT, PageState.CONFIRMED)


def next_check(session: Session) -> datetime | None:
    """Return when the next page is to be looked at; None when none is."""
    query = (
        select(Page.check_at)
        .where(col(Page.check_at).is_not(None))
        .order_by(col(Page.check_at))
        .limit(1)
    )
    return session.exec(query).first()


def due(session: Session, now: datetime, limit: int) -> Sequence[Page]:
    """Return the pages that are to be looked at, longest due first."""
    query = select(Page).where(col(Page.check_at) <= now).order_by(col(Page.check_at)).limit(limit)
    return session.exec(query).all()


def find(session: Session, page_id: Id) -> Page | None:
    """Return a page; None when there is no such id."""
    return session.get(Page, page_id)


def add(session: Session, made: Sequence[Page]) -> None:
    """Write new pages as they are, many to a statement; what they point at is written already."""
    if made:
        rows = [{name: getattr(page, name) for name in Page.model_fields} for page in made]
        session.connection().execute(insert(Page), rows)


def claim(session: Session, page_id: Id) -> Page | None:
    """Lock one page, read anew; None when another holds it."""
    query = (
        select(Page)
        .where(Page.id == page_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.exec(query).first()


def clocks_of(session: Session, ids: Sequence[Id]) -> dict[Id, Id]:
    """Return the clock of each of these pages."""
    query = select(Page.id, Page.clock_id).where(col(Page.id).in_(ids))
    return dict(session.exec(query).all())


def claim_all(session: Session, ids: Sequence[Id]) -> Sequence[Page]:
    """Lock these pages, read anew, longest due first; those that others hold are left out."""
    query = (
        select(Page)
        .where(col(Page.id).in_(ids))
        .order_by(col(Page.check_at), col(Page.id))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.exec(query).all()


def look_again(session: Session, page_id: Id, *, now: datetime) -> None:
    """Let the engine look at a page, and at those that its message told of, too: it was lost."""
    statement = (
        update(Page)
        .where(
            or_(col(Page.id) == page_id, col(Page.lead_id) == page_id),
            col(Page.state) == PageState.SENT,
            or_(col(Page.check_at).is_(None), col(Page.check_at) > now),
        )
        .values(check_at=now)
    )
    session.connection().execute(statement)
    wake_after_commit(session, Topic.CLOCKS)


def confirm(session: Session, page_id: Id) -> None:
    """Note that a page has arrived, and those that its message told of: nothing else is tried."""
    statement = (
        update(Page)
        .where(
            or_(col(Page.id) == page_id, col(Page.lead_id) == page_id),
            col(Page.state) == PageState.SENT,
        )
        .values(state=PageState.CONFIRMED, check_at=None)
    )
    session.connection().execute(statement)


def states(session: Session, ids: Collection[Id]) -> dict[Id | None, set[PageState]]:
    """Return how these pages stand, each together with those that its message tells of, too."""
    found: dict[Id | None, set[PageState]] = {one: set() for one in ids}
    if not found:
        return found
    query = select(Page).where(or_(col(Page.id).in_(ids), col(Page.lead_id).in_(ids)))
    for page in session.exec(query):
        for one in (page.id, page.lead_id):
            if one in found:
                found[one].add(page.state)
    return found


def led_by(session: Session, page_id: Id) -> Sequence[Page]:
    """Return the pages that this one's message tells of, too."""
    return session.exec(select(Page).where(Page.lead_id == page_id)).all()


def decline(session: Session, page_id: Id, *, now: datetime) -> bool:
    """Note that a person cannot, and let the engine page another now; False where it is over."""
    statement = (
        update(Page)
        .where(col(Page.id) == page_id, col(Page.state).in_(UNANSWERED))
        .values(state=PageState.DECLINED, check_at=now)
    )
    wake_after_commit(session, Topic.CLOCKS)
    return bool(session.connection().execute(statement).rowcount)


def of_person(session: Session, person: Id, since: datetime) -> Sequence[Page]:
    """Return a person's pages since then, newest first."""
    query = (
        select(Page)
        .where(Page.person == str(person), Page.created_at >= since)
        .order_by(col(Page.created_at).desc(), col(Page.id).desc())
    )
    return session.exec(query).all()


def last_sent(session: Session, persons: Sequence[str], *, since: datetime) -> dict[str, datetime]:
    """Return when each person was last sent a message that others wait behind; not before that."""
    query = (
        select(Page.person, func.max(col(Page.sent_at)))
        .where(col(Page.person).in_(persons), col(Page.sent_at) > since)
        .group_by(col(Page.person))
    )
    return {person: at for person, at in session.exec(query) if at is not None}


def of_ticket(session: Session, ticket_id: Id) -> Sequence[Page]:
    """Return every page about a ticket, in order."""
    query = (
        select(Page).where(Page.ticket_id == ticket_id).order_by(col(Page.created_at), col(Page.id))
    )
    return session.exec(query).all()


def of_shot(session: Session, page: Page) -> Sequence[Page]:
    """Return everybody's pages of the same step and repeat."""
    query = select(Page).where(
        Page.clock_id == page.clock_id,
        Page.run == page.run,
        Page.step == page.step,
        Page.repeat == page.repeat,
    )
    return session.exec(query).all()


def waiting(session: Session, ticket_id: Id) -> Sequence[Page]:
    """Return the pages about a ticket that nobody has answered, oldest first."""
    query = (
        select(Page)
        .where(
            Page.ticket_id == ticket_id,
            col(Page.state).in_(UNANSWERED),
        )
        .order_by(col(Page.created_at), col(Page.id))
    )
    return session.exec(query).all()


def end_waiting(session: Session, ticket_id: Id) -> None:
    """Let no further method be tried for a ticket's pages."""
    statement = (
        update(Page)
        .where(
            col(Page.ticket_id) == ticket_id,
            col(Page.state).in_(UNANSWERED),
        )
        .values(state=PageState.ENDED, check_at=None)
    )
    session.connection().execute(statement)
