"""Calendars of the policies in force, as they are now."""

from datetime import timedelta
from typing import Any

from app.sla.policy import Policy, default_policy
from app.sla.toml_write import write_toml
from tests.harness.world import World

WEEK = {day: [["09:00", "15:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def office(**changes: Any) -> Policy:
    """Return the shipped promises, counted in the hours of an office in Oslo."""
    document = default_policy().to_dict()
    calendar = {"tz": "Europe/Oslo", "hours": WEEK, "holiday_country": "NO", **changes}
    document["calendars"][document["calendar"]] = calendar
    return Policy.from_dict(document | {"name": "office"})


def of_office(world: World) -> dict[str, Any]:
    listed = world.web().get("/api/v1/calendars").json()["items"]
    (found,) = (one for one in listed if one["policy"] == "office" and one["default"])
    shown: dict[str, Any] = found
    return shown


def bring_in(world: World, policy: Policy, **later: float) -> None:
    starts = (world.now + timedelta(**later)).isoformat()
    body = {"toml": write_toml(policy.to_dict()), "starts_at": starts}
    assert world.web(world.lead).post("/api/v1/policies", json=body).status_code == 201


def test_a_calendar_tells_its_hours_and_whether_it_is_open(world: World) -> None:
    bring_in(world, office())
    # It is ten in Oslo, on Tuesday 24 November.
    shown = of_office(world)
    assert (shown["tz"], shown["is_open"], shown["opens_at"]) == ("Europe/Oslo", True, None)
    assert shown["body"] == office().calendar().to_dict()
    named = {one["date"]: one["kind"] for one in shown["days"]}
    assert named["2026-12-25"] == named["2027-05-17"] == "public_holiday"
    assert "2026-12-28" not in named
    world.clock.move(timedelta(hours=5))
    shown = of_office(world)
    assert (shown["is_open"], shown["opens_at"]) == (False, "2026-11-25T08:00:00Z")


def test_the_calendars_are_those_of_the_versions_in_force(world: World) -> None:
    listed = world.web().get("/api/v1/calendars").json()["items"]
    house = [(world.house.policy.name, name) for name in sorted(world.house.policy.calendars)]
    assert [(one["policy"], one["name"]) for one in listed] == house
    bring_in(world, office())
    bring_in(world, office(tz="Europe/London"), hours=1)
    assert of_office(world)["tz"] == "Europe/Oslo"
    world.clock.move(timedelta(hours=1))
    assert of_office(world)["tz"] == "Europe/London"


def test_a_calendar_that_never_opens_again_has_no_next_opening(world: World) -> None:
    bring_in(world, office(changes={"2026-11-23": {day: [] for day in WEEK}}))
    shown = of_office(world)
    assert (shown["is_open"], shown["opens_at"]) == (False, None)
