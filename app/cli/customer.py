"""``svartid customer`` and ``svartid agreement``: who is promised what."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from app.cli.options import ConfigFile, open_database, settings_of
from app.desk import agreements as desk
from app.desk import people as desk_people
from app.desk.events import OPERATOR
from app.desk.terms import in_force
from app.kit.clock import MachineClock
from app.kit.errors import BadInput, NotFound
from app.models import Agreement, Customer
from app.store import agreements, people

customer = typer.Typer(help="Customers and their sites.", no_args_is_help=True)
agreement = typer.Typer(help="What customers are promised.", no_args_is_help=True)

CustomerName = Annotated[str, typer.Argument(help="The customer's name.")]
Why = Annotated[str, typer.Option(help="Why; for the audit log.")]


@customer.command("add")
def add(
    name: CustomerName,
    domain: Annotated[list[str] | None, typer.Option(help="A mail domain of theirs.")] = None,
    language: Annotated[str | None, typer.Option(help="nb, nn or en.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="As Europe/Oslo.")] = None,
    config: ConfigFile = None,
) -> None:
    """Add a customer and the mail domains that are theirs."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        desk_people.add_customer(
            session,
            name=name,
            domains=tuple(domain or ()),
            language=language,
            time_zone=time_zone,
            now=MachineClock().now(),
        )
    print(f"Added {name}.")


@customer.command("site")
def site(
    name: CustomerName,
    host: Annotated[str, typer.Argument(help="As butikk.example.")],
    brand: Annotated[str, typer.Option(help="What it is called.")] = "",
    config: ConfigFile = None,
) -> None:
    """Add a shop or a brand of a customer's."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        desk.add_site(
            session,
            customer_named(session, name),
            name=brand,
            host=host,
            now=MachineClock().now(),
            actor=OPERATOR,
        )
    print(f"Added {host}.")


@customer.command("domain")
def domain(
    name: CustomerName,
    domain: Annotated[str, typer.Argument(help="As fjellbod.example.")],
    config: ConfigFile = None,
) -> None:
    """Say that a mail domain is a customer's, and with it the strangers who wrote from there."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        whose = customer_named(session, name)
        count = desk.add_domain(session, whose, domain, now=MachineClock().now(), actor=OPERATOR)
    print(f"Added {domain}; {count} contacts are theirs by it.")


@customer.command("list")
def listing(config: ConfigFile = None) -> None:
    """List the customers, their domains and sites."""
    with open_database(settings_of(config)) as db, db.reading() as session:
        rows = people.customers(session)
        ids = [row.id for row in rows]
        domains, sites = people.domains_of(session, ids), agreements.sites_of(session, ids)
        for row in rows:
            theirs = [one.domain for one in domains if one.customer_id == row.id]
            shops = [one.host for one in sites if one.customer_id == row.id]
            print("\t".join([row.name, ", ".join(theirs), ", ".join(shops)]).rstrip())


@agreement.command("make")
def make(
    name: CustomerName,
    since: Annotated[str | None, typer.Option("--from", help="A date; now by itself.")] = None,
    until: Annotated[str | None, typer.Option(help="The first date it no longer counts.")] = None,
    policy: Annotated[str | None, typer.Option(help="A policy by name.")] = None,
    ladder: Annotated[str | None, typer.Option(help="A ladder by name.")] = None,
    language: Annotated[str | None, typer.Option(help="nb, nn or en.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="As Europe/Oslo.")] = None,
    phone_line: Annotated[str | None, typer.Option(help="Their own line.")] = None,
    number_suffices: Annotated[
        bool, typer.Option(help="A ticket number in a subject needs no proof of the sender.")
    ] = False,
    contact: Annotated[str | None, typer.Option(help="Who is told of changes.")] = None,
    monthly_fee: Annotated[float, typer.Option(help="In whole kroner or with øre.", min=0)] = 0,
    hourly_rate: Annotated[float, typer.Option(help="Likewise.", min=0)] = 0,
    currency: Annotated[str, typer.Option(help="As NOK.")] = "NOK",
    config: ConfigFile = None,
) -> None:
    """Enter into an agreement; the one before it ends where it begins."""
    settings = settings_of(config)
    now = MachineClock().now()
    zone = ZoneInfo(settings.desk.time_zone)
    offer = desk.Offer(
        valid_from=day_start(since, zone, field="--from") if since else now,
        valid_until=day_start(until, zone, field="--until") if until else None,
        policy=policy,
        ladder=ladder,
        language=language,
        time_zone=time_zone,
        phone_line=phone_line,
        contact_email=contact,
        number_suffices=number_suffices,
        monthly_fee=round(monthly_fee * 100),
        hourly_rate=round(hourly_rate * 100),
        currency=currency,
    )
    with open_database(settings) as db, db.writing() as session:
        made = desk.agree(session, customer_named(session, name), offer, now=now, actor=OPERATOR)
        print(_line(name, made))


@agreement.command("list")
def agreements_listing(config: ConfigFile = None) -> None:
    """List the agreements that count or will."""
    with open_database(settings_of(config)) as db, db.reading() as session:
        for one, whose in agreements.lasting(session, MachineClock().now()):
            print(_line(whose.name, one))


@agreement.command("suspend")
def suspend(name: CustomerName, reason: Why, config: ConfigFile = None) -> None:
    """Suspend a customer's agreement."""
    now = MachineClock().now()
    with open_database(settings_of(config)) as db, db.writing() as session:
        one = _present(session, name, now)
        desk.suspend(session, one, reason=reason, now=now, actor=OPERATOR)
        print(_line(name, one))


@agreement.command("resume")
def resume(name: CustomerName, reason: Why, config: ConfigFile = None) -> None:
    """Keep it again."""
    now = MachineClock().now()
    with open_database(settings_of(config)) as db, db.writing() as session:
        one = _present(session, name, now)
        desk.resume(session, one, reason=reason, now=now, actor=OPERATOR)
        print(_line(name, one))


@agreement.command("end")
def end(
    name: CustomerName,
    reason: Why,
    at: Annotated[str | None, typer.Option(help="A date; now by itself.")] = None,
    config: ConfigFile = None,
) -> None:
    """End it; tickets received before keep their promises."""
    settings = settings_of(config)
    now = MachineClock().now()
    when = day_start(at, ZoneInfo(settings.desk.time_zone), field="--at") if at else now
    with open_database(settings) as db, db.writing() as session:
        one = _present(session, name, now)
        desk.end(session, one, at=when, reason=reason, now=now, actor=OPERATOR)
        print(_line(name, one))


def day_start(text: str, zone: ZoneInfo, *, field: str) -> datetime:
    """Return the beginning of a date in a zone; BadInput when it is none."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no date", field=field, remedy="As 2027-01-31.") from None
    return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)


def customer_named(session: Session, name: str) -> Customer:
    """Return the one customer of a name; NotFound when there is none, BadInput for several."""
    found = people.customers_named(session, name)
    if not found:
        raise NotFound(
            f"there is no customer {name!r}", remedy="`svartid customer list` tells them."
        )
    if len(found) > 1:
        raise BadInput(f"several customers are called {name!r}", remedy="Use the API.")
    return found[0]


def _present(session: Session, name: str, now: datetime) -> Agreement:
    whose = customer_named(session, name)
    found = in_force(agreements.of_customers(session, [whose.id]), now)
    if found is None:
        raise NotFound(f"{name} has no agreement now")
    return found


def _line(name: str, one: Agreement) -> str:
    until = f"{one.valid_until:%Y-%m-%d %H:%M}" if one.valid_until else "further notice"
    fee = f"{one.monthly_fee / 100:.2f} {one.currency} a month"
    return (
        f"{name}: {one.policy or 'our own promises'}, {one.status.value}, "
        f"{one.valid_from:%Y-%m-%d %H:%M} UTC to {until}, {fee}"
    )
