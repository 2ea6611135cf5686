from datetime import timedelta
from typing import Any

import pytest

from app.kit.db import Database
from app.models import Agent
from app.sla.terms import ClockKind, ClockStatus
from tests.harness.world import KARI, World, make_settings

TICKET = "/api/v1/tickets/1"
CLAIM = {
    "kind": "third_party_app",
    "reason": "Frakttillegget svarer ikke.",
    "evidence": "Leverandørens driftsmelding.",
}


def minor_ticket(world: World) -> World:
    world.mail("Hei\n\nLogoen på kontaktsiden er skjev.\n", subject="Skjev logo")
    world.process_all()
    world.postman.expect(KARI)
    return world


@pytest.fixture
def minor(world: World) -> World:
    """A world with one minor ticket, whose receipt was confirmed."""
    return minor_ticket(world)


@pytest.fixture
def careful(db: Database) -> World:
    """The same in a house where a second person approves what does not count."""
    settings = make_settings(
        policy={"catch_all": "alle@desk.example", "exclusions_need_approval": True}
    )
    return minor_ticket(World(db, settings))


def claim(world: World, agent: Agent | None = None, **changes: Any) -> dict[str, Any]:
    answer = world.web(agent).post(f"{TICKET}/exclusions", json={**CLAIM, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def say(world: World, exclusion: dict[str, Any], verb: str, agent: Agent, **body: Any) -> Any:
    return world.web(agent).post(f"{TICKET}/exclusions/{exclusion['id']}/{verb}", json=body)


def explained(world: World, kind: str = "first_response") -> dict[str, Any]:
    answer = world.web().get(f"{TICKET}/clocks", params={"language": "nb"})
    found: dict[str, Any] = next(one for one in answer.json()["clocks"] if one["kind"] == kind)
    assert sum(part["seconds"] for part in found["counted"]) == found["elapsed_s"]
    return found


def test_an_exclusion_stops_the_clocks_and_its_end_lets_them_run_on(minor: World) -> None:
    before = minor.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    assert before is not None
    minor.clock.move(timedelta(hours=1))
    exclusion = claim(minor)
    assert minor.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.PAUSED
    minor.clock.move(timedelta(hours=2))
    assert say(minor, exclusion, "end", minor.agent).status_code == 200
    after = minor.clock_of(ClockKind.FIRST_RESPONSE)
    assert after.status is ClockStatus.RUNNING
    assert after.limit_at == before + timedelta(hours=2)
    minor.process_all()
    minor.postman.expect(KARI, saying="Frakttillegget svarer ikke.")


def test_a_stretch_in_the_past_moves_the_deadline_by_its_length(minor: World) -> None:
    before = minor.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    assert before is not None
    minor.clock.move(timedelta(hours=3))
    claim(
        minor,
        starts_at=(minor.now - timedelta(hours=2)).isoformat(),
        ends_at=(minor.now - timedelta(minutes=30)).isoformat(),
    )
    assert minor.clock_of(ClockKind.FIRST_RESPONSE).limit_at == before + timedelta(minutes=90)
    assert explained(minor)["elapsed_s"] == 90 * 60
    minor.process_all()
    letter = minor.postman.expect(KARI, saying="butikkprogrammet")
    assert letter["Auto-Submitted"] == "auto-replied"


def test_what_was_withdrawn_never_counted_and_the_customer_is_told(minor: World) -> None:
    before = minor.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    minor.clock.move(timedelta(hours=1))
    exclusion = claim(minor)
    minor.clock.move(timedelta(hours=4))
    answer = say(minor, exclusion, "withdraw", minor.lead, reason="Feilen var vår egen.")
    assert answer.json()["status"] == "withdrawn"
    assert minor.clock_of(ClockKind.FIRST_RESPONSE).limit_at == before
    assert explained(minor)["elapsed_s"] == 5 * 3600
    minor.process_all()
    minor.postman.expect(KARI, saying="Frakttillegget")
    minor.postman.expect(KARI, saying="teller likevel")


def test_overlapping_exclusions_and_pauses_count_once(minor: World) -> None:
    first = claim(minor)
    minor.clock.move(timedelta(hours=1))
    second = claim(minor, kind="customer_caused")
    minor.clock.move(timedelta(hours=1))
    say(minor, first, "end", minor.agent)
    assert minor.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.PAUSED
    minor.clock.move(timedelta(hours=1))
    say(minor, second, "end", minor.agent)
    assert explained(minor)["elapsed_s"] == 0
    minor.clock.move(timedelta(minutes=1))
    assert explained(minor)["elapsed_s"] == 60
    minor.process_all()
    minor.postman.expect(KARI, saying="butikkprogrammet")
    minor.postman.expect(KARI, saying="ligger hos dere")


def test_the_explanation_names_who_why_and_which_exclusion(minor: World) -> None:
    exclusion = claim(minor)
    minor.clock.move(timedelta(hours=1))
    told = explained(minor)
    (stood,) = told["stood_still"]
    assert (stood["kind"], stood["ref"]) == ("exclusion", exclusion["id"])
    assert stood["because"] == "third_party_app"
    assert any(
        line.startswith("Unntak (tredjeparts programvare):") and "Ola Vakt: Frakttillegget" in line
        for line in told["words"]
    )
    minor.process_all()
    minor.postman.expect(KARI)


def test_where_a_second_person_is_asked_nothing_stops_before_they_approve(careful: World) -> None:
    started = careful.now
    exclusion = claim(careful)
    assert exclusion["status"] == "proposed"
    careful.clock.move(timedelta(minutes=30))
    assert careful.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.RUNNING
    waiting = careful.web().get("/api/v1/exclusions/proposed").json()["items"]
    assert [(one["number"], one["exclusion"]["id"]) for one in waiting] == [(1, exclusion["id"])]
    own = say(careful, exclusion, "approve", careful.agent)
    assert (own.status_code, "second person" in own.json()["detail"]) == (409, True)
    assert say(careful, exclusion, "approve", careful.lead).json()["status"] == "in_force"
    # It counts from the time that was claimed, not from the approval.
    assert explained(careful)["stood_still"][0]["from"][:19] == started.isoformat()[:19]
    assert explained(careful)["elapsed_s"] == 0
    careful.process_all()
    careful.postman.expect(KARI, saying="butikkprogrammet")
    careful.postman.expect_no_more()


def test_what_is_refused_stops_nothing_and_the_customer_hears_nothing(careful: World) -> None:
    exclusion = claim(careful)
    answer = say(careful, exclusion, "refuse", careful.lead, reason="Feilen er vår.")
    assert answer.json()["status"] == "refused"
    assert say(careful, exclusion, "approve", careful.lead).status_code == 409
    careful.clock.move(timedelta(hours=1))
    assert explained(careful)["elapsed_s"] == 3600
    careful.process_all()
    careful.postman.expect_no_more()
    assert "exclusion_refused" in careful.kinds()


def test_a_breach_that_was_written_down_stays_after_a_late_exclusion(world: World) -> None:
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    world.move(hours=2, minutes=1)
    world.postman.taken.clear()  # Receipt and pages are other stories'.
    assert world.clock_of(ClockKind.FIRST_RESPONSE).breached_at is not None
    claim(world, starts_at=(world.now - timedelta(hours=2)).isoformat())
    told = explained(world)
    assert len(told["breaches"]) == 1
    assert told["breaches"][0]["severity"] == "critical"
    world.process_all()
    world.postman.expect(KARI, saying="butikkprogrammet")


def test_an_excluded_clock_pages_nobody(world: World) -> None:
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    world.process_all()
    world.postman.expect(KARI)
    world.postman.expect("ola@desk.example")
    claim(world)
    world.process_all()
    world.postman.expect(KARI, saying="butikkprogrammet")
    world.move(hours=8)
    assert "breached" not in world.kinds()


def test_a_file_is_evidence_be_it_new_or_on_the_ticket(minor: World) -> None:
    picture = {"name": "status.png", "content_type": "image/png", "data": "iVBORw0KGgo="}
    first = claim(minor, evidence="", attachments=[picture])
    (shown,) = first["files"]
    web = minor.web()
    assert web.get(f"{TICKET}/attachments/{shown}").content == b"\x89PNG\r\n\x1a\n"
    messages = web.get(f"{TICKET}/messages").json()["items"]
    (note,) = [one for one in messages if one["attachments"]]
    assert (note["kind"], note["text"]) == ("note", first["reason"])
    second = claim(minor, evidence="", files=[shown], kind="force_majeure")
    listed = web.get(f"{TICKET}/exclusions").json()["items"]
    assert [one["files"] for one in listed] == [[shown], [shown]]
    body = {**CLAIM, "files": [second["id"]]}
    answer = web.post(f"{TICKET}/exclusions", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "files")
    minor.process_all()
    minor.postman.expect(KARI, saying="butikkprogrammet")
    minor.postman.expect(KARI, saying="utenfor vår kontroll")


def test_a_claim_without_evidence_or_from_the_future_is_refused(minor: World) -> None:
    web = minor.web()
    answer = web.post(f"{TICKET}/exclusions", json={**CLAIM, "evidence": " "})
    assert answer.status_code == 422
    later = (minor.now + timedelta(hours=1)).isoformat()
    answer = web.post(f"{TICKET}/exclusions", json={**CLAIM, "starts_at": later})
    assert (answer.status_code, answer.json()["field"]) == (422, "starts_at")
    before = (minor.now - timedelta(hours=1)).isoformat()
    answer = web.post(f"{TICKET}/exclusions", json={**CLAIM, "ends_at": before})
    assert (answer.status_code, answer.json()["field"]) == (422, "ends_at")
    assert web.get(f"{TICKET}/exclusions").json()["items"] == []


def test_an_exclusion_of_another_ticket_is_not_found(minor: World) -> None:
    exclusion = claim(minor)
    minor.mail("Annet", subject="Annet", message_id="<2@x.example>", sender="per@annen.example")
    answer = minor.web().post(
        f"/api/v1/tickets/2/exclusions/{exclusion['id']}/withdraw", json={"reason": "x"}
    )
    assert answer.status_code == 404
    minor.process_all()
    minor.postman.taken.clear()  # Letters are told of above.


def test_a_machine_is_not_told_and_the_log_says_why(world: World) -> None:
    world.mail("Feil i loggen", subject="Feil", Auto_Submitted="auto-generated")
    world.process_all()
    exclusion = claim(world)
    assert exclusion["told_at"] is None
    told = next(event for event in world.log() if event.kind == "exclusion_told")
    assert told.data["reason"] == "machine"


def test_one_record_stops_the_clocks_and_the_downtime_and_says_who_pays(world: World) -> None:
    world.mail("Hele nettbutikken er nede, ingen får betalt.", subject="Nede")
    world.process_all()
    started = world.now
    world.clock.move(timedelta(minutes=30))
    exclusion = claim(world)
    assert exclusion["billed"] is True
    world.clock.move(timedelta(hours=1, seconds=7))
    say(world, exclusion, "end", world.agent)
    world.clock.move(timedelta(minutes=10))
    world.web().post(f"{TICKET}/solve", json={})
    world.clock.move(timedelta(days=1))
    down = world.web().get(f"{TICKET}/downtime").json()
    assert (down["seconds"], down["excluded_s"]) == (40 * 60, 3_607)
    assert down["counted"][0]["from"][:19] == started.isoformat()[:19]
    assert [part["seconds"] for part in down["counted"]] == [30 * 60, 10 * 60]
    assert explained(world)["elapsed_s"] == 40 * 60
    say(world, exclusion, "withdraw", world.lead, reason="Feilen var vår egen.")
    down = world.web().get(f"{TICKET}/downtime").json()
    assert (down["seconds"], down["excluded_s"]) == (100 * 60 + 7, 0)
    world.process_all()
    world.postman.taken.clear()  # Letters and pages are told of above.
