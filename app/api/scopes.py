"""What a token may do: ``<area>:read`` or ``<area>:write``, the area taken from the route's tag.

A token without scopes may do all that its agent may; one with scopes may do what both allow.
``write`` includes ``read``. A route of a new tag has a scope of that name by itself.
"""

import re
from collections.abc import Sequence
from enum import Enum

SCOPE = re.compile(r"[a-z][a-z-]*:(read|write)")
# Tags whose routes belong to another area; None for what every token may ask.
_AREAS: dict[str, str | None] = {
    "me": None,
    "clocks": "tickets",
    "exclusions": "tickets",
    "agents": "staff",
    "teams": "staff",
}
SAFE_METHODS = frozenset({"GET", "HEAD"})


def area_of(tags: Sequence[str | Enum], path: str) -> str | None:
    """Return the area that a route belongs to; None where any token will do."""
    tag = "tickets" if "/tickets/{" in path else str(tags[0])
    return _AREAS.get(tag, tag.replace(" ", "-"))


def needed_scope(area: str | None, method: str) -> str | None:
    """Return the scope that a request takes; None where any token will do."""
    if area is None:
        return None
    return f"{area}:{'read' if method in SAFE_METHODS else 'write'}"


def permits(scopes: Sequence[str] | None, needed: str | None) -> bool:
    """Return whether a token with these scopes may do what takes this one."""
    if scopes is None or needed is None or needed in scopes:
        return True
    return needed.endswith(":read") and needed.replace(":read", ":write") in scopes
