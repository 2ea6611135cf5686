"""Views: lists of tickets that somebody looks at often."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from app.desk.work import By
from app.kit.errors import Conflict, NotFound
from app.models import SavedView
from app.models.base import Id
from app.store import views

Query = Mapping[str, Sequence[str]]


def add_view(session: Session, by: By, *, name: str, shared: bool, query: Query) -> SavedView:
    """Keep a view; Conflict where the agent has one of that name."""
    _check_free(session, by.agent.id, name)
    view = SavedView(
        agent_id=by.agent.id, name=name, shared=shared, query=_plain(query), created_at=by.now
    )
    session.add(view)
    return view


def change_view(
    session: Session, view: SavedView, *, name: str, shared: bool, query: Query
) -> None:
    """Change all of a view."""
    if name != view.name:
        _check_free(session, view.agent_id, name)
    view.name, view.shared, view.query = name, shared, _plain(query)


def get_view(session: Session, agent_id: Id, view_id: Id) -> SavedView:
    """Return a view that an agent may look at; NotFound without it."""
    view = views.find(session, view_id)
    if view is None or not (view.shared or view.agent_id == agent_id):
        raise NotFound(f"there is no view {view_id}", field="view_id")
    return view


def get_own_view(session: Session, by: By, view_id: Id) -> SavedView:
    """Return a view of the agent's own; NotFound where it is none of theirs."""
    view = get_view(session, by.agent.id, view_id)
    if view.agent_id != by.agent.id:
        raise NotFound(f"the view {view_id} is not yours", field="view_id")
    return view


def _check_free(session: Session, agent_id: Id, name: str) -> None:
    if views.find_named(session, agent_id, name) is not None:
        raise Conflict(f"you have a view called {name!r} already", field="name")


def _plain(query: Query) -> dict[str, list[str]]:
    return {name: list(values) for name, values in query.items()}
