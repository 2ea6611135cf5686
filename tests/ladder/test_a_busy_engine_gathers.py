"""A busy engine gathers what falls due, and is neither late nor slow to end by that."""

import threading
import time

import pytest

from app.kit.db import Database
from app.kit.wake import Topic
from app.worker import Loop, Loops
from escalation import engine
from tests.harness.world import World

DOWN = "Hei\n\nHele nettbutikken er nede for alle kunder, ingen får betalt.\n"


def test_a_loop_rests_after_a_pass_that_did_something(db: Database) -> None:
    passes: list[float] = []
    twice = threading.Event()

    def one_pass() -> int:
        passes.append(time.monotonic())
        if len(passes) == 2:
            twice.set()
        return 1

    loops = Loops(db.wake)
    loops.start([Loop("test", one_pass, Topic.CLOCKS, lambda: 60.0, lambda: 0.2)])
    db.wake.signal([Topic.CLOCKS])
    assert twice.wait(10)
    loops.stop()
    assert passes[1] - passes[0] >= 0.2


def test_a_loop_at_rest_ends_at_once(db: Database) -> None:
    worked = threading.Event()

    def one_pass() -> int:
        worked.set()
        return 1

    loops = Loops(db.wake)
    loops.start([Loop("test", one_pass, Topic.CLOCKS, lambda: 60.0, lambda: 60.0)])
    assert worked.wait(10)
    assert loops.stop(timeout=10) == []


def test_an_engine_that_left_work_undone_does_not_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BATCH", 1)
    for one in (1, 2):
        world.mail(DOWN, sender=f"kari{one}@shop.example", message_id=f"<{one}@shop.example>")
    assert world.engine.pass_once() == 1
    assert world.engine.rest_s() == 0, "a full batch may have left others waiting"
    monkeypatch.setattr(engine, "BATCH", 200)
    assert world.engine.pass_once() == 1
    assert world.engine.rest_s() == engine.REST_S
    world.process_all()
    for who in ("kari1@shop.example", "kari2@shop.example", world.agent.email, world.agent.email):
        world.postman.expect(who)
