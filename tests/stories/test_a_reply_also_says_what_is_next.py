"""One call replies with files and copies, and solves the ticket or waits for the customer."""

import base64
from email.message import EmailMessage

import pytest

from app.sla.terms import ClockKind, ClockStatus
from tests.harness.world import KARI, World

REPLIES = "/api/v1/tickets/1/replies"
PER = "per@revisor.example"
LOG = b"alt er galt\n"


@pytest.mark.parametrize(("then", "status"), [("wait", "waiting"), ("solve", "solved")])
def test_files_copies_and_what_is_next_go_in_one_call(world: World, then: str, status: str) -> None:
    world.mail()
    world.process_all()
    world.postman.expect(KARI)
    web = world.web()
    log = {"name": "logg.txt", "content_type": "text/plain", "data": base64.b64encode(LOG).decode()}
    body = {"text": "Se loggen.", "cc": [PER], "attachments": [log], "then": then}
    answer = web.post(REPLIES, json=body, headers={"Idempotency-Key": "en"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == status
    # Sent again, it neither replies nor solves twice.
    again = web.post(REPLIES, json=body, headers={"Idempotency-Key": "en"})
    assert (again.status_code, again.json()) == (200, answer.json())
    world.deliver()
    mail = world.postman.expect(KARI, saying="Se loggen.")
    assert isinstance(mail, EmailMessage)
    assert mail["Cc"] == PER
    assert [one.get_filename() for one in mail.iter_attachments()] == ["logg.txt"]
    kept = web.get("/api/v1/tickets/1/messages").json()["items"][-1]
    (file,) = kept["attachments"]
    assert (kept["cc_addresses"], file["name"], file["size"]) == ([PER], "logg.txt", len(LOG))
    assert web.get(f"/api/v1/tickets/1/attachments/{file['id']}").content == LOG
    assert world.ticket().status.value == status
    assert world.clock_of(ClockKind.FIRST_RESPONSE).status is ClockStatus.MET


@pytest.mark.parametrize("then", ["wait", "solve"])
def test_where_the_second_half_is_refused_nothing_is_sent(world: World, then: str) -> None:
    world.mail()
    world.process_all()
    world.postman.expect(KARI)
    web = world.web()
    assert web.post("/api/v1/tickets/1/solve", json={}).status_code == 200
    said = len(web.get("/api/v1/tickets/1/messages").json()["items"])
    answer = web.post(REPLIES, json={"text": "Se loggen.", "cc": [PER], "then": then})
    assert answer.status_code == 409, answer.text
    assert len(web.get("/api/v1/tickets/1/messages").json()["items"]) == said
    world.process_all()  # At its end the world refuses mail that nobody expects.
