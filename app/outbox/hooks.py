"""Messages to other programs: chat rooms (Slack, Teams) and signed webhooks.

Both are one HTTPS request. What answers 2xx has it; 429 and 5xx may be tried again; any other
answer is for good, and a page falls through to the person's next method.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
from typing_extensions import override

from app.kit.clock import Clock
from app.kit.errors import PermanentError, TemporaryError
from app.outbox.deliver import ChannelTransport
from app.outbox.smtp import Sent

TIMEOUT_S = 10.0


class ChatTransport(ChannelTransport):
    """Posts the text to an incoming webhook; Slack and Teams both read ``text``."""

    @override
    async def deliver(self, recipient: str, payload: Mapping[str, object], *, key: str) -> Sent:
        body = json.dumps({"text": payload["text"]}).encode()
        return await _post(recipient, body, {})


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a webhook is, and the secret that its requests are signed with."""

    url: str
    secret: str


class WebhookTransport(ChannelTransport):
    """Posts the payload as JSON, signed, so that the other side can tell it from anybody's.

    ``Svartid-Signature: t=<Unix seconds>,v1=<hex>`` is the HMAC-SHA256 of ``<t>.<body>``; the time
    in it lets the other side refuse a request that is sent again later. ``Svartid-Delivery`` is
    the same for every try.
    """

    def __init__(self, hooks: Mapping[str, Hook], clock: Clock) -> None:
        self._hooks = hooks
        self._clock = clock

    @override
    async def deliver(self, recipient: str, payload: Mapping[str, object], *, key: str) -> Sent:
        hook = self._hooks.get(recipient)
        if hook is None:
            raise PermanentError(
                "there is no such webhook.",
                field=f"webhooks.{recipient}",
                remedy="Put it into the configuration, or take it out of the ladder.",
            )
        body = json.dumps({name: value for name, value in payload.items() if name != "files"})
        at = int(self._clock.now().timestamp())
        return await _post(
            hook.url,
            body.encode(),
            {"Svartid-Signature": signature(hook.secret, at, body), "Svartid-Delivery": key},
        )


def signature(secret: str, at: int, body: str) -> str:
    """Return the header that proves a webhook's request, made at a Unix time."""
    mac = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


async def _post(url: str, body: bytes, headers: Mapping[str, str]) -> Sent:
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
            reply = await client.post(
                url, content=body, headers={"Content-Type": "application/json", **headers}
            )
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        raise PermanentError(
            f"it is no address: {error}.", remedy="Write it as https://…"
        ) from error
    except (httpx2.HTTPError, OSError) as error:
        raise TemporaryError(f"the other side cannot be reached: {error}.") from error
    if reply.is_success:
        return Sent(f"{reply.status_code} {reply.reason_phrase}")
    words = f"the other side answers {reply.status_code}."
    if reply.status_code == 429 or reply.status_code >= 500:
        raise TemporaryError(words)
    raise PermanentError(words)
