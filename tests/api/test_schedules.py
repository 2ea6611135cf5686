"""Standing in on a schedule, and taking it back, by itself."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.harness.world import World

DESK = "/api/v1/schedules/desk"
OLA, INGRID, SIRI = "ola@desk.example", "ingrid@desk.example", "siri@desk.example"


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


@pytest.fixture
def web(world: World) -> TestClient:
    """An agent of a desk where Ola is always on call."""
    layer = {"name": "week", "people": [OLA], "starts": "2026-01-05T08:00:00", "every": "week"}
    body = {"tz": "Europe/Oslo", "layers": [layer]}
    ok(world.web(world.lead).put(DESK, json=body))
    return world.web()


def at(world: World, **ahead: float) -> str:
    return (world.now + timedelta(**ahead)).isoformat()


def stand_in(world: World, web: TestClient, start: float, end: float, **about: Any) -> None:
    body = {"start": at(world, hours=start), "end": at(world, hours=end), "person": INGRID}
    ok(web.post(f"{DESK}/overrides", json={**body, **about}), 201)


def coming(web: TestClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ok(web.get(f"{DESK}/overrides"))["items"]
    return items


def people(world: World, web: TestClient, *, hours: int = 10) -> list[str]:
    asked = {"start": world.now.isoformat(), "end": at(world, hours=hours)}
    return [one["person"] for one in ok(web.get(f"{DESK}/shifts", params=asked))["items"]]


def test_one_that_is_to_come_is_taken_out_and_the_others_stay(
    world: World, web: TestClient
) -> None:
    stand_in(world, web, 1, 2, note="Legen")
    stand_in(world, web, 4, 5, instead_of=OLA)
    first, second = coming(web)
    assert (first["person"], first["instead_of"], first["note"]) == (INGRID, None, "Legen")
    assert people(world, web) == [OLA, INGRID, OLA, INGRID, OLA]
    ok(web.delete(f"{DESK}/overrides/{first['id']}"), 204)
    assert coming(web) == [second]
    assert people(world, web) == [OLA, INGRID, OLA]
    gone = ok(web.delete(f"{DESK}/overrides/{first['id']}"), 404)
    assert gone["field"] == "override_id"


def test_one_that_is_under_way_ends_now_and_what_was_is_still_told(
    world: World, web: TestClient
) -> None:
    before = world.now
    stand_in(world, web, 0, 5)
    world.move(hours=2)
    (one,) = coming(web)
    assert ok(web.get(DESK))["now"] == INGRID
    ok(web.delete(f"{DESK}/overrides/{one['id']}"), 204)
    assert ok(web.get(DESK))["now"] == OLA
    assert coming(web) == []
    asked = {"start": before.isoformat(), "end": at(world, hours=4)}
    shifts = ok(web.get(f"{DESK}/shifts", params=asked))["items"]
    assert [one["person"] for one in shifts] == [INGRID, OLA]
    assert datetime.fromisoformat(shifts[0]["end"]) == world.now


def test_one_that_is_over_stays(world: World, web: TestClient) -> None:
    stand_in(world, web, 0, 1)
    (one,) = coming(web)
    world.move(hours=2)
    ok(web.delete(f"{DESK}/overrides/{one['id']}"), 409)
    body = {"start": at(world, hours=1), "end": at(world, hours=2), "person": INGRID}
    ok(web.put(f"{DESK}/overrides/{one['id']}", json=body), 409)


def test_one_is_put_in_the_place_of_another(world: World, web: TestClient) -> None:
    stand_in(world, web, 1, 2)
    (one,) = coming(web)
    path = f"{DESK}/overrides/{one['id']}"
    body = {"start": at(world, hours=6), "end": at(world, hours=7), "person": INGRID}
    # Who does not work here reaches nobody, and what is there stays.
    ok(web.put(path, json={**body, "person": SIRI}), 422)
    ok(web.put(path, json={**body, "end": body["start"]}), 422)
    assert coming(web) == [one]
    ok(web.put(path, json=body))
    (other,) = coming(web)
    assert other["id"] != one["id"]
    assert datetime.fromisoformat(other["start"]) == world.now + timedelta(hours=6)
    assert people(world, web) == [OLA, INGRID, OLA]


def test_a_schedule_that_has_changed_is_left_alone(world: World, web: TestClient) -> None:
    stand_in(world, web, 1, 2)
    (one,) = coming(web)
    tag = web.get(DESK).headers["ETag"]
    stand_in(world, web, 3, 4)
    path = f"{DESK}/overrides/{one['id']}"
    ok(web.delete(path, headers={"If-Match": tag}), 412)
    assert len(coming(web)) == 2
    ok(web.delete(path, headers={"If-Match": web.get(DESK).headers["ETag"]}), 204)
    assert len(coming(web)) == 1
