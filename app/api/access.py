"""Every route is denied by default: who may call each, and a refusal to start where one is open.

The few routes that need no token are listed here, each with what guards it instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.api.context import Needs
from app.api.guard import Shape, is_guarded, shape_of
from app.api.scopes import SAFE_METHODS, area_of, needed_scope
from app.models import Role

# Path prefixes of routes without a token: what each is for, and what guards it.
OPEN = (
    "/healthz",  # Says that the process lives, and nothing else.
    "/readyz",  # Says whether loops run; no customer's word in it.
    "/api/v1/sign-in",  # Who signs in has no token yet; guessing is braked.
    "/take/",  # Its address carries a keyed mark of one agent and one ticket.
    "/feeds/",  # Its address carries a keyed mark of one schedule.
    "/intake/email",  # A token or a signature of its own (``intake.http_trust``).
    "/intake/phone/",  # A token or a signature of the telephone system's own.
    "/twilio/",  # Twilio signs what it sends (``app.outbox.twilio.webhook``).
)


@dataclass(frozen=True)
class Operation:
    """A route under one method, and who may call it."""

    path: str
    method: str
    operation: str
    # None for an open route.
    role: Role | None
    # None where no token is needed, or any will do.
    scope: str | None
    endpoint: Any
    tags: tuple[str, ...]
    in_schema: bool


def operations(app: FastAPI) -> Iterator[Operation]:
    """Yield every route of the application, under each of its methods."""
    for found in iter_route_contexts(app.routes):
        if not isinstance(found.original_route, APIRoute):
            continue
        role = _role_of(found.dependant)
        for method in sorted(found.methods or ()):
            yield Operation(
                path=found.path or "",
                method=method,
                operation=found.unique_id,
                role=role,
                scope=needed_scope(area_of(found.tags, found.path or ""), method) if role else None,
                endpoint=found.endpoint,
                tags=tuple(str(tag) for tag in found.tags),
                in_schema=found.include_in_schema,
            )


def check_every_route(app: FastAPI) -> None:
    """Refuse to start with a route that says not who may call it, or that has no guard."""
    for one in operations(app):
        if one.role is None:
            if not one.path.startswith(OPEN):
                raise RuntimeError(
                    f"{one.method} {one.path} says not who may call it: give it a context of type "
                    "Reader, Writer, Lead or Admin (app.api.context), or list it as open."
                )
        elif not is_guarded(one.endpoint):
            raise RuntimeError(
                f"{one.method} {one.path} has no guard: include its router through "
                "guarded() (app.api.guard)."
            )


def resources(app: FastAPI) -> dict[str, Shape]:
    """Return the routes that show one thing, by path: what If-Match can be about."""
    found = {}
    for one in operations(app):
        shape = shape_of(one.endpoint)
        if one.method in SAFE_METHODS and one.role and shape is not None and shape.is_one_thing:
            found[one.path] = shape
    return found


def scopes(app: FastAPI) -> frozenset[str]:
    """Return every scope that a token can have."""
    return frozenset(one.scope for one in operations(app) if one.scope)


def _role_of(dependant: Dependant) -> Role | None:
    for one in dependant.dependencies:
        if isinstance(one.call, Needs):
            return one.call.role
        below = _role_of(one)
        if below is not None:
            return below
    return None
