"""The outermost door: what every request meets before any route, and every answer after it.

A request gets an id, which every line of the log about it carries. It is refused where its
address or its token asks too often, and where its body does not arrive in time; for the database
it does not wait for ever. No path, query, header or body goes into the log: paths of ours can be
keys.
"""

import asyncio
import re
import time
from collections.abc import Sequence

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.limits import Buckets, Left
from app.api.problems import MEDIA_TYPE, TOO_LARGE, Problem, answer
from app.config import ApiSettings
from app.kit.clock import Clock
from app.kit.db import hurried
from app.kit.ids import digest, new_id
from app.kit.log import logger

log = logger("api")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
# Whoever watches the service asks often, and must be answered in a flood too.
_UNLIMITED = frozenset({"/healthz", "/readyz"})
SESSION_COOKIE = "svartid_session"


class Edge:
    """The ASGI middleware that does all this."""

    def __init__(self, app: ASGIApp, *, settings: ApiSettings, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._body_s = settings.body_timeout_s
        self._tokens = Buckets(settings.requests_a_minute)
        self._addresses = Buckets(settings.requests_a_minute_of_an_address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = str(new_id())
        limits = [] if scope["path"] in _UNLIMITED else self._take(scope, headers)
        passage = _Passage(scope, send, request_id, limits)
        with structlog.contextvars.bound_contextvars(request_id=request_id), hurried():
            wait = max((left.wait_s for _, left in limits), default=0)
            if wait:
                problem = Problem(
                    title="Too many requests",
                    status=429,
                    detail="you ask more often than you may",
                    remedy=f"Wait {wait} seconds.",
                )
                refusal = answer(problem, {"Retry-After": str(wait)})
                await refusal(scope, receive, passage.send)
                return
            await self._through(scope, self._in_time(receive), passage)

    async def _through(self, scope: Scope, receive: Receive, passage: "_Passage") -> None:
        try:
            await self._app(scope, receive, passage.send)
        except Exception:
            if not passage.status:
                problem = Problem(
                    title="Something went wrong",
                    status=500,
                    detail="the fault is ours and has been written down; nothing was changed",
                    remedy="Tell us the X-Request-ID of this answer.",
                )
                await answer(problem)(scope, receive, passage.send)
            raise
        finally:
            passage.tell()

    def _take(self, scope: Scope, headers: Headers) -> list[tuple[str, Left]]:
        now = self._clock.now()
        client: Sequence[str] | None = scope.get("client")
        taken = [("address", self._addresses.take(client[0] if client else "", now=now))]
        key = headers.get("authorization") or _session_cookie(headers)
        if key:
            taken.append(("token", self._tokens.take(digest(key.encode())[:32], now=now)))
        return [(name, left) for name, left in taken if left is not None]

    def _in_time(self, receive: Receive) -> Receive:
        """Return a ``receive`` that waits for the body so long and no longer."""
        end = time.monotonic() + self._body_s
        whole = False

        async def limited() -> Message:
            nonlocal whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout(end - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "the request took too long to arrive") from None
            whole = not message.get("more_body", False)
            return message

        return limited


class _Passage:
    """One answer on its way out."""

    def __init__(
        self, scope: Scope, send: Send, request_id: str, limits: Sequence[tuple[str, Left]]
    ) -> None:
        self.status = 0
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._limits = limits
        # What is answered in place of the framework's own words; None lets an answer through.
        self._instead: bytes | None = None
        self._began = time.perf_counter()

    async def send(self, message: Message) -> None:
        """Send a part of the answer, its head with what every answer carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            if self.status == 413 and headers.get("content-type") != MEDIA_TYPE:
                # Whoever counts the body's bytes, in the framework, knows no problems.
                self._instead = bytes(answer(TOO_LARGE).body)
                headers["Content-Type"] = MEDIA_TYPE
                headers["Content-Length"] = str(len(self._instead))
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-store")
            if self._limits:
                # draft-ietf-httpapi-ratelimit-headers-10.
                headers["RateLimit-Policy"] = ", ".join(
                    f'"{name}";q={left.quota};w=60' for name, left in self._limits
                )
                headers["RateLimit"] = ", ".join(
                    f'"{name}";r={left.left};t={left.full_in_s}' for name, left in self._limits
                )
        elif self._instead is not None:
            message = {"type": "http.response.body", "body": self._instead}
        await self._send(message)

    def tell(self) -> None:
        """Write the line about this request."""
        route = self._scope.get("route")
        tell = log.warning if self.status >= 500 else log.debug
        tell(
            "request",
            method=self._scope["method"],
            operation=getattr(route, "operation_id", None) or getattr(route, "name", None),
            status=self.status,
            ms=round((time.perf_counter() - self._began) * 1000, 1),
        )


def _session_cookie(headers: Headers) -> str | None:
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE:
            return value
    return None
