"""Views that staff keep."""

from collections.abc import Sequence

from sqlmodel import Session, col, or_, select

from app.models import SavedView
from app.models.base import Id


def seen_by(session: Session, agent_id: Id) -> Sequence[SavedView]:
    """Return an agent's own views and those that are shared."""
    query = select(SavedView).where(
        or_(SavedView.agent_id == agent_id, col(SavedView.shared).is_(True))
    )
    return session.exec(query).all()


def find(session: Session, view_id: Id) -> SavedView | None:
    """Return a view; None when there is no such id."""
    return session.get(SavedView, view_id)


def find_named(session: Session, agent_id: Id, name: str) -> SavedView | None:
    """Return an agent's view of this name; None without one."""
    query = select(SavedView).where(SavedView.agent_id == agent_id, SavedView.name == name)
    return session.exec(query).first()
