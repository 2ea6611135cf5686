"""Messages to other programs: chat rooms (Slack, Teams) and signed webhooks.

Both are one HTTPS request through the guard of ``app.kit.net``. What answers 2xx has it; 408, 425,
429 and 5xx may be tried again; any other answer is for good, and a page falls through to the
person's next method.
"""

import base64
import hashlib
import hmac
import json
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from app.kit.clock import Clock
from app.kit.errors import BadInput, PermanentError, TemporaryError
from app.kit.net import Outside
from app.outbox.deliver import ChannelTransport
from app.outbox.smtp import Sent

# Where the webhooks of Teams' workflows are: Power Automate's old and new addresses. Those of
# Office connectors ended in 2025.
_TEAMS = (".logic.azure.com", ".api.powerplatform.com", ".webhook.office.com")
_TAKE = {"nb": "Ta saken", "nn": "Ta saka", "en": "Take it"}
_AGAIN = frozenset({408, 425, 429})
_SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's mark of a secret, and none
# Standard Webhooks: "between 24 bytes (192 bits) and 64 bytes (512 bits)".
_SHORTEST, _LONGEST = 24, 64


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a webhook is; a chat room's has no secret but its address."""

    url: str
    secret: str | None = None


class ChatTransport(ChannelTransport):
    """Posts to a room's incoming webhook, in the words of Slack or of Teams.

    The recipient is the name of a room in the configuration, or an address of a person's own.
    """

    def __init__(self, rooms: Mapping[str, Hook], outside: Outside) -> None:
        self._rooms = rooms
        self._outside = outside

    @override
    async def deliver(
        self,
        recipient: str,
        payload: Mapping[str, object],
        *,
        key: str,
        since: datetime | None = None,
    ) -> Sent:
        room = self._rooms.get(recipient)
        url = room.url if room else recipient
        if "://" not in url:
            raise _unknown(recipient)
        body = json.dumps(chat_body(url, payload), ensure_ascii=False).encode()
        return await post(self._outside, url, body, {})


class WebhookTransport(ChannelTransport):
    """Posts the payload as JSON, signed by the Standard Webhooks rules (standardwebhooks.com).

    ``webhook-id`` is the same for every try, so that the other side can tell a second one.
    """

    def __init__(self, hooks: Mapping[str, Hook], outside: Outside, clock: Clock) -> None:
        self._hooks = hooks
        self._outside = outside
        self._clock = clock

    @override
    async def deliver(
        self,
        recipient: str,
        payload: Mapping[str, object],
        *,
        key: str,
        since: datetime | None = None,
    ) -> Sent:
        hook = self._hooks.get(recipient)
        if hook is None or hook.secret is None:
            raise _unknown(recipient)
        inside = {name: value for name, value in payload.items() if name != "files"}
        body = json.dumps(inside, ensure_ascii=False).encode()
        headers = signed(hook.secret, key, int(self._clock.now().timestamp()), body)
        return await post(self._outside, hook.url, body, headers)


def chat_body(url: str, payload: Mapping[str, object]) -> dict[str, object]:
    """Return what a room's webhook takes; nothing in it is read as mark-up.

    Teams' workflows take Adaptive Cards, and nothing else. Slack, and what imitates it, takes
    ``text``; its blocks show the words as they are.
    """
    text = str(payload["text"])
    link = str(payload.get("take_url") or "")
    title = _TAKE.get(str(payload.get("language")), _TAKE["en"])
    host = url.partition("://")[2].partition("/")[0].partition(":")[0].lower()
    if host.endswith(_TEAMS):
        return _card(text, link, title)
    blocks: list[dict[str, object]] = [
        {"type": "section", "text": {"type": "plain_text", "text": text[:3000], "emoji": False}}
    ]
    if link:
        button = {"type": "button", "text": {"type": "plain_text", "text": title}, "url": link}
        blocks.append({"type": "actions", "elements": [button]})
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": plain, "blocks": blocks}


def _card(text: str, link: str, title: str) -> dict[str, object]:
    lines = [
        {
            "type": "RichTextBlock",
            "inlines": [
                {"type": "TextRun", "text": line, "weight": "bolder" if first else "default"}
            ],
        }
        for first, line in ((number == 0, line) for number, line in enumerate(text.split("\n")))
    ]
    card: dict[str, object] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": lines,
    }
    if link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": title, "url": link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def signed(secret: str, key: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove a request, made at a Unix time (Standard Webhooks, v1)."""
    mac = hmac.new(key_of(secret), f"{key}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def key_of(secret: str) -> bytes:
    """Return a secret's bytes; BadInput for one that a receiver's library would not take."""
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise BadInput(
            f"a secret is {_SECRET_PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} bytes.",
            field="secret",
            remedy=f'Make one: echo "{_SECRET_PREFIX}$(openssl rand -base64 32)"',
        )
    return key


async def post(outside: Outside, url: str, body: bytes, headers: Mapping[str, str]) -> Sent:
    """Post JSON; PermanentError where trying again will not help, else TemporaryError."""
    answer = await outside.post(url, body, {"Content-Type": "application/json", **headers})
    if answer.taken:
        return Sent(f"{answer.status} {answer.text}".strip())
    words = f"the other side answers {answer.status}: {answer.text or 'nothing'}."
    if answer.status in _AGAIN or answer.status >= 500:
        raise TemporaryError(words)
    raise PermanentError(words)


def _unknown(name: str) -> PermanentError:
    return PermanentError(
        "there is no such webhook.",
        field=f"webhooks.{name}",
        remedy="Put it into the configuration, or take it out of the ladder.",
    )
