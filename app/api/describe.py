"""The OpenAPI document, with all that every route gets without asking.

A handler declares its own path, body and answers. What the guard and the door add to each is
added here: who may call it, If-Match and ETag, Idempotency-Key, sparse fields, an example of its
body, the errors that any request can meet, and the headers that come with every answer.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.access import Operation, operations
from app.api.examples import add_examples
from app.api.guard import REPLAYED, Shape, resource_path, shape_of
from app.api.problems import DESCRIPTIONS, MEDIA_TYPE, Problem
from app.api.scopes import SAFE_METHODS
from app.models import Role

ABOUT = """\
The support desk that answers before the promise is broken.

Every list answers `items` and `next`, the cursor of the next page. Every error is a problem
(RFC 9457) that names the field, the reason and what to do. Times are RFC 3339 with their zone.
Ids are opaque; a ticket's number is for people. `docs/api.md` tells the rest.
"""
TAGS = {
    "tickets": "Tickets: read, answer, and all that staff do with them.",
    "clocks": "A ticket's deadlines, and how each came about.",
    "exclusions": "Time that does not count.",
    "customers": "Customers, their sites and their agreements.",
    "policies": "What is promised, in versions.",
    "maintenance": "Work that was announced.",
    "intake": "The ledger of all that reached us.",
    "agents": "Who works here, and how they are reached.",
    "teams": "Teams, and what they look after.",
    "me": "Whoever is asking: their tokens, sessions and password.",
    "on call": "Who is on call when.",
    "audit": "Who changed what, chained so that tampering shows.",
    "sign-in": "Signing in with a password or with OpenID Connect.",
    "health": "Whether the service lives and keeps up.",
}
_ROLE = {
    Role.VIEWER: "Any role",
    Role.AGENT: "The role agent, lead or admin",
    Role.LEAD: "The role lead or admin",
    Role.ADMIN: "The role admin",
}
_HEADERS = {
    "X-Request-ID": ("What the log knows this request by.", "string"),
    "RateLimit": ('What is left: `"token";r=5999;t=60`.', "string"),
    "RateLimit-Policy": ('How much there is: `"token";q=6000;w=60`.', "string"),
}
_SOME = {
    "ETag": ("The state of the thing, for If-Match.", "string"),
    REPLAYED: ("`true` where this answer was given before.", "string"),
    "Retry-After": ("Seconds to wait.", "integer"),
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the thing as you read it; refused with 412 where it has changed.",
    "schema": {"type": "string", "maxLength": 500},
    "example": '"17"',
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A new UUID for each new request: sent again, it gets the same answer for 24 h "
    "and nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
_FIELDS = {
    "name": "fields",
    "in": "query",
    "required": False,
    "description": "Only these fields, separated by commas.",
    "schema": {"type": "string", "maxLength": 2000},
}


def install(app: FastAPI) -> None:
    """Let the application describe itself so."""
    made: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not made:
            made.update(_document(app))
        return made

    app.openapi = document  # type: ignore[method-assign] # FastAPI's own way to do it


def _document(app: FastAPI) -> dict[str, Any]:
    used = {tag for one in operations(app) if one.in_schema for tag in one.tags}
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=ABOUT,
        routes=app.routes,
        tags=[
            {"name": tag, "description": TAGS.get(tag, tag.capitalize() + ".")}
            for tag in sorted(used)
        ],
    )
    schemas = document["components"]["schemas"]
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schemas["Problem"].pop("$defs", {}))
    _components(document["components"])
    for one in operations(app):
        if one.in_schema:
            described = document["paths"][one.path][one.method.lower()]
            _complete(described, one, app.state.resources)
    return document


def _complete(described: dict[str, Any], one: Operation, resources: Mapping[str, Shape]) -> None:
    shape = shape_of(one.endpoint)
    parameters: list[dict[str, Any]] = described.setdefault("parameters", [])
    errors = {400, 408, 413, 429, 500, 503}
    if parameters or "requestBody" in described:
        errors.add(422)
    if "requestBody" in described:
        add_examples(one.operation, described["requestBody"])
    if one.role is not None:
        errors |= {401, 403}
        described["description"] = (
            f"{described.get('description', '')}\n\n{_ROLE[one.role]}"
            + (f"; a token with scopes needs `{one.scope}`." if one.scope else ".")
        ).strip()
        described["x-svartid-role"] = one.role.value
        described["x-svartid-scope"] = one.scope
    if "{" in one.path:
        errors.add(404)
    if one.role is not None and shape is not None:
        if one.method not in SAFE_METHODS:
            errors |= {404, 409, 422}
            if resource_path(one.path, resources):
                parameters.append(_IF_MATCH)
                errors.add(412)
            if one.method == "POST":
                parameters.append(_KEY)
        elif shape.is_one_thing:
            parameters.append(_FIELDS)
            errors.add(422)
    if not parameters:
        del described["parameters"]
    _answers(described["responses"], errors, shape, replays=one.method == "POST")


def _answers(
    answers: dict[str, Any], errors: set[int], shape: Shape | None, *, replays: bool
) -> None:
    for status in [key for key in answers if key.isdecimal() and int(key) >= 400]:
        if MEDIA_TYPE in answers[status].get("content", {}) or status == "422":
            errors.add(int(status))
    for number in errors:
        answers[str(number)] = {"$ref": f"#/components/responses/Problem{number}"}
    for status, answer in answers.items():
        if "$ref" in answer:
            continue
        headers: dict[str, Any] = {name: _ref(name) for name in _HEADERS}
        if status.startswith("2") and shape is not None:
            if replays:
                headers[REPLAYED] = _ref(REPLAYED)
            if shape.is_one_thing:
                headers["ETag"] = _ref("ETag")
        answer.setdefault("headers", {}).update(headers)


def _ref(header: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{header}"}


def _components(components: dict[str, Any]) -> None:
    """Add what many answers share."""
    components["headers"] = {
        name: {"description": what, "schema": {"type": kind}}
        for name, (what, kind) in {**_HEADERS, **_SOME}.items()
    }
    components["responses"] = {}
    for status in sorted(DESCRIPTIONS):
        headers = {name: _ref(name) for name in _HEADERS}
        if status in {429, 503}:
            headers["Retry-After"] = _ref("Retry-After")
        if status == 412:
            headers["ETag"] = _ref("ETag")
        components["responses"][f"Problem{status}"] = {
            "description": DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": headers,
        }
