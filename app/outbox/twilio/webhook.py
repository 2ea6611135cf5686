"""What a handler needs of a request of Twilio's: that it is one, its fields, and a prompt answer.

A router takes ``FromTwilio`` and is called only for what Twilio has signed; anything else gets 403
and leaves a trace, one line a minute at most however many there are. A call is answered within half
a second even while the database is not (``promptly``).
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from prometheus_client import Counter as Metric
from starlette.datastructures import FormData

from app.config import Settings
from app.kit.clock import Clock
from app.kit.errors import NotAllowed, SvartidError
from app.kit.log import logger
from app.outbox.twilio.signature import HEADER, Keys, Refusal, why_not

log = logger("twilio")
T = TypeVar("T")
_refused = Metric(
    "svartid_webhooks_refused", "Requests that Twilio has not signed, as it must.", ["reason"]
)
# Twilio repeats a request within seconds, and nobody listens to one page for an hour.
REPEATED_WITHIN = timedelta(hours=1)
# So many signatures are remembered, at most: what is older is known by its rows.
REMEMBERED = 20_000
TELL_EVERY = timedelta(minutes=1)
# Twilio waits for 15 s; a person with a telephone at the ear does not.
ANSWER_WITHIN_S = 0.35
# The most that can be stuck in a database that does not answer; what comes then is not begun.
_threads = ThreadPoolExecutor(12, thread_name_prefix="twilio")


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request that Twilio has signed."""

    # Of the form; of the query where it was a GET. Each once: Twilio repeats no name.
    fields: Mapping[str, str]
    # What we wrote into the address ourselves.
    query: Mapping[str, str]
    # The same for every repetition of a request; empty where Twilio sent none.
    token: str
    now: datetime

    def get(self, name: str) -> str:
        """Return a field; empty where Twilio has not sent it."""
        return self.fields.get(name, "")


class Door:
    """Lets in what Twilio has signed, and counts what it has not."""

    def __init__(self, settings: Settings) -> None:
        if settings.twilio.account_sid:
            # A missing token is told at start, and not by the first call.
            Keys.of(settings.twilio)
        self._settings = settings
        self.refused: Counter[Refusal] = Counter()
        self._seen: OrderedDict[str, datetime] = OrderedDict()
        self._told_at: datetime | None = None
        self._untold = 0

    async def open(self, request: Request, now: datetime) -> Webhook:
        """Return what a request says; NotAllowed where it is not Twilio's."""
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        query = request.scope["query_string"]
        path = (raw + b"?" + query if query else raw).decode("latin-1")
        body = await _body(request)
        url = self._settings.twilio_url + path
        refusal = why_not(Keys.of(self._settings.twilio), url, body, request.headers)
        if refusal is None:
            refusal = self._replayed(request.headers[HEADER], now)
        if refusal is not None:
            self._refuse(refusal, request, now)
            raise NotAllowed(
                f"this is not Twilio's: {refusal.value}",
                remedy="Check twilio.public_url and twilio.auth_token.",
            )
        asked = dict(request.query_params)
        fields = (
            {name: value for name, value in body.items() if isinstance(value, str)}
            if isinstance(body, FormData)
            else asked
        )
        return Webhook(fields, asked, request.headers.get("i-twilio-idempotency-token", ""), now)

    def _replayed(self, signature: str, now: datetime) -> Refusal | None:
        """Tell a repetition, which is Twilio's, from what somebody sends again much later."""
        first = self._seen.setdefault(signature, now)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return Refusal.REPLAYED if now - first > REPEATED_WITHIN else None

    def _refuse(self, refusal: Refusal, request: Request, now: datetime) -> None:
        self.refused[refusal] += 1
        _refused.labels(refusal.value).inc()
        self._untold += 1
        if self._told_at is not None and now - self._told_at < TELL_EVERY:
            return
        log.warning(
            "webhook refused",
            reason=refusal.value,
            path=request.url.path,
            client=request.client.host if request.client else "",
            since_last_told=self._untold,
            in_all=self.refused.total(),
        )
        self._told_at, self._untold = now, 0


async def _body(request: Request) -> FormData | bytes | None:
    if request.method == "GET":
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return await request.form(max_fields=200)
    return await request.body() or None


async def _verified(request: Request) -> Webhook:
    door: Door = request.app.state.twilio
    clock: Clock = request.app.state.clock
    return await door.open(request, clock.now())


# What a router takes, to be called only for what Twilio has signed.
FromTwilio = Annotated[Webhook, Depends(_verified)]


async def promptly(
    work: Callable[[], T], otherwise: Callable[[], T], *, within_s: float = ANSWER_WITHIN_S
) -> T:
    """Return what ``work`` returns, or what ``otherwise`` does where it fails or takes too long.

    The work runs in a thread and may still come to its end after it was given up: it must be such
    that doing it again changes nothing.
    """
    try:
        running = asyncio.get_running_loop().run_in_executor(_threads, work)
        return await asyncio.wait_for(running, within_s)
    except TimeoutError:
        log.warning("webhook answered without its work", reason="too slow")
    except SvartidError as error:
        log.warning("webhook answered without its work", reason=str(error))
    except Exception:
        log.exception("webhook answered without its work")
    return otherwise()
