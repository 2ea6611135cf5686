from datetime import timedelta

import pytest

from app.kit.errors import PermanentError, TemporaryError
from app.models import Role
from tests.harness.world import KARI, TUESDAY_TEN, World


@pytest.fixture
def opened(world: World) -> World:
    """A world with one minor ticket whose receipt was confirmed."""
    world.mail("Hei\n\nLogoen på kontaktsiden er skjev.\n", subject="Skjev logo")
    world.process_all()
    world.postman.expect(KARI)
    return world


def clock(ticket: dict[str, object], kind: str) -> dict[str, object]:
    clocks = ticket["clocks"]
    assert isinstance(clocks, list)
    return next(one for one in clocks if one["kind"] == kind)


def test_without_a_token_nothing_is_told(opened: World) -> None:
    client = opened.web()
    del client.headers["Authorization"]
    answer = client.get("/api/v1/tickets")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    client.headers["Authorization"] = "Bearer wrong"
    assert client.get("/api/v1/tickets").status_code == 401


def test_a_viewer_may_read_and_change_nothing(opened: World) -> None:
    client = opened.web(opened.hire("Vera", "vera@desk.example", Role.VIEWER))
    assert client.get("/api/v1/tickets/1").status_code == 200
    assert client.post("/api/v1/tickets/1/work").status_code == 403
    assert client.post("/api/v1/tickets/1/replies", json={"text": "hei"}).status_code == 403


def test_a_reply_goes_out_in_the_thread_and_meets_the_first_response(opened: World) -> None:
    opened.clock.move(timedelta(minutes=30))
    answer = opened.web().post("/api/v1/tickets/1/replies", json={"text": "Vi ser på det."})
    assert answer.status_code == 200, answer.text
    met = clock(answer.json(), "first_response")
    assert met["status"] == "met"
    assert met["met_at"] == "2026-11-24T09:30:00Z"
    assert clock(answer.json(), "work_started")["status"] == "running"
    opened.process_all()
    mail = opened.postman.expect(KARI, saying="Vi ser på det.")
    assert mail["Auto-Submitted"] is None
    assert "<1@fjellbod.example>" in str(mail["References"])


def test_starting_work_meets_the_second_clock(opened: World) -> None:
    answer = opened.web().post("/api/v1/tickets/1/work")
    assert clock(answer.json(), "work_started")["status"] == "met"
    assert clock(answer.json(), "first_response")["status"] == "running"
    assert answer.json()["assignee_id"] == str(opened.agent.id)


def test_severity_moves_the_deadlines_and_keeps_the_start(opened: World) -> None:
    opened.clock.move(timedelta(minutes=30))
    answer = opened.web().put(
        "/api/v1/tickets/1/severity", json={"severity": "critical", "reason": "ingen får betalt"}
    )
    assert answer.status_code == 200
    moved = clock(answer.json(), "first_response")
    assert moved["started_at"] == "2026-11-24T09:00:00Z"
    assert moved["limit_at"] == "2026-11-24T11:00:00Z"
    assert moved["limit_left_s"] == 90 * 60
    assert answer.json()["severity_reasons"] == ["ingen får betalt"]
    opened.process_all()
    opened.postman.taken.clear()  # The pages of a critical ticket are another story's.


def test_severity_without_a_reason_is_refused(opened: World) -> None:
    answer = opened.web().put(
        "/api/v1/tickets/1/severity", json={"severity": "critical", "reason": "  "}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.reason"


def test_waiting_for_the_customer_stops_the_clocks_and_resuming_gives_the_time_back(
    opened: World,
) -> None:
    client = opened.web()
    before = clock(client.get("/api/v1/tickets/1").json(), "first_response")
    waiting = client.post("/api/v1/tickets/1/wait", json={"reason": "Hvilken nettleser?"}).json()
    assert clock(waiting, "first_response")["status"] == "paused"
    assert clock(waiting, "first_response")["limit_at"] is None
    opened.clock.move(timedelta(hours=2))
    resumed = client.post("/api/v1/tickets/1/resume", json={}).json()
    after = clock(resumed, "first_response")
    assert after["status"] == "running"
    assert after["limit_left_s"] is not None
    assert after["limit_at"] > before["limit_at"]  # type: ignore[operator]


def test_a_verb_that_does_not_fit_the_status_is_a_conflict(opened: World) -> None:
    client = opened.web()
    assert client.post("/api/v1/tickets/1/resume", json={}).status_code == 409
    assert client.post("/api/v1/tickets/1/reopen").status_code == 409
    assert client.post("/api/v1/tickets/1/solve", json={}).status_code == 200
    answer = client.post("/api/v1/tickets/1/solve", json={})
    assert answer.status_code == 409
    assert answer.json()["remedy"] == "Reopen it first."
    assert client.post("/api/v1/tickets/1/reopen").status_code == 200


def test_the_list_is_paged_and_stays_stable(opened: World) -> None:
    for number in range(2, 6):
        opened.mail(
            f"Feil nummer {number}", subject=f"Feil {number}", message_id=f"<{number}@x.example>"
        )
    client = opened.web()
    first = client.get("/api/v1/tickets", params={"limit": 2}).json()
    assert [one["number"] for one in first["items"]] == [5, 4]
    opened.mail("Ny", subject="Ny", message_id="<new@x.example>")
    second = client.get("/api/v1/tickets", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["number"] for one in second["items"]] == [3, 2]
    assert client.get("/api/v1/tickets", params={"cursor": "nonsense"}).status_code == 422
    assert client.get("/api/v1/tickets", params={"status": "solved"}).json()["items"] == []
    opened.process_all()
    opened.postman.taken.clear()  # Receipts, counted elsewhere.


def test_a_ticket_that_is_not_there_is_404(opened: World) -> None:
    answer = opened.web().get("/api/v1/tickets/999")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no ticket 999"


def test_a_note_stays_in_the_house(opened: World) -> None:
    client = opened.web()
    assert client.post("/api/v1/tickets/1/notes", json={"text": "Ring Kari."}).status_code == 200
    notes = [
        one
        for one in client.get("/api/v1/tickets/1/messages").json()["items"]
        if one["kind"] == "note"
    ]
    assert [note["text"] for note in notes] == ["Ring Kari."]
    opened.process_all()


def test_a_delivery_that_fails_for_good_shows_on_the_ticket(opened: World) -> None:
    opened.postman.failures.append(PermanentError("550 5.1.1 no such user"))
    client = opened.web()
    client.post("/api/v1/tickets/1/replies", json={"text": "Vi ser på det."})
    opened.process_all()
    states = {
        one["kind"]: one for one in client.get("/api/v1/tickets/1/deliveries").json()["items"]
    }
    assert states["letter"]["state"] == "failed"
    assert "550" in states["letter"]["last_error"]
    assert "delivery_failed" in opened.kinds()
    for reader in ("ola@desk.example", "ingrid@desk.example", "alle@desk.example"):
        opened.postman.expect(reader, saying="550")


def test_a_delivery_that_fails_for_now_is_tried_again_and_sent_once(opened: World) -> None:
    opened.postman.failures.append(TemporaryError("451 try later"))
    opened.web().post("/api/v1/tickets/1/replies", json={"text": "Vi ser på det."})
    opened.process_all()
    opened.clock.move(timedelta(seconds=7))
    opened.process_all()
    opened.postman.expect(KARI, saying="Vi ser på det.")


def test_the_timeline_tells_everything_in_order(opened: World) -> None:
    client = opened.web()
    client.post("/api/v1/tickets/1/work")
    kinds = [one["kind"] for one in client.get("/api/v1/tickets/1/timeline").json()["items"]]
    assert kinds == ["opened", "acknowledged", "assigned", "work_started"]


def test_the_ledger_can_be_read_and_its_raw_mail_downloaded(opened: World) -> None:
    client = opened.web()
    row = client.get("/api/v1/intake/mails").json()["items"][0]
    assert row["state"] == "opened"
    raw = client.get(f"/api/v1/intake/mails/{row['id']}/raw")
    assert raw.headers["content-type"].startswith("message/rfc822")
    assert b"Skjev logo" in raw.content
    assert client.post(f"/api/v1/intake/mails/{row['id']}/retry").status_code == 409


def test_times_are_told_in_utc_with_their_zone(opened: World) -> None:
    ticket = opened.web().get("/api/v1/tickets/1").json()
    assert ticket["received_at"] == TUESDAY_TEN.isoformat().replace("+00:00", "Z")
