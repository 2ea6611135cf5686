import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.desk import agreements, ladders, people
from app.desk.agreements import Offer
from app.desk.house import House
from app.kit.errors import BadInput
from app.models import LadderVersion
from app.models.base import Id
from app.sla.ladder import Ladder, default_ladder
from app.sla.toml_write import write_toml
from tests.harness.command import run, said
from tests.harness.world import World, make_settings

OUTAGE = "Hele nettbutikken er nede, ingen får betalt."


def ladder(name: str, after: str) -> Ladder:
    """Return the shipped ladder by another name, with another wait for the catch-all."""
    document = default_ladder().to_dict()
    document["name"] = name
    document["catch_all"].pop("after_s")
    document["catch_all"]["after"] = after
    return Ladder.from_dict(document)


def bring_in(world: World, brought: Ladder, **later: float) -> LadderVersion:
    with world.db.writing() as session:
        version, _ = ladders.import_ladder(
            session,
            world.house,
            brought,
            at=world.now + timedelta(**later),
            now=world.now,
            actor="test",
        )
    return version


def report(world: World, number: int) -> Id:
    """Let an outage be reported; return the version of the ladder that it is climbed by."""
    world.mail(OUTAGE, subject="Nede", message_id=f"<{number}@fjellbod.example>")
    return world.ticket(number).ladder_id


def quiet(world: World) -> None:
    world.process_all()
    world.postman.taken.clear()  # Receipts and pages are other stories'.


def test_a_version_counts_for_what_is_received_from_its_start_on(world: World) -> None:
    first = report(world, 1)
    assert first == world.house.ladder_id
    second = bring_in(world, ladder("default", "30m"), hours=1)
    world.clock.move(timedelta(minutes=59, seconds=59))
    assert report(world, 2) == first
    world.clock.move(timedelta(seconds=1))
    assert report(world, 3) == second.id
    assert world.ticket(1).ladder_id == first
    quiet(world)


def test_an_agreement_names_a_ladder_and_gets_its_versions(world: World) -> None:
    gold = bring_in(world, ladder("gold", "20m"))
    with world.db.writing() as session:
        customer = people.add_customer(
            session, name="Fjellbod AS", domains=("fjellbod.example",), now=world.now
        )
        offer = Offer(valid_from=world.now, ladder="gold")
        agreements.agree(session, customer, offer, now=world.now, actor="test")
    assert report(world, 1) == gold.id
    newer = bring_in(world, ladder("gold", "40m"), hours=1)
    assert report(world, 2) == gold.id
    world.clock.move(timedelta(hours=1))
    assert report(world, 3) == newer.id
    world.mail(OUTAGE, sender="per@annen.example", message_id="<4@annen.example>")
    assert world.ticket(4).ladder_id == world.house.ladder_id
    quiet(world)


def test_a_changed_file_of_the_houses_counts_after_versions_were_imported(
    world: World, tmp_path: Path
) -> None:
    bring_in(world, ladder("default", "30m"))
    file = tmp_path / "ladder.toml"
    file.write_text(write_toml(ladder("default", "45m").to_dict()), encoding="utf-8")
    world.clock.move(timedelta(hours=1))
    changed = make_settings(policy={"ladder_file": file, "catch_all": "alle@desk.example"})
    with world.db.writing() as session:
        house = House.open(session, changed, now=world.now)
    assert report(world, 1) == house.ladder_id != world.house.ladder_id
    quiet(world)


def test_what_is_exported_can_be_imported_again_unchanged(world: World, tmp_path: Path) -> None:
    exported = said(world, "ladder", "export", "default")
    assert Ladder.from_toml(exported).digest() == default_ladder().digest()
    # Step by step, as people write it.
    assert exported.count("\n[[steps]]\n") == len(default_ladder().steps)
    draft = tmp_path / "draft.toml"
    draft.write_text(exported.replace("after_s = 900", "after_s = 1800"), encoding="utf-8")
    told = said(world, "ladder", "import", str(draft), "--from", "2199-01-01")
    assert "default version 2 counts from 2198-12-31 23:00 UTC." in told
    assert "default\tversion 2\tfrom 2198-12-31 23:00" in said(world, "ladder", "list")
    assert run(world, "ladder", "export", "gold").exit_code == 1


def test_a_ladder_does_not_begin_in_the_past(world: World) -> None:
    with pytest.raises(BadInput, match="in the past"):
        bring_in(world, ladder("default", "30m"), days=-1)


def test_lists_of_tables_are_written_a_table_at_a_time() -> None:
    document: dict[str, object] = {"rows": [{"a": {"b": 1}, "c": [{"d": 2}]}, {}], "t": {"r": [{}]}}
    assert tomllib.loads(write_toml(document)) == document


def test_a_ladder_by_the_api_is_read_checked_and_counts(world: World) -> None:
    web = world.web(world.lead)
    first = web.get("/api/v1/ladders").json()["items"][0]
    assert web.get(f"/api/v1/ladders/{first['id']}").json() == first
    toml = web.get(f"/api/v1/ladders/{first['id']}/toml").text
    assert Ladder.from_toml(toml).digest() == first["digest"]
    later = world.now + timedelta(hours=1)
    body = {
        "toml": write_toml(ladder(first["name"], "30m").to_dict()),
        "starts_at": later.isoformat(),
    }
    refused = world.web().post("/api/v1/ladders", json=body)
    assert refused.status_code == 403
    done = web.post("/api/v1/ladders", json=body)
    assert done.status_code == 201, done.text
    assert (done.json()["version"], done.json()["silences"]) == (2, [])
    second = web.get(f"/api/v1/ladders/{done.json()['id']}").json()
    assert [datetime.fromisoformat(one) for one in second["starts"]] == [later]
    assert str(report(world, 1)) == first["id"]
    world.clock.move(timedelta(hours=1))
    assert str(report(world, 2)) == second["id"]
    quiet(world)


def test_a_ladder_that_is_wrong_or_reaches_nobody_is_not_kept(world: World) -> None:
    web = world.web(world.lead)
    good = write_toml(ladder("default", "30m").to_dict())
    nobody = ladder("default", "30m").to_dict()
    nobody["steps"][0] |= {"whom": ["team:Ghosts"], "fallback": []}
    wrong = {
        good.replace("1800", '"later"', 1): "line",
        write_toml(Ladder.from_dict(nobody).to_dict()): "steps[0]",
    }
    for toml, field in wrong.items():
        answer = web.post("/api/v1/ladders", json={"toml": toml})
        assert answer.status_code == 422, answer.text
        assert field in answer.json()["field"], answer.text
    past = (world.now - timedelta(days=2)).isoformat()
    assert web.post("/api/v1/ladders", json={"toml": good, "starts_at": past}).status_code == 422
    assert len(web.get("/api/v1/ladders").json()["items"]) == 1
    missing = "01234567-89ab-7def-8123-456789abcdef"
    for path in (missing, f"{missing}/toml"):
        assert web.get(f"/api/v1/ladders/{path}").status_code == 404
