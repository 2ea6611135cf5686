from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from app.desk import agreements, people
from app.desk.agreements import Offer
from app.models import Agreement, Customer, LadderVersion, PolicyStart, PolicyVersion
from app.sla.policy import Policy, default_policy
from app.sla.terms import ClockKind
from tests.harness.command import run, said
from tests.harness.world import KARI, TUESDAY_TEN, World

OUTAGE = "Hele nettbutikken er nede, ingen får betalt."


def gold() -> Policy:
    """Return a policy like the shipped one, but for a critical fault: half an hour."""
    document: Any = default_policy().to_dict()
    document["name"] = "gold"
    document["targets"]["critical"]["first_response"].update(target="30m", limit="30m")
    return Policy.from_dict(document)


@pytest.fixture
def fjellbod(world: World) -> World:
    """A world with a customer whose mail domain is known, and a policy of another name."""
    with world.db.writing() as session:
        people.add_customer(
            session, name="Fjellbod AS", domains=("fjellbod.example",), now=world.now
        )
        policy = gold()
        version = PolicyVersion(
            name="gold",
            version=1,
            digest=policy.digest(),
            body=policy.to_dict(),
            created_at=world.now,
        )
        session.add(version)
        session.add(
            PolicyStart(
                name="gold",
                policy_id=version.id,
                at=world.now - timedelta(days=30),
                created_at=world.now,
                actor="test",
            )
        )
    return world


def agree(world: World, **terms: Any) -> Agreement:
    offer = Offer(**{"valid_from": world.now - timedelta(days=1), **terms})
    with world.db.writing() as session:
        customer = session.exec(select(Customer)).one()
        return agreements.agree(session, customer, offer, now=world.now, actor="test")


def report(world: World, **about: Any) -> None:
    world.mail(OUTAGE, subject="Nede", **about)
    world.process_all()


def test_a_ticket_is_opened_under_its_customers_agreement(fjellbod: World) -> None:
    agreement = agree(
        fjellbod,
        policy="gold",
        language="en",
        time_zone="America/New_York",
        phone_line="+47 99 88 77 66",
    )
    report(fjellbod)
    ticket = fjellbod.ticket()
    assert (ticket.agreement_id, ticket.time_zone) == (agreement.id, "America/New_York")
    limit = fjellbod.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    assert limit == TUESDAY_TEN + timedelta(minutes=30)
    fjellbod.postman.expect(KARI, saying="+47 99 88 77 66")
    fjellbod.postman.expect("ola@desk.example")


def test_a_stranger_gets_the_houses_promises(fjellbod: World) -> None:
    agree(fjellbod, policy="gold")
    report(fjellbod, sender="per@annen.example")
    assert fjellbod.ticket().agreement_id is None
    limit = fjellbod.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    assert limit == TUESDAY_TEN + timedelta(hours=2)
    fjellbod.postman.expect("per@annen.example", saying="+47 22 00 00 00")
    fjellbod.postman.expect("ola@desk.example")


def test_the_receipt_decides_and_not_when_we_read_the_mail(fjellbod: World) -> None:
    agree(fjellbod, policy="gold", valid_from=fjellbod.now)
    report(fjellbod, received_at=fjellbod.now - timedelta(seconds=1))
    report(fjellbod, message_id="<2@x.example>")
    assert fjellbod.ticket(1).agreement_id is None
    assert fjellbod.ticket(2).agreement_id is not None
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def test_new_terms_end_the_old_ones_and_old_tickets_keep_theirs(fjellbod: World) -> None:
    first = agree(fjellbod, policy="gold")
    report(fjellbod)
    fjellbod.clock.move(timedelta(hours=1))
    second = agree(fjellbod, valid_from=fjellbod.now)
    report(fjellbod, message_id="<2@x.example>")
    assert [fjellbod.ticket(number).agreement_id for number in (1, 2)] == [first.id, second.id]
    with fjellbod.db.reading() as session:
        kept = session.get(Agreement, first.id)
        assert kept is not None
        assert kept.valid_until == second.valid_from
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def test_an_agreements_own_ladder_is_climbed(fjellbod: World) -> None:
    with fjellbod.db.writing() as session:
        body: Any = dict(fjellbod.house.ladder.to_dict(), name="quiet")
        quiet = LadderVersion(
            name="quiet", version=1, digest="q", body=body, created_at=fjellbod.now
        )
        session.add(quiet)
    agree(fjellbod, ladder="quiet")
    report(fjellbod)
    assert fjellbod.ticket().ladder_id == quiet.id
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def test_a_suspended_agreement_is_shown_to_staff_on_the_ticket(fjellbod: World) -> None:
    agreement = agree(fjellbod, policy="gold")
    web = fjellbod.web(fjellbod.lead)
    path = f"/api/v1/agreements/{agreement.id}"
    assert web.post(f"{path}/suspend", json={"reason": "Ubetalt."}).json()["status"] == "suspended"
    assert web.post(f"{path}/suspend", json={"reason": "Ubetalt."}).status_code == 409
    report(fjellbod)
    assert fjellbod.ticket().suspected_exclusion == "suspended_agreement"
    assert web.post(f"{path}/resume", json={"reason": "Betalt."}).json()["status"] == "active"
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def test_customers_sites_and_agreements_by_the_api(world: World) -> None:
    web = world.web(world.lead)
    made = web.post("/api/v1/customers", json={"name": "Nord", "domains": ["Nord.example"]})
    assert made.status_code == 201, made.text
    path = f"/api/v1/customers/{made.json()['id']}"
    assert web.post(f"{path}/sites", json={"host": "Butikk.Nord.example"}).status_code == 201
    assert web.post(f"{path}/sites", json={"host": "butikk.nord.example"}).status_code == 409
    assert web.post(f"{path}/sites", json={"host": "no host"}).status_code == 422
    terms = {"policy": "standard", "monthly_fee": 490000}
    assert web.post(f"{path}/agreements", json=terms).status_code == 201
    shown = web.get(path).json()
    assert (shown["domains"], shown["sites"][0]["host"]) == (
        ["nord.example"],
        "butikk.nord.example",
    )
    (agreement,) = shown["agreements"]
    world.clock.move(timedelta(days=1))
    ended = web.post(f"/api/v1/agreements/{agreement['id']}/end", json={"reason": "Flyttet."})
    assert (ended.json()["status"], ended.json()["valid_until"][:10]) == ("ended", "2026-11-25")


def test_terms_that_cannot_be_are_refused_by_their_field(fjellbod: World) -> None:
    web = fjellbod.web(fjellbod.lead)
    path = f"/api/v1/customers/{web.get('/api/v1/customers').json()['items'][0]['id']}/agreements"
    for field, value in (
        ("policy", "silver"),
        ("ladder", "x"),
        ("language", "fr"),
        ("time_zone", "Mars"),
    ):
        answer = web.post(path, json={field: value})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert web.post(path, json={}).status_code == 201
    assert web.post(path, json={}).status_code == 409


def test_only_a_lead_changes_what_is_promised(fjellbod: World) -> None:
    web = fjellbod.web(fjellbod.agent)
    assert web.get("/api/v1/customers").status_code == 200
    assert web.post("/api/v1/customers", json={"name": "Nord"}).status_code == 403


def test_customers_and_agreements_by_the_command(world: World) -> None:
    said(world, "customer", "add", "Nord AS", "--domain", "nord.example")
    said(world, "customer", "site", "Nord AS", "butikk.nord.example", "--brand", "Nordbutikken")
    assert said(world, "customer", "list") == "Nord AS\tnord.example\tbutikk.nord.example\n"
    made = said(
        world, "agreement", "make", "Nord AS", "--from", "2026-01-01", "--policy", "standard",
        "--monthly-fee", "4900.50",
    )  # fmt: skip
    assert "2025-12-31 23:00 UTC to further notice, 4900.50 NOK a month" in made
    assert "active" in said(world, "agreement", "list")
    assert "suspended" in said(world, "agreement", "suspend", "Nord AS", "--reason", "Ubetalt")
    said(world, "agreement", "end", "Nord AS", "--reason", "Flyttet")
    assert run(world, "agreement", "end", "Nord AS", "--reason", "Flyttet").exit_code == 1


def test_the_log_names_the_policy_that_was_promised(fjellbod: World) -> None:
    agree(fjellbod, policy="gold")
    report(fjellbod)
    opened = next(event for event in fjellbod.log() if event.kind == "opened")
    assert opened.data["policy"] == str(fjellbod.ticket().policy_id)
    with fjellbod.db.reading() as session:
        version = session.get(PolicyVersion, fjellbod.ticket().policy_id)
    assert version is not None
    assert version.name == "gold"
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def whose(world: World) -> Any:
    with world.db.reading() as session:
        customer = session.exec(select(Customer)).one()
    return world.web().put("/api/v1/tickets/1/customer", json={"customer_id": str(customer.id)})


def test_a_stranger_who_turns_out_to_be_a_customers_gets_what_was_agreed(
    fjellbod: World,
) -> None:
    agreement = agree(fjellbod, policy="gold")
    report(fjellbod, sender="kari.privat@post.example")
    fjellbod.clock.move(timedelta(minutes=10))
    answer = whose(fjellbod)
    assert answer.status_code == 200, answer.text
    assert answer.json()["agreement_id"] == str(agreement.id)
    limit = fjellbod.clock_of(ClockKind.FIRST_RESPONSE).limit_at
    assert limit == TUESDAY_TEN + timedelta(minutes=30)
    assert whose(fjellbod).status_code == 409
    # From now on the sender is known.
    report(fjellbod, sender="kari.privat@post.example", message_id="<2@x.example>")
    assert fjellbod.ticket(2).agreement_id == agreement.id
    told = fjellbod.web().get("/api/v1/tickets/1/clocks").json()["clocks"][0]
    assert told["changes"][0]["reason"] == "Fjellbod AS"
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def test_another_customers_ladder_is_climbed_from_its_beginning(fjellbod: World) -> None:
    with fjellbod.db.writing() as session:
        body: Any = dict(fjellbod.house.ladder.to_dict(), name="quiet")
        session.add(
            LadderVersion(name="quiet", version=1, digest="q", body=body, created_at=fjellbod.now)
        )
    agree(fjellbod, ladder="quiet")
    report(fjellbod, sender="kari.privat@post.example")
    run_before = fjellbod.clock_of(ClockKind.FIRST_RESPONSE).run
    assert whose(fjellbod).status_code == 200
    assert fjellbod.clock_of(ClockKind.FIRST_RESPONSE).run == run_before + 1
    fjellbod.process_all()
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.


def test_a_domain_that_is_added_later_makes_its_strangers_the_customers(fjellbod: World) -> None:
    agreement = agree(fjellbod, policy="gold")
    report(fjellbod, sender="per@fjell.example")
    report(fjellbod, sender="per@annetfjell.example", message_id="<2@x.example>")
    assert "1 contacts" in said(fjellbod, "customer", "domain", "Fjellbod AS", "Fjell.example")
    assert run(fjellbod, "customer", "domain", "Fjellbod AS", "fjell.example").exit_code == 1
    report(fjellbod, sender="per@fjell.example", message_id="<3@x.example>")
    report(fjellbod, sender="per@annetfjell.example", message_id="<4@x.example>")
    under = [fjellbod.ticket(number).agreement_id for number in (1, 2, 3, 4)]
    assert under == [None, None, agreement.id, None]
    customer = fjellbod.ticket(3).customer_id
    web = fjellbod.web(fjellbod.lead)
    path = f"/api/v1/customers/{customer}/domains"
    added = web.post(path, json={"domain": "annetfjell.example"})
    assert added.status_code == 201
    assert "annetfjell.example" in added.json()["domains"]
    assert web.post(path, json={"domain": "no domain"}).status_code == 422
    fjellbod.postman.taken.clear()  # Receipts and pages are other stories'.
