import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from app.kit.clock import StillClock
from app.kit.errors import BadInput, PermanentError, TemporaryError
from app.kit.net import Outside
from app.outbox.hooks import ChatTransport, Hook, WebhookTransport, chat_body, key_of
from app.outbox.smtp import Sent
from tests.harness.other_side import OtherSide, other_side

HERE = Outside((ip_network("127.0.0.0/8"),))
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PAGE: Mapping[str, object] = {
    "text": "Sak 1 (KRITISK): <https://evil.example|trykk her>\n20 min til fristen.",
    "language": "nb",
    "take_url": "https://desk.example/take/1",
    "files": [],
}
TEAMS = "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke"


@pytest.fixture
def side() -> Generator[OtherSide]:
    with other_side() as one:
        yield one


def send(side: OtherSide, *, hook: str = "ops", path: str = "/hook") -> Sent:
    transport = WebhookTransport({"ops": Hook(side.url(path), SECRET)}, HERE, StillClock(NOW))
    return asyncio.run(transport.deliver(hook, PAGE, key="d1"))


def test_a_signed_webhook_can_be_checked_by_its_receiver(side: OtherSide) -> None:
    send(side)
    (asked,) = side.asked
    # As the standard's own text computes it, and not by our code.
    content = b"d1." + str(int(NOW.timestamp())).encode() + b"." + asked.body
    mac = base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
    assert asked.headers["webhook-id"] == "d1"
    assert asked.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert asked.headers["webhook-signature"] == f"v1,{mac}"
    assert json.loads(asked.body) == {key: PAGE[key] for key in ("text", "language", "take_url")}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(side: OtherSide, status: int) -> None:
    side.answers.append((status, "not now", {}))
    with pytest.raises(TemporaryError, match=f"{status}: not now"):
        send(side)


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410])
def test_what_will_not_pass_is_given_up(side: OtherSide, status: int) -> None:
    side.answers.append((status, "no_service", {}))
    with pytest.raises(PermanentError, match="no_service"):
        send(side)


def test_a_webhook_that_is_not_configured_is_said_by_name(side: OtherSide) -> None:
    with pytest.raises(PermanentError) as caught:
        send(side, hook="gone")
    assert caught.value.field == "webhooks.gone"


def test_a_room_is_told_by_its_name_or_a_persons_own_address(side: OtherSide) -> None:
    transport = ChatTransport({"ops": Hook(side.url("/room"))}, HERE)
    for recipient in ("ops", side.url("/own")):
        asyncio.run(transport.deliver(recipient, PAGE, key="d1"))
    assert [asked.path for asked in side.asked] == ["/room", "/own"]
    with pytest.raises(PermanentError, match="no such webhook"):
        asyncio.run(transport.deliver("elsewhere", PAGE, key="d1"))


def test_slack_shows_a_hostile_subject_as_it_is() -> None:
    body: dict[str, Any] = chat_body("https://hooks.slack.com/services/T/B/x", PAGE)
    assert "<" not in body["text"]
    section, actions = body["blocks"]
    assert section["text"] == {"type": "plain_text", "text": PAGE["text"], "emoji": False}
    (button,) = actions["elements"]
    assert (button["text"]["text"], button["url"]) == ("Ta saken", PAGE["take_url"])


@pytest.mark.parametrize(
    "url", [TEAMS, TEAMS.replace("logic.azure.com:443", "api.powerplatform.com")]
)
def test_teams_gets_an_adaptive_card(url: str) -> None:
    body: dict[str, Any] = chat_body(url, PAGE)
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    # A TextRun is shown as it is; a TextBlock would read mark-up in it.
    lines = [line["inlines"][0] for line in card["body"]]
    assert [line["text"] for line in lines] == str(PAGE["text"]).split("\n")
    assert {line["type"] for line in lines} == {"TextRun"}
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Ta saken", "url": PAGE["take_url"]}
    ]


def test_somebody_elses_address_that_only_looks_like_teams_gets_no_card() -> None:
    assert "text" in chat_body("https://evil.example/?x=.logic.azure.com", PAGE)


@pytest.mark.parametrize("secret", ["", "hemmelig", "whsec_", "whsec_c2hvcnQ=", "whsec_***"])
def test_a_secret_that_a_receivers_library_would_refuse_is_refused(secret: str) -> None:
    with pytest.raises(BadInput, match="secret"):
        key_of(secret)
