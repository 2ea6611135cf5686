"""What every route gets without asking: one transaction, If-Match, Idempotency-Key, ETag.

``guarded(router)`` puts a guard around each handler of a router. A request that may change
something then goes like this, all of it in one transaction and in one thread:

1. An Idempotency-Key is claimed. Who comes with the same key waits for the first one's commit and
   is given its answer; another request under the same key is refused.
2. The thing that the request is about is locked, and where If-Match names another state of it,
   the request is refused with the current one.
3. The handler does its work. A refusal takes back all that was written, and keeps no answer.
4. What no verb has written into the audit log is written there.
5. The answer is made, kept under the key, and committed together with the effect.

So a crash at any moment leaves both the effect and its answer, or neither.
"""

import functools
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pydantic_core
from fastapi import APIRouter, Response
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from sqlmodel import Session

from app.api.context import Asked, Context
from app.api.paging import Page
from app.api.problems import MEDIA_TYPE, Problem
from app.api.scopes import SAFE_METHODS
from app.desk.events import audit_of, is_audited
from app.kit.errors import BadInput, SvartidError
from app.kit.ids import digest
from app.kit.vault import lock, unlock
from app.store import answers, tickets

KEPT_FOR = timedelta(hours=24)
REPLAYED = "Idempotency-Replayed"
_TICKET = "/tickets/{number}"


@dataclass(frozen=True)
class Shape:
    """A route as the guard knows it."""

    operation: str
    endpoint: Callable[..., Any]
    status: int
    # None where the handler makes the response itself, or where there is nothing to answer.
    model: Any
    adapter: TypeAdapter[Any] | None

    @property
    def is_one_thing(self) -> bool:
        """Return whether the answer is one thing, which can have an ETag."""
        return (
            isinstance(self.model, type) and issubclass(self.model, BaseModel) and not self.is_page
        )

    @property
    def is_page(self) -> bool:
        """Return whether the answer is a page of a list."""
        return isinstance(self.model, type) and issubclass(self.model, Page)

    def response(self, result: Any, given: Mapping[str, Any]) -> Response:
        """Return a handler's result as the response; headers that it set itself are kept."""
        if isinstance(result, Response):
            return result
        content = b"null"
        if self.adapter is not None:
            content = self.adapter.dump_json(self.adapter.validate_python(result), by_alias=True)
        if self.status == 204:
            response = Response(status_code=204)
        else:
            response = Response(content, status_code=self.status, media_type="application/json")
        for own in given.values():
            if isinstance(own, Response):
                response.headers.raw.extend(own.headers.raw)
                response.status_code = own.status_code or response.status_code
        if self.is_one_thing:
            response.headers["ETag"] = etag_of(result)
        return response


def guarded(router: APIRouter, *, prefix: str = "") -> APIRouter:
    """Put a guard around each handler of the router, once, and return the router."""
    for route in router.routes:
        if isinstance(route, APIRoute) and not hasattr(route.endpoint, "guards"):
            route.endpoint = _guard(route, prefix + route.path)
    return router


def is_guarded(endpoint: Callable[..., Any]) -> bool:
    """Return whether a handler has a guard, or streams, which needs none."""
    return hasattr(endpoint, "guards") or _streams(endpoint)


def shape_of(endpoint: Callable[..., Any]) -> Shape | None:
    """Return what the guard knows of a handler; None for one without a guard."""
    shape: Shape | None = getattr(endpoint, "guards", None)
    return shape


def etag_of(thing: BaseModel) -> str:
    """Return the entity tag of a thing as it is shown (RFC 9110, section 8.8.3).

    A model says in ``ETAG`` which of its fields make a state of it, where others (seconds left)
    change by themselves. One number is the tag itself, so that a row of a list tells it too.
    """
    named: tuple[str, ...] | None = getattr(type(thing), "ETAG", None)
    if named is not None and len(named) == 1 and isinstance(getattr(thing, named[0]), int):
        return f'"{getattr(thing, named[0])}"'
    text = thing.model_dump_json(include=set(named) if named else None)
    return f'"{digest(text.encode())[:32]}"'


def resource_path(path: str, resources: Mapping[str, Any]) -> str | None:
    """Return the path of the thing that a request at ``path`` is about; None where there is none.

    It is the nearest one above that can be read: a reply is about its ticket.
    """
    while path.count("/") > 1:
        if path in resources:
            return path
        path = path.rpartition("/")[0]
    return None


def _streams(endpoint: Callable[..., Any]) -> bool:
    return (
        inspect.iscoroutinefunction(endpoint)
        or inspect.isasyncgenfunction(endpoint)
        or inspect.isgeneratorfunction(endpoint)
    )


def _guard(route: APIRoute, path: str) -> Callable[..., Any]:
    endpoint = route.endpoint
    if _streams(endpoint):
        if (route.methods or set()) - SAFE_METHODS:
            raise TypeError(f"{route.name}: write a handler that changes something as a plain def")
        return endpoint
    shape = Shape(
        operation=route.operation_id or route.name,
        endpoint=endpoint,
        status=route.status_code or 200,
        model=route.response_model,
        adapter=TypeAdapter(route.response_model) if route.response_model else None,
    )

    @functools.wraps(endpoint)
    def call(**given: Any) -> Response:
        context = next((one for one in given.values() if isinstance(one, Context)), None)
        if context is None:
            return shape.response(endpoint(**given), given)
        if context.asked.method in SAFE_METHODS:
            response = shape.response(endpoint(**given), given)
            return _sparse(shape, response, context.asked.fields)
        return _Change(shape, path, context, given).answer()

    call.guards = shape  # type: ignore[attr-defined]
    return call


class _Refused(Exception):
    """The guard itself has the answer, and the handler is not to be called."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass
class _Change:
    """One request that may change something."""

    shape: Shape
    path: str
    context: Context
    given: Mapping[str, Any]

    def answer(self) -> Response:
        """Do what is asked once, or say why not."""
        key = self._key()
        if key is None and hasattr(self.shape.endpoint, "each_alone"):
            return self.shape.response(self.shape.endpoint(**self.given), self.given)
        refusal: SvartidError | None = None
        response = Response()
        try:
            with self.context.db.joined() as joined:
                if key is not None:
                    self._claim(joined.begin(), key)
                self._check_state(joined.begin)
                try:
                    result = self.shape.endpoint(**self.given)
                except SvartidError as error:
                    if joined.session is None or joined.broken is error:
                        raise
                    # It refused after a block had ended well, whose writing stays.
                    refusal = error
                    if key is not None:
                        answers.give_up(joined.session, key)
                else:
                    response = self.shape.response(result, self.given)
                    if joined.session is not None:
                        self._audit(joined.session)
                        if key is not None:
                            self._keep(joined.session, key, response)
        except _Refused as refused:
            return refused.response
        if refusal is not None:
            raise refusal
        return response

    def _key(self) -> str | None:
        given = self.context.asked.idempotency_key
        if given is None or self.context.asked.method != "POST":
            return None
        if not (1 <= len(given) <= 255 and given.isascii() and given.isprintable()):
            raise BadInput(
                "a key is 1 to 255 printable ASCII characters",
                field="header.Idempotency-Key",
                remedy="Send a new UUID with each new request.",
            )
        return digest(f"{self.context.agent.id} {given}".encode())

    def _claim(self, session: Session, key: str) -> None:
        context = self.context
        now = context.now
        asked = self._fingerprint()
        kept = answers.claim(session, key, asked=asked, now=now, until=now + KEPT_FOR)
        if kept is None:
            return
        if kept.asked != asked:
            raise BadInput(
                "this key came with another request before",
                field="header.Idempotency-Key",
                remedy="Send a new key with each new request.",
            )
        body = unlock(context.house.secret, self._purpose(key), kept.body)
        if body is None:
            raise BadInput(
                "the answer kept under this key cannot be read: the desk's secret has changed",
                field="header.Idempotency-Key",
                remedy="Look whether it was done, and send a new key.",
            )
        raise _Refused(
            Response(body, status_code=kept.status, headers={**kept.headers, REPLAYED: "true"})
        )

    def _fingerprint(self) -> str:
        asked: Asked = self.context.asked
        body = {
            name: value
            for name, value in self.given.items()
            if not isinstance(value, (Context, Response, HTTPConnection))
        }
        text = pydantic_core.to_json([asked.path, asked.query, body], bytes_mode="base64")
        return digest(text)

    def _purpose(self, key: str) -> str:
        return f"answer {key} {self.context.asked.idempotency_key}"

    def _keep(self, session: Session, key: str, response: Response) -> None:
        headers = {
            name: value for name, value in response.headers.items() if name != "content-length"
        }
        body = lock(self.context.house.secret, self._purpose(key), bytes(response.body))
        answers.keep(session, key, status=response.status_code, headers=headers, body=body)
        if key.startswith("00"):
            answers.forget_expired(session, self.context.now)

    def _check_state(self, begin: Callable[[], Session]) -> None:
        """Lock the thing, and refuse where If-Match names another state of it."""
        wanted = self.context.asked.if_match
        path = resource_path(self.path, self.context.resources)
        if path is None:
            if wanted is not None:
                raise _Refused(_stale(None))
            return
        if path.endswith(_TICKET):
            if wanted is None:
                return
            tickets.find_visible(begin(), self.context.agent, self.given["number"], lock=True)
        else:
            answers.lock(begin(), path.format(**self.given))
        if wanted is None:
            return
        shape: Shape = self.context.resources[path]
        known = inspect.signature(shape.endpoint).parameters
        current = shape.endpoint(
            **{name: value for name, value in self.given.items() if name in known}
        )
        tag = etag_of(current)
        if wanted.strip() != "*" and tag not in _tags(wanted):
            raise _Refused(_stale(shape.response(current, {})))

    def _audit(self, session: Session) -> None:
        session.flush()
        if is_audited(session):
            return
        what = {name: str(one) for name, one in self.given.items() if f"{{{name}}}" in self.path}
        audit_of(
            session,
            self.shape.operation,
            None,
            f"api.{self.shape.operation}",
            now=self.context.now,
            actor=self.context.actor,
            after=dict(what) or None,
        )


def _tags(header: str) -> Iterator[str]:
    """Yield the strong entity tags of If-Match; a weak one never matches (section 13.1.1)."""
    for one in header.split(","):
        tag = one.strip()
        if not tag.startswith("W/"):
            yield tag


def _stale(current: Response | None) -> Response:
    """Return 412 with the current state, or without where there is none."""
    problem = Problem(
        title="It has changed",
        status=412,
        detail="this is no longer as it was when you read it"
        if current is not None
        else "nothing here has a state that If-Match could name",
        remedy="Look at `current`, and send its ETag."
        if current is not None
        else "Leave If-Match out.",
    ).model_dump(exclude_none=True)
    headers = {}
    if current is not None:
        problem["current"] = json.loads(bytes(current.body))
        headers["ETag"] = current.headers["ETag"]
    return Response(json.dumps(problem), status_code=412, media_type=MEDIA_TYPE, headers=headers)


def _sparse(shape: Shape, response: Response, fields: str | None) -> Response:
    """Keep only the fields that are asked for, of the thing or of each row of the page."""
    if not fields or not (shape.is_page or shape.is_one_thing):
        return response
    model = shape.model
    if shape.is_page:
        model = model.model_fields["items"].annotation.__args__[0]
    wanted = {one.strip() for one in fields.split(",")} - {""}
    unknown = wanted - model.model_fields.keys()
    if unknown:
        raise BadInput(
            f"there is no field {min(unknown)}",
            field="query.fields",
            remedy=f"There are {', '.join(sorted(model.model_fields))}.",
        )
    shown = json.loads(bytes(response.body))
    if shape.is_page:
        shown["items"] = [_only(row, wanted) for row in shown["items"]]
    else:
        shown = _only(shown, wanted)
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(
        json.dumps(shown, ensure_ascii=False), status_code=response.status_code, headers=headers
    )


def _only(row: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in wanted}
