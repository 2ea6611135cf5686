"""A world with telephones: the desk's own code up to Twilio's door, and the stand-in behind it."""

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from app.connections import phones
from app.kit.clock import StillClock
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.main import create_app
from app.sla.ladder import PageChannel
from tests.harness.fake_twilio import (
    ACCOUNT,
    OUR_NUMBER,
    PUBLIC,
    TOKEN,
    Answered,
    FakeTwilio,
    fake_twilio,
)
from tests.harness.telephones import Telephone
from tests.harness.world import TUESDAY_TEN, World, make_settings
from tests.ladder.pages import INGRIDS_PHONE, OLAS_PHONE, give


@dataclass
class PhoneWorld:
    """A world, the stand-in, and the telephones of its people."""

    world: World
    twilio: FakeTwilio

    @property
    def ola(self) -> Telephone:
        return Telephone(self.twilio, OLAS_PHONE)

    @property
    def ingrid(self) -> Telephone:
        return Telephone(self.twilio, INGRIDS_PHONE)

    def phone(self, number: str) -> Telephone:
        return Telephone(self.twilio, number)

    def reach_ola(self, *channels: PageChannel) -> None:
        """Let Ola be reached by these, in this order."""
        for channel in channels:
            give(self.world, self.world.agent, channel, OLAS_PHONE)


def twilio_settings(url: str, **changes: object) -> dict[str, object]:
    settings: dict[str, object] = {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "number": OUR_NUMBER,
        "public_url": PUBLIC,
        "api_base_url": url,
        "timeout_s": 5,
    }
    return {**settings, **changes}


@contextmanager
def phone_world(db: Database, **changes: object) -> Generator[PhoneWorld]:
    """Run a house with telephones; what nobody expected fails at its end."""
    clock = StillClock(TUESDAY_TEN)
    with fake_twilio(clock.now) as twilio:
        settings = make_settings(twilio=twilio_settings(twilio.url), **changes)
        world = World(db, settings, channels=phones(settings, db))
        # One clock for both sides.
        twilio.now = world.clock.now
        web = TestClient(create_app(db, world.house, world.clock))

        def post(path: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answered:
            said = web.post(
                path,
                content=urlencode(fields),
                headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
            )
            return Answered(said.status_code, said.text)

        twilio.post = post
        yield PhoneWorld(world, twilio)
        world.expect_silence()
        twilio.expect_silence()


@pytest.fixture
def desk(db: Database) -> Generator[PhoneWorld]:
    """Yield a house with telephones on each kind of database."""
    with phone_world(db) as made:
        yield made


@contextmanager
def held(desk: PhoneWorld) -> Generator[None]:
    """Let every writer wait, as a database does that is slow."""
    free, at_work = threading.Event(), threading.Condition()
    waiting = 0
    db = desk.world.db
    writing = db.writing

    @contextmanager
    def slow() -> Generator[object]:
        nonlocal waiting
        with at_work:
            waiting += 1
        free.wait(20)
        with writing() as session:
            yield session
        with at_work:
            waiting -= 1
            at_work.notify_all()

    db.writing = slow  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        free.set()
        db.writing = writing  # type: ignore[method-assign]
        with at_work:
            assert at_work.wait_for(lambda: waiting == 0, 30)


@contextmanager
def away(desk: PhoneWorld) -> Generator[None]:
    """Let every writer be refused, as a database does that is away."""
    db = desk.world.db
    writing = db.writing

    @contextmanager
    def gone() -> Generator[object]:
        raise Unavailable("The database did not answer as it should.")
        yield  # The generator that a context manager is made of.

    db.writing = gone  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        db.writing = writing  # type: ignore[method-assign]
