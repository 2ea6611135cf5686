"""Other programs hear of everything that happens: by webhook, by page, by stream."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Generator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.events import FeedPage, stream
from app.desk.subscriptions import tell_of_disabling
from app.kit.db import Database
from app.kit.net import Outside
from app.outbox.publish import Publisher
from tests.harness.other_side import OtherSide, other_side
from tests.harness.world import World, make_settings

HERE = ip_network("127.0.0.0/8")
TICKETS, HOOKS, EVENTS = "/api/v1/tickets", "/api/v1/webhooks", "/api/v1/events"


@pytest.fixture
def side() -> Generator[OtherSide]:
    with other_side() as side:
        yield side


@pytest.fixture
def world(db: Database) -> Generator[World]:
    """A house that may call this machine."""
    made = World(db, make_settings(network={"private_targets": [str(HERE)]}))
    yield made
    made.expect_silence()


def publish(world: World) -> None:
    """Tell until nothing is due at this moment."""
    publisher = Publisher(
        world.db,
        world.clock,
        Outside((HERE,)),
        disabled=lambda session, one, now: tell_of_disabling(session, world.house, one, now=now),
    )

    async def all_of_it() -> None:
        while await publisher.pass_once():
            pass

    asyncio.run(all_of_it())


def subscribe(world: World, side: OtherSide, **more: Any) -> dict[str, Any]:
    body = {"name": "bridge", "url": side.url(), **more}
    answer = world.web(world.lead).post(HOOKS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def opened(world: World, number: int = 1) -> TestClient:
    world.mail(message_id=f"<{number}@fjellbod.example>", subject=f"Feil {number}")
    world.process_all()
    world.postman.taken.clear()  # Receipts are another story's.
    return world.web()


def told(side: OtherSide, since: int = 0) -> list[tuple[int, str]]:
    """Return the ticket and the type of each request since then."""
    bodies = [json.loads(one.body) for one in side.asked[since:]]
    return [(body["ticket"]["number"], body["type"]) for body in bodies]


def test_a_webhook_is_told_in_order_and_signed(world: World, side: OtherSide) -> None:
    hook = subscribe(world, side)
    opened(world).post(f"{TICKETS}/1/work")
    publish(world)
    kinds = [f"ticket.{kind}" for kind in world.kinds()]
    assert told(side) == [(1, kind) for kind in kinds]
    first = side.asked[0]
    signed = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    mac = hmac.new(key, signed + first.body, hashlib.sha256).digest()
    assert first.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    publish(world)
    assert len(side.asked) == len(kinds)


def test_only_the_kinds_that_were_asked_for_are_told(world: World, side: OtherSide) -> None:
    subscribe(world, side, kinds=["ticket.work_started"])
    opened(world).post(f"{TICKETS}/1/work")
    publish(world)
    assert told(side) == [(1, "ticket.work_started")]


def test_a_failure_holds_up_its_own_ticket_and_no_other(world: World, side: OtherSide) -> None:
    opened(world, 1)
    opened(world, 2)
    hook = subscribe(world, side, kinds=["ticket.noted", "ticket.work_started"])
    web = world.web()
    web.post(f"{TICKETS}/1/notes", json={"text": "en"})
    side.answers.append((500, "busy", {}))
    publish(world)
    web.post(f"{TICKETS}/1/work")
    web.post(f"{TICKETS}/2/work")
    publish(world)
    assert told(side) == [(1, "ticket.noted"), (2, "ticket.work_started")]
    log = world.web(world.lead).get(f"{HOOKS}/{hook['id']}/deliveries").json()["items"]
    assert [(one["kind"], one["state"]) for one in log] == [
        ("work_started", "delivered"),
        ("work_started", "pending"),
        ("noted", "pending"),
    ]
    assert "busy" in log[-1]["last_answer"]
    world.clock.move(timedelta(seconds=6))
    publish(world)
    assert told(side, 2) == [(1, "ticket.noted"), (1, "ticket.work_started")]
    # The same event has the same id at every try.
    assert side.asked[0].headers["webhook-id"] == side.asked[2].headers["webhook-id"]


def test_after_three_days_it_is_disabled_with_notice_and_nothing_is_lost(
    world: World, side: OtherSide
) -> None:
    opened(world)
    hook = subscribe(world, side, kinds=["ticket.noted"])
    web, lead = world.web(), world.web(world.lead)
    web.post(f"{TICKETS}/1/notes", json={"text": "en"})
    tries = 0
    for _ in range(100):
        side.answers[:] = [(503, "down", {})]
        publish(world)
        tries = len(side.asked)
        if lead.get(f"{HOOKS}/{hook['id']}").json()["disabled_at"]:
            break
        world.clock.move(timedelta(hours=1, seconds=1))
    assert 70 < tries < 90
    world.process_all()
    for reader in ("ingrid@desk.example", "alle@desk.example"):
        world.postman.expect(reader, saying="503 down")
    world.postman.taken.clear()  # What the ladder says of the ticket is another story's.
    web.post(f"{TICKETS}/1/notes", json={"text": "to"})
    publish(world)
    assert len(side.asked) == tries
    assert lead.post(f"{HOOKS}/{hook['id']}/enable").status_code == 200
    side.answers.clear()
    publish(world)
    assert told(side, tries) == [(1, "ticket.noted")] * 2


def test_what_was_told_can_be_told_again(world: World, side: OtherSide) -> None:
    hook = subscribe(world, side)
    opened(world)
    publish(world)
    first = [one.headers["webhook-id"] for one in side.asked]
    lead = world.web(world.lead)
    answer = lead.post(f"{HOOKS}/{hook['id']}/replay", json={"after": 0})
    assert answer.status_code == 200, answer.text
    publish(world)
    assert [one.headers["webhook-id"] for one in side.asked] == first * 2
    assert lead.post(f"{HOOKS}/{hook['id']}/replay", json={"after": 10**6}).status_code == 422


def test_a_crash_between_the_request_and_its_result_tells_twice_and_never_not(
    world: World, side: OtherSide
) -> None:
    subscribe(world, side, kinds=["ticket.opened"])
    opened(world)

    class Killed(Publisher):
        def _settle(self, *_: object) -> None:
            raise KeyboardInterrupt

    async def one_pass() -> None:
        await Killed(world.db, world.clock, Outside((HERE,))).pass_once()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(one_pass())
    publish(world)
    assert len(side.asked) == 1
    world.clock.move(timedelta(seconds=61))
    publish(world)
    ids = {one.headers["webhook-id"] for one in side.asked}
    assert (len(side.asked), len(ids)) == (2, 1)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/"])
def test_an_address_of_a_private_network_is_refused(world: World, url: str) -> None:
    body = {"name": "x", "url": url}
    answer = world.web(world.lead).post(HOOKS, json=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == "url"


def test_webhooks_are_a_leads_and_their_secret_is_shown_once(world: World, side: OtherSide) -> None:
    hook = subscribe(world, side)
    assert world.web().get(HOOKS).status_code == 403
    lead = world.web(world.lead)
    assert "secret" not in lead.get(f"{HOOKS}/{hook['id']}").json()
    fresh = lead.post(f"{HOOKS}/{hook['id']}/secret").json()["secret"]
    assert fresh != hook["secret"]
    changed = lead.patch(f"{HOOKS}/{hook['id']}", json={"kinds": ["ticket.opened"]})
    assert changed.json()["kinds"] == ["ticket.opened"]
    assert lead.patch(f"{HOOKS}/{hook['id']}", json={"kinds": ["nonsense"]}).status_code == 422
    assert lead.delete(f"{HOOKS}/{hook['id']}").status_code == 204
    assert lead.get(f"{HOOKS}/{hook['id']}").status_code == 404


def test_the_feed_is_read_page_by_page(world: World) -> None:
    web = opened(world)
    kinds = [f"ticket.{kind}" for kind in world.kinds()]
    seen, place = [], 0
    while True:
        page = web.get(EVENTS, params={"after": place, "limit": 1}).json()
        seen += [one["type"] for one in page["items"]]
        place = page["next"]
        if not page["more"]:
            break
    assert seen == kinds
    assert web.get(EVENTS, params={"after": place}).json()["items"] == []
    web.post(f"{TICKETS}/1/work")
    later = web.get(EVENTS, params={"after": place}).json()["items"]
    assert [one["type"] for one in later] == ["ticket.assigned", "ticket.work_started"]


def test_a_stream_goes_on_where_a_page_ended_until_the_house_stops(world: World) -> None:
    web = opened(world)
    page = FeedPage.model_validate(web.get(EVENTS).json())
    web.post(f"{TICKETS}/1/work")
    seen: list[bytes] = []

    def page_after(place: int) -> FeedPage:
        return FeedPage.model_validate(web.get(EVENTS, params={"after": place}).json())

    async def read() -> None:
        async for part in stream(page_after, page.next, lambda: len(seen) == 3):
            seen.append(part)  # noqa: PERF401 - the stream is told to stop by what was seen

    asyncio.run(read())
    hello, *events = seen
    assert hello == b"retry: 2000\n\n"
    lines = [event.decode().splitlines() for event in events]
    assert [one[0] for one in lines] == ["event: ticket.assigned", "event: ticket.work_started"]
    assert [one[2] for one in lines] == [f"id: {page.next + 1}", f"id: {page.next + 2}"]
