"""A house with a telephone: its settings, its customers' numbers, and calls as reports."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import select

from app.config import Settings
from app.desk import people
from app.desk.call_report import CallReport
from app.desk.calls import record_call
from app.kit.ids import new_token
from app.models import Call, CallBack, Contact, Customer, Ticket
from tests.harness.world import KARI, World, make_settings

ACCOUNT = "AC" + "0" * 32
AUTH_TOKEN = "a" * 32
LINE = "+4721000000"
KARIS_MOBILE = "+4791234567"
TOMS_MOBILE = "+4793456789"
LANDLINE = "+4722334455"
PUBLIC_URL = "https://desk.example"


def phone_settings(**changes: Any) -> Settings:
    twilio = {
        "account_sid": ACCOUNT,
        "auth_token": AUTH_TOKEN,
        "number": LINE,
        "public_url": PUBLIC_URL,
    }
    return make_settings(**{"twilio": twilio, **changes})


def add_customer(world: World, name: str, domain: str) -> Customer:
    with world.db.writing() as session:
        return people.add_customer(session, name=name, domains=(domain,), now=world.now)


def add_caller(
    world: World,
    customer: Customer | None = None,
    *,
    phone: str = KARIS_MOBILE,
    email: str | None = KARI,
    name: str = "Kari Fjeld",
) -> Contact:
    with world.db.writing() as session:
        return people.add_contact(
            session, phone=phone, email=email, name=name, customer=customer, now=world.now
        )


def kari(world: World) -> Contact:
    """Let Kari of Fjellbod be known by her address and her mobile."""
    return add_caller(world, add_customer(world, "Fjellbod AS", "fjellbod.example"))


def tom(world: World) -> Contact:
    customer = add_customer(world, "Tidewater Ltd", "tidewater.example")
    return add_caller(
        world, customer, phone=TOMS_MOBILE, email="tom@tidewater.example", name="Tom Baker"
    )


def phoned(world: World, **about: Any) -> tuple[Call, Ticket | None]:
    """Let a report of a call come in, from Kari's mobile where nothing else is said."""
    told: dict[str, Any] = {
        "source": "pbx",
        "external_id": new_token("call"),
        "from_number": KARIS_MOBILE,
        "to_number": LINE,
        "started_at": world.now,
    }
    if "ended_at" not in about and "outcome" in about:
        told["ended_at"] = world.now + timedelta(minutes=1)
    with world.db.writing() as session:
        return record_call(session, world.house, CallReport(**{**told, **about}), now=world.now)


def calls(world: World) -> Sequence[Call]:
    with world.db.reading() as session:
        return session.exec(select(Call).order_by(Call.id)).all()  # type: ignore[arg-type]


def call_backs(world: World) -> Sequence[CallBack]:
    with world.db.reading() as session:
        return session.exec(select(CallBack)).all()
