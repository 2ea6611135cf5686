"""Contacts, deliveries, mailboxes, customers and the month's report."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.kit.errors import PermanentError
from tests.harness.world import KARI, World

API = "/api/v1"
OLE = "ole@fjellbod.example"


@pytest.fixture
def two(world: World) -> World:
    """A world with a ticket of Kari's and one of Ole's."""
    world.mail(subject="Skjev logo", text="Logoen er skjev.\n")
    world.mail(
        "Logoen er skjev.\n",
        sender=f"Ole <{OLE}>",
        subject="Logo?",
        message_id="<2@fjellbod.example>",
    )
    world.process_all()
    world.postman.taken.clear()  # The receipts are other stories'.
    return world


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def contact(web: TestClient, words: str) -> dict[str, Any]:
    (one,) = ok(web.get(f"{API}/contacts", params={"q": words}))["items"]
    found: dict[str, Any] = one
    return found


def test_contacts_are_found_and_changed(two: World) -> None:
    web = two.web()
    kari = contact(web, "KARI@")
    assert ok(web.get(f"{API}/contacts/{kari['id']}"))["name"] == "Kari Fjeld"
    body = {"name": "Kari F.", "email": OLE, "customer_id": None}
    ok(web.put(f"{API}/contacts/{kari['id']}", json=body), 409)
    body["email"] = "Kari.F@fjellbod.example"
    changed = ok(web.put(f"{API}/contacts/{kari['id']}", json=body))
    assert changed["email"] == "kari.f@fjellbod.example"
    assert [one["name"] for one in ok(web.get(f"{API}/contacts"))["items"]] == ["Kari F.", "Ole"]
    body["name"] = "Kari Nygift"
    ok(web.put(f"{API}/contacts/{kari['id']}", json=body))
    (found,) = ok(web.get(f"{API}/search", params={"q": "nygift"}))["items"]
    assert (found["ticket"]["number"], found["message_id"]) == (1, None)


def test_two_contacts_that_are_one_person_become_one(two: World) -> None:
    web = two.web()
    kari, ole = contact(web, "kari"), contact(web, "ole")
    ok(web.post(f"{API}/contacts/{ole['id']}/merge", json={"into": ole["id"]}), 422)
    assert ok(web.post(f"{API}/contacts/{ole['id']}/merge", json={"into": kari["id"]}))["id"]
    assert two.ticket(2).contact_id == two.ticket(1).contact_id
    assert [one["id"] for one in ok(web.get(f"{API}/contacts"))["items"]] == [kari["id"]]
    ok(web.post(f"{API}/contacts/{ole['id']}/merge", json={"into": kari["id"]}), 409)
    # What comes from the old address is the person's who stays.
    two.mail(sender=f"Ole <{OLE}>", subject="Ny sak", message_id="<3@fjellbod.example>")
    assert str(two.ticket(3).contact_id) == kari["id"]
    two.process_all()
    two.postman.expect(KARI)


def test_a_delivery_that_failed_is_sent_again(two: World) -> None:
    web = two.web()
    two.postman.failures.append(PermanentError("550 mailbox full"))
    ok(web.post(f"{API}/tickets/1/replies", json={"text": "Nå er den rett."}))
    two.deliver()
    two.postman.taken.clear()  # Staff are told; that is another story's.
    page = ok(web.get(f"{API}/deliveries", params={"state": "failed"}))
    (row,) = page["items"]
    assert (row["recipient"], row["ticket_id"]) == (KARI, str(two.ticket().id))
    assert ok(web.get(f"{API}/mailboxes"))["items"][0]["failed_24h"] == 1
    assert ok(web.post(f"{API}/deliveries/{row['id']}/retry"))["state"] == "pending"
    two.deliver()
    two.postman.expect(KARI, saying="Nå er den rett.")
    ok(web.post(f"{API}/deliveries/{row['id']}/retry"), 409)


def test_a_delivery_that_has_not_left_can_be_called_off(two: World) -> None:
    web = two.web()
    ok(web.post(f"{API}/tickets/1/replies", json={"text": "Feil vindu!"}))
    (row,) = ok(web.get(f"{API}/deliveries", params={"state": "pending"}))["items"]
    path = f"{API}/deliveries/{row['id']}"
    assert ok(web.post(f"{path}/cancel", json={"reason": "Feil vindu."}))["state"] == "cancelled"
    ok(web.post(f"{path}/cancel", json={"reason": "Igjen."}), 409)
    assert ok(web.get(path))["last_error"] == "Feil vindu."
    two.deliver()


def test_a_mailbox_tells_how_it_is(two: World) -> None:
    (box,) = ok(two.web().get(f"{API}/mailboxes"))["items"]
    assert (box["name"], box["received_24h"], box["waiting"]) == ("support", 2, 0)
    assert box["last_received_at"] == "2026-11-24T09:00:00Z"


def test_a_month_counts_what_was_kept_and_broken(two: World) -> None:
    web, lead = two.web(), two.web(two.lead)
    made = ok(lead.post(f"{API}/customers", json={"name": "Fjellbod"}), 201)
    ok(lead.put(f"{API}/tickets/1/customer", json={"customer_id": made["id"]}))
    changed = {"name": "Fjellbod AS", "language": "nb"}
    assert ok(lead.put(f"{API}/customers/{made['id']}", json=changed))["name"] == "Fjellbod AS"
    ok(web.post(f"{API}/tickets/1/replies", json={"text": "Vi ser på det."}))
    two.move(days=9)
    two.postman.taken.clear()  # What the ladder says is another story's.

    def told(month: str) -> dict[tuple[str | None, str], tuple[int, int, int]]:
        page = ok(web.get(f"{API}/reports/attainment", params={"month": month}))
        return {
            (one["customer"], one["kind"]): (one["promised"], one["kept"], one["broken"])
            for one in page["items"]
        }

    found = told("2026-11")
    assert found["Fjellbod AS", "first_response"] == (1, 1, 0)
    assert found["Fjellbod AS", "work_started"] == (1, 0, 1)
    assert found[None, "first_response"] == (1, 0, 1)
    assert told("2026-10") == {}
    ok(web.get(f"{API}/reports/attainment", params={"month": "2026-13"}), 422)
    two.clock.move(timedelta(seconds=1))
