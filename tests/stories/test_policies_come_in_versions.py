import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.desk import agreements, people, policies
from app.desk.agreements import Offer
from app.desk.house import House
from app.desk.policies import Imported
from app.kit.db import Database
from app.models import PolicyVersion
from app.sla.policy import Policy, default_policy
from app.sla.terms import ClockKind
from app.sla.toml_write import write_toml
from app.store import agreements as agreement_store
from app.store import clocks as clock_store
from app.store import tickets
from escalation.replay import replay
from intake.process import Processor
from tests.harness.command import run, said
from tests.harness.world import KARI, TUESDAY_TEN, World, make_settings

OUTAGE = "Hele nettbutikken er nede, ingen får betalt."
OLA = "ola@desk.example"


def standard(limit: str) -> Policy:
    """Return the shipped policy with another limit for the first answer to a critical fault."""
    document: Any = default_policy().to_dict()
    document["targets"]["critical"]["first_response"].update(target=limit, limit=limit)
    return Policy.from_dict(document)


def bring_in(world: World, policy: Policy, **later: float) -> Imported:
    with world.db.writing() as session:
        return policies.import_policy(
            session,
            world.house,
            policy,
            at=world.now + timedelta(**later),
            now=world.now,
            actor="test",
        )


def report(world: World, number: int) -> timedelta:
    """Let an outage be reported; return how long its first response may take."""
    world.mail(OUTAGE, subject="Nede", message_id=f"<{number}@fjellbod.example>")
    world.process_all()
    world.postman.taken.clear()  # Receipts and pages are other stories'.
    limit = world.clock_of(ClockKind.FIRST_RESPONSE, number).limit_at
    assert limit is not None
    return limit - world.now


def with_customer(world: World, contact: str | None = "sjef@fjellbod.example") -> None:
    with world.db.writing() as session:
        customer = people.add_customer(
            session, name="Fjellbod AS", domains=("fjellbod.example",), now=world.now
        )
        offer = Offer(valid_from=world.now, contact_email=contact, language="nb")
        agreements.agree(session, customer, offer, now=world.now, actor="test")


def test_a_version_counts_for_what_is_received_from_its_start_on(world: World) -> None:
    bring_in(world, standard("30m"), hours=1)
    assert report(world, 1) == timedelta(hours=2)
    world.clock.move(timedelta(minutes=59, seconds=59))
    assert report(world, 2) == timedelta(hours=2)
    world.clock.move(timedelta(seconds=1))
    assert report(world, 3) == timedelta(minutes=30)
    # Late news of an early report is answered under what was promised then.
    world.mail(OUTAGE, message_id="<4@x.example>", received_at=TUESDAY_TEN + timedelta(minutes=5))
    assert world.ticket(4).policy_id == world.ticket(1).policy_id != world.ticket(3).policy_id
    world.process_all()
    world.postman.taken.clear()  # Receipts and pages are other stories'.


def test_going_back_to_an_earlier_version_makes_no_new_one(world: World) -> None:
    bring_in(world, standard("30m"))
    bring_in(world, default_policy(), hours=1)
    assert report(world, 1) == timedelta(minutes=30)
    world.clock.move(timedelta(hours=1))
    assert report(world, 2) == timedelta(hours=2)
    assert world.ticket(2).policy_id == world.house.policy_id


def test_a_promise_is_not_changed_backwards(world: World) -> None:
    with pytest.raises(Exception, match="past"):
        bring_in(world, standard("30m"), days=-2)


def test_a_lead_moves_an_open_ticket_and_the_log_says_so(world: World) -> None:
    assert report(world, 1) == timedelta(hours=2)
    done = bring_in(world, standard("4h"))
    world.clock.move(timedelta(hours=1))
    body = {"policy_id": str(done.version.id), "reason": "Avtalt på telefon."}
    assert world.web(world.agent).put("/api/v1/tickets/1/policy", json=body).status_code == 403
    web = world.web(world.lead)
    assert web.put("/api/v1/tickets/1/policy", json=body).status_code == 200
    assert web.put("/api/v1/tickets/1/policy", json=body).status_code == 409
    limit = world.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    assert limit == TUESDAY_TEN + timedelta(hours=4)
    assert "policy_moved" in world.kinds()
    told = web.get("/api/v1/tickets/1/clocks").json()["clocks"][0]
    assert told["changes"][0]["reason"] == "Avtalt på telefon."


def test_a_lower_promise_is_told_to_the_customer_only_when_somebody_approves(
    world: World,
) -> None:
    with_customer(world)
    done = bring_in(world, standard("3h"), days=30)
    assert [customer.name for _, customer in done.notices] == ["Fjellbod AS"]
    world.process_all()
    world.postman.expect_no_more()
    web = world.web(world.lead)
    (notice,) = web.get("/api/v1/notices", params={"state": "queued"}).json()["items"]
    assert notice["lowered"] == [
        {"severity": "critical", "kind": "first_response", "before_s": 7200, "after_s": 10800}
    ]
    assert web.post(f"/api/v1/notices/{notice['id']}/approve").status_code == 200
    assert web.post(f"/api/v1/notices/{notice['id']}/approve").status_code == 409
    world.process_all()
    letter = world.postman.expect("sjef@fjellbod.example", saying="fra 2 t til 3 t")
    assert "torsdag 24. desember" in str(letter["Subject"])


def test_a_higher_promise_is_told_to_nobody(world: World) -> None:
    with_customer(world)
    assert bring_in(world, standard("1h"), days=30).notices == ()


def test_an_agreement_that_ends_later_is_told_of_what_is_lowered_before(world: World) -> None:
    with_customer(world)
    with world.db.writing() as session:
        ((agreement, _),) = agreement_store.lasting(session, world.now)
        agreements.end(
            session,
            agreement,
            at=world.now + timedelta(days=60),
            reason="Sagt opp.",
            now=world.now,
            actor="test",
        )
    told = bring_in(world, standard("3h"), days=30).notices
    assert [customer.name for _, customer in told] == ["Fjellbod AS"]
    assert bring_in(world, standard("4h"), days=61).notices == ()


def test_a_notice_that_names_nobody_waits_and_can_be_dropped(world: World) -> None:
    with_customer(world, contact=None)
    bring_in(world, standard("3h"), days=30)
    web = world.web(world.lead)
    (notice,) = web.get("/api/v1/notices").json()["items"]
    path = f"/api/v1/notices/{notice['id']}"
    assert web.post(f"{path}/approve").status_code == 409
    assert web.post(f"{path}/drop", json={"reason": "Sagt på telefon."}).status_code == 200
    assert web.get("/api/v1/notices").json()["items"][0]["state"] == "dropped"


def test_what_is_exported_can_be_imported_again_unchanged(world: World, tmp_path: Path) -> None:
    exported = said(world, "policy", "export", "standard")
    assert Policy.from_toml(exported).digest() == default_policy().digest()
    draft = tmp_path / "draft.toml"
    draft.write_text(write_toml(standard("3h").to_dict()), encoding="utf-8")
    told = said(world, "policy", "import", str(draft), "--from", "2199-01-01")
    assert "standard version 2 counts from 2198-12-31 23:00 UTC." in told
    assert "LOWERED critical first_response" in told
    listed = said(world, "policy", "list")
    assert "standard\tversion 2\tfrom 2198-12-31 23:00" in listed
    past = run(world, "policy", "import", str(draft), "--from", "2020-01-01")
    assert past.exit_code == 1


def test_a_house_that_was_never_served_shows_its_own(db: Database) -> None:
    settings = {
        "SVARTID_DATABASE__URL": db.url.render_as_string(hide_password=False),
        "SVARTID_DESK__SECRET": "s" * 40,
    }
    for words in (("export", "standard"), ("list",), ("diff", "standard@1", "standard@1")):
        shown = CliRunner().invoke(cli, ["policy", *words], env=settings)
        assert shown.exit_code == 0, shown.output
        assert "standard" in shown.output or shown.output == "No difference.\n"


def test_versions_are_compared_by_name_and_number_or_with_a_file(
    world: World, tmp_path: Path
) -> None:
    bring_in(world, standard("3h"), days=1)
    told = said(world, "policy", "diff", "standard@1", "standard@2", "--year", "2026")
    assert 'targets.critical.first_response.limit: "2h" -> "3h"' in told
    assert "LOWERED critical first_response" in told
    file = tmp_path / "draft.toml"
    file.write_text(write_toml(standard("3h").to_dict()), encoding="utf-8")
    assert said(world, "policy", "diff", "standard@2", str(file)) == "No difference.\n"
    assert run(world, "policy", "diff", "standard@1", "standard@9").exit_code == 1


def test_writing_toml_keeps_every_kind_of_value() -> None:
    document: dict[str, object] = {
        "name": 'a "quoted" \\ name\x7f',
        "n": 3,
        "yes": True,
        "rows": [["09:00", "24:00"], []],
        "a table": {"2026-05-15": "Planleggingsdag", "inner": {"x": 1.5}},
        "empty": {},
    }
    assert tomllib.loads(write_toml(document)) == document
    with pytest.raises(TypeError):
        write_toml({"x": object()})


def test_a_replay_tells_what_a_draft_would_have_missed_and_changes_nothing(
    world: World, tmp_path: Path
) -> None:
    report(world, 1)
    world.clock.move(timedelta(minutes=45))
    world.web().post("/api/v1/tickets/1/replies", json={"text": "Vi ser på det."})
    world.web().post("/api/v1/tickets/1/work")
    world.process_all()
    world.postman.expect(KARI)
    log = world.kinds()
    draft = tmp_path / "draft.toml"
    draft.write_text(write_toml(standard("30m").to_dict()), encoding="utf-8")
    period = ("--from", "2026-11-24", "--to", "2026-11-25")
    sums = json.loads(said(world, "policy", "replay", str(draft), *period, "--json"))
    assert (sums["tickets"], sums["missed_before"], sums["missed_after"]) == (1, 0, 1)
    assert (sums["newly_missed"], sums["newly_kept"]) == (1, 0)
    assert sums["pages_after"] > sums["pages_before"] > 0
    words = said(world, "policy", "replay", str(draft), *period)
    assert "newly missed: #1 critical first_response, limit 2026-11-24 09:30 UTC" in words
    elsewhere = said(world, "policy", "replay", str(draft), "--from", "2026-11-25", "--to",
                     "2026-11-26", "--json")  # fmt: skip
    assert json.loads(elsewhere)["tickets"] == 0
    assert world.kinds() == log
    with world.db.reading() as session:
        assert len(tickets.events(session, world.ticket().id)) == len(log)


def test_a_replay_of_the_policy_itself_changes_no_outcome(world: World) -> None:
    report(world, 1)
    world.move(hours=3)
    world.postman.taken.clear()  # Pages are other stories'.
    with world.db.reading() as session:
        found = replay(
            session,
            world.house,
            default_policy(),
            since=TUESDAY_TEN,
            until=world.now,
            now=world.now,
        )
    assert found.counts()["missed_before"] == found.counts()["missed_after"] == 2
    assert all(one.limit_before == one.limit_after for one in found.outcomes)
    assert found.counts()["pages_before"] == found.counts()["pages_after"]


def pages_of(world: World, draft: Policy) -> tuple[int, int, int]:
    """Return the pages of all tickets that were sent, and a replay's: as it was, and a draft's."""
    with world.db.reading() as session:
        found = replay(
            session, world.house, draft, since=TUESDAY_TEN, until=world.now, now=world.now
        )
        rows = tickets.received_between(session, TUESDAY_TEN, world.now)
        steps = [step for row in rows for step in clock_store.steps_of_ticket(session, row.id)]
    sums = found.counts()
    sent = sum(not step.skipped for step in steps)
    return sent, sums["pages_before"], sums["pages_after"]


def test_a_replay_counts_the_pages_that_the_engine_sent(world: World) -> None:
    """Pauses, a raise, taking, solving and opening anew: the replay climbs as the engine did."""
    world.mail("Logoen er skjev.", subject="Skjev logo", message_id="<1@x.example>")
    world.process_all()
    world.move(hours=5)
    web = world.web()
    assert web.post("/api/v1/tickets/1/wait", json={"reason": "Hvor?"}).status_code == 200
    world.move(hours=20)
    assert web.post("/api/v1/tickets/1/resume", json={}).status_code == 200
    world.move(hours=6)
    body = {"severity": "critical", "reason": "Ingen får betalt"}
    assert web.put("/api/v1/tickets/1/severity", json=body).status_code == 200
    world.move(minutes=21)
    sent, before, _ = pages_of(world, default_policy())
    assert sent == before > 3
    assert web.post("/api/v1/tickets/1/take").status_code == 200
    world.move(hours=3)
    body = {"reason": "Må gå"}
    assert web.post("/api/v1/tickets/1/hand-back", json=body).status_code == 200
    world.move(minutes=50)
    assert web.post("/api/v1/tickets/1/solve", json={}).status_code == 200
    world.move(hours=30)
    sent, before, _ = pages_of(world, default_policy())
    assert sent == before
    assert web.post("/api/v1/tickets/1/reopen", json={}).status_code == 200
    world.move(minutes=40)
    sent, before, after = pages_of(world, default_policy())
    assert sent == before == after
    world.postman.taken.clear()  # What is written in them is other stories'.


def test_every_version_is_listed_with_its_start(world: World) -> None:
    done = bring_in(world, standard("30m"), hours=1)
    listed = world.web().get("/api/v1/policies").json()["items"]
    assert [(one["version"], len(one["starts"])) for one in listed] == [(1, 1), (2, 1)]
    assert listed[1]["id"] == str(done.version.id)
    with world.db.reading() as session:
        assert session.get(PolicyVersion, done.version.id) is not None


def test_a_changed_file_of_the_houses_counts_after_versions_were_imported(
    world: World, tmp_path: Path
) -> None:
    bring_in(world, standard("30m"))
    world.clock.move(timedelta(hours=1))
    file = tmp_path / "policy.toml"
    file.write_text(write_toml(standard("1h").to_dict()), encoding="utf-8")
    changed = make_settings(policy={"file": file, "catch_all": "alle@desk.example"})
    for _ in range(2):  # Starting the service again changes nothing.
        with world.db.writing() as session:
            world.house = House.open(session, changed, now=world.now)
    world.processor = Processor(world.db, world.house, world.clock, batch=25)
    assert report(world, 1) == timedelta(hours=1)
    listed = world.web().get("/api/v1/policies").json()["items"]
    assert [(one["version"], len(one["starts"])) for one in listed] == [(1, 1), (2, 1), (3, 1)]


def test_a_policy_by_the_api_is_read_checked_and_counts(world: World) -> None:
    with_customer(world)
    web = world.web(world.lead)
    first = web.get("/api/v1/policies").json()["items"][0]
    toml = web.get(f"/api/v1/policies/{first['id']}/toml").text
    assert Policy.from_toml(toml).digest() == first["digest"]
    lower = write_toml(standard("3h").to_dict())
    done = web.post("/api/v1/policies", json={"toml": lower})
    assert done.status_code == 201, done.text
    assert done.json()["to_be_told"] == ["Fjellbod AS"]
    assert [one["lowers"] for one in done.json()["effects"]] == [True]
    assert report(world, 1) == timedelta(hours=3)
    wrong = web.post("/api/v1/policies", json={"toml": lower.replace("3h", "later", 1)})
    assert wrong.status_code == 422
    assert "targets.critical.first_response" in wrong.json()["field"]
    assert "line" in wrong.json()["field"]
    refused = world.web().post("/api/v1/policies", json={"toml": lower})
    assert refused.status_code == 403
