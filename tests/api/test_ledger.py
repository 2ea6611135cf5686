from datetime import timedelta
from uuid import uuid4

from app.models import LedgerState, Role
from tests.harness.world import KARI, World, make_mail

LEDGER = "/api/v1/intake/mails"


def test_the_ledger_can_be_searched(world: World) -> None:
    world.mail()
    world.clock.move(timedelta(hours=1))
    world.mail(message_id="<2@fjellbod.example>", subject="Noe annet")
    again = world.process(world.put(make_mail()))
    web = world.web()

    def uids(**wanted: object) -> list[int]:
        answer = web.get(LEDGER, params=wanted)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        return [row["uid"] for row in answer.json()["items"]]

    later = (world.now - timedelta(minutes=1)).isoformat()
    assert uids() == [3, 2, 1]
    assert uids(state=["duplicate", "quarantined"]) == [3]
    assert uids(mailbox="support") == [3, 2, 1]
    assert uids(mailbox="sales") == uids(folder="lmtp") == uids(reason="bounce") == []
    assert uids(message_id="<2@fjellbod.example>") == [2]
    assert uids(ticket=1) == [3, 1]
    assert uids(received_from=later) == [3, 2]
    assert uids(received_before=later) == [1]
    assert web.get(LEDGER, params={"ticket": 99}).status_code == 404
    assert web.get(LEDGER, params={"stat": "opened"}).status_code == 422
    assert web.get(f"{LEDGER}/counts").json() == {"opened": 2, "duplicate": 1}
    assert web.get(f"{LEDGER}/{again.id}").json()["reason"] == "same_message"
    assert web.get(f"{LEDGER}/{uuid4()}").status_code == 404
    world.process_all()
    world.postman.taken.clear()


def test_pages_of_the_ledger_join_without_a_gap(world: World) -> None:
    for number in range(5):
        world.put(make_mail(message_id=f"<{number}@fjellbod.example>"))
    web = world.web()
    seen: list[int] = []
    cursor: str | None = None
    while True:
        page = web.get(LEDGER, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["uid"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [5, 4, 3, 2, 1]


def test_our_own_delay_is_shown(world: World) -> None:
    row = world.mail(received_at=world.now - timedelta(seconds=90))
    web = world.web()
    assert web.get(f"{LEDGER}/{row.id}").json()["fetch_lag_s"] == 90
    assert web.get("/api/v1/tickets/1").json()["intake_lag_s"] == 90
    world.process_all()
    world.postman.expect(KARI)


def test_a_ticket_is_made_of_a_message_that_got_none(world: World) -> None:
    world.mail()
    row = world.process(world.put(make_mail()))
    assert row.state is LedgerState.DUPLICATE
    web = world.web()
    assert web.post(f"{LEDGER}/{row.id}/ticket").json()["state"] == "received"
    world.process_all()
    made = world.row(row.uid)
    assert made.state is LedgerState.OPENED
    assert made.ticket_id == world.ticket(2).id
    assert web.post(f"{LEDGER}/{row.id}/ticket").status_code == 409
    world.postman.taken.clear()


def test_a_message_that_joined_the_wrong_ticket_gets_its_own(world: World) -> None:
    world.mail()
    row = world.mail(message_id="<2@x>", In_Reply_To="<1@fjellbod.example>")
    assert row.state is LedgerState.APPENDED
    world.web().post(f"{LEDGER}/{row.id}/ticket")
    world.process_all()
    assert world.row(row.uid).ticket_id == world.ticket(2).id
    world.postman.taken.clear()


def test_a_refused_message_may_walk_again_and_a_joined_one_may_not(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    refused = world.mail("ekko", message_id=str(receipt["Message-ID"]))
    assert refused.state is LedgerState.REFUSED
    web = world.web()
    assert web.post(f"{LEDGER}/{refused.id}/retry").status_code == 200
    world.process_all()
    assert world.row(refused.uid).attempts == 2
    assert web.post(f"{LEDGER}/{world.row(1).id}/retry").status_code == 409
    assert web.post(f"{LEDGER}/{uuid4()}/retry").status_code == 404


def test_a_viewer_may_look_but_not_retry(world: World) -> None:
    row = world.mail()
    web = world.web(world.hire("Siri Ser", "siri@desk.example", Role.VIEWER))
    assert web.get(LEDGER).status_code == 200
    assert web.post(f"{LEDGER}/{row.id}/ticket").status_code == 403
    assert web.post(f"{LEDGER}/{row.id}/retry").status_code == 403
    world.process_all()
    world.postman.expect(KARI)
