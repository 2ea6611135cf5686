"""A customer whom nobody limited may see, with something of every kind that the API shows."""

import base64
from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from app.models import Notice, PolicyStart, Suspicion, SuspicionState, SuspicionTicket
from app.store import agreements
from tests.harness.world import World

API = "/api/v1"
# Words that stand in every text of the customer's whom nobody limited may see.
HIDDEN = "Skjultvik"
SEEN = "Synlisund"
FILE = {"name": f"{HIDDEN}.txt", "data": base64.b64encode(HIDDEN.encode()).decode()}
PHONE = "+4791234567"


def two_customers(world: World) -> World:
    """Return a world with two customers, a ticket of each, and one of nobody's."""
    lead = world.web(world.lead)
    for name in (HIDDEN, SEEN):
        domain = f"{name.lower()}.example"
        made = lead.post(f"{API}/customers", json={"name": f"{name} AS", "domains": [domain]})
        path = f"{API}/customers/{made.json()['id']}"
        lead.post(f"{path}/sites", json={"host": f"butikk.{domain}", "name": f"{name} nett"})
        assert lead.post(f"{path}/agreements", json={"contact_email": f"sjef@{domain}"}).is_success
        world.mail(
            f"Hei\n\nLogoen til {name} er skjev.\n",
            sender=f"{name} <post@{domain}>",
            subject=f"Skjev logo hos {name}",
            message_id=f"<1@{domain}>",
        )
    world.mail("Hei\n\nHvem er dere?\n", sender="per@fremmed.example", message_id="<9@x>")
    world.process_all()
    world.postman.taken.clear()
    return world


def fill_hidden(world: World) -> None:
    """Put something of every kind on the hidden customer's ticket, its name in each."""
    lead, ticket = world.web(world.lead), f"{API}/tickets/1"
    sender = f"{HIDDEN} <post@{HIDDEN.lower()}.example>"
    world.mail(sender=sender, subject=f"Mer fra {HIDDEN}", message_id="<4@x>")
    window = {
        "title": f"Hos {HIDDEN}",
        "starts_at": (world.now + timedelta(days=9)).isoformat(),
        "ends_at": (world.now + timedelta(days=9, hours=1)).isoformat(),
        "customers": [customer(world, HIDDEN)],
    }
    for path, body in (
        (f"{ticket}/notes", {"text": f"{HIDDEN} ringte."}),
        (f"{ticket}/time", {"minutes": 5, "note": f"Lette hos {HIDDEN}."}),
        (f"{ticket}/replies", {"text": f"Hei {HIDDEN}!", "attachments": [FILE]}),
        (f"{ticket}/exclusions", {"kind": "third_party_app", "reason": HIDDEN, "evidence": "Ja."}),
        (f"{ticket}/links", {"to": 4}),
        (f"{ticket}/links", {"to": 2}),
        (f"{API}/incidents", {"title": f"Nede hos {HIDDEN}", "tickets": [1]}),
        (f"{API}/calls", {"number": PHONE, "ticket": 1, "note": HIDDEN}),
        (f"{API}/calls", {"number": PHONE, "ticket": 1, "note": HIDDEN, "outcome": "missed"}),
        (f"{API}/maintenance", window),
        (f"{API}/templates", {"name": "Hilsen", "text": "Hei {{ customer_name }}!"}),
        (f"{API}/views", {"name": "Alle", "shared": True, "query": {}}),
    ):
        answer = lead.post(path, json=body)
        assert answer.is_success, (path, answer.text)
    assert lead.put(f"{ticket}/tags", json={"tags": [HIDDEN.lower()]}).is_success
    assert lead.put(f"{ticket}/draft", json={"text": f"Kjære {HIDDEN}"}).is_success
    _suspect_and_notify(world)
    world.process_all()
    world.postman.taken.clear()


def _suspect_and_notify(world: World) -> None:
    """Suspect the ticket of being one of several, and promise its customer less."""
    ticket = world.ticket(1)
    with world.db.writing() as session:
        suspicion = Suspicion(state=SuspicionState.OPEN, made_at=world.now, last_at=world.now)
        session.add(suspicion)
        session.add(SuspicionTicket(ticket_id=ticket.id, suspicion_id=suspicion.id))
        assert ticket.customer_id is not None
        (agreement,) = agreements.of_customers(session, [ticket.customer_id])
        start = PolicyStart(
            name="standard",
            policy_id=ticket.policy_id,
            at=world.now + timedelta(days=99),
            created_at=world.now,
            actor="system",
        )
        session.add(start)
        session.add(
            Notice(
                start_id=start.id,
                agreement_id=agreement.id,
                customer_id=ticket.customer_id,
                lowered=[],
                created_at=world.now,
            )
        )


def customer(world: World, name: str) -> str:
    """Return a customer's id."""
    rows = world.web(world.lead).get(f"{API}/customers").json()["items"]
    return str(next(row["id"] for row in rows if row["name"].startswith(name)))


# The list whose first row has each id; what is of the hidden customer's comes first.
LISTS = {
    "attachment_id": "/tickets/1/messages?kind=reply",
    "call_back_id": "/call-backs",
    "call_id": "/tickets/1/calls",
    "contact_id": f"/contacts?q={HIDDEN}",
    "delivery_id": "/tickets/1/deliveries",
    "exclusion_id": "/tickets/1/exclusions",
    "incident_id": "/incidents",
    "mail_id": "/intake/mails?ticket=1",
    "message_id": "/tickets/1/messages",
    "notice_id": "/notices",
    "template_id": "/templates",
    "view_id": "/views",
    "suspicion_id": "/suspicions",
    "window_id": "/maintenance",
}


# These are of the house, and of no customer.
OF_THE_HOUSE = {"agent_id", "name", "seq", "template_id", "view_id"}


def ids_of_hidden(world: World) -> dict[str, str]:
    """Return what fills a path so that it points at the hidden customer's things."""
    web = world.web(world.lead)
    customer_id = customer(world, HIDDEN)
    shown = web.get(f"{API}/customers/{customer_id}").json()
    found = {name: _first(web, path, name) for name, path in LISTS.items()}
    return found | {
        "number": "1",
        "customer_id": customer_id,
        "agreement_id": shown["agreements"][0]["id"],
        "agent_id": str(world.lead.id),
        "name": "kyst",
        "seq": "1",
    }


def _first(web: TestClient, path: str, name: str) -> str:
    rows: list[dict[str, Any]] = web.get(f"{API}{path}").json()["items"]
    row = rows[0]["attachments"][0] if name == "attachment_id" else rows[0]
    return str(row["id"])
