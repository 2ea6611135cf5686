"""``svartid staff`` and ``svartid token``: who works here, and what lets a program in."""

from datetime import timedelta
from typing import Annotated

import typer

from app.cli.options import ConfigFile, open_database, settings_of
from app.desk import people as desk
from app.kit.clock import MachineClock
from app.kit.errors import NotFound
from app.models import Role
from app.store import people

staff = typer.Typer(help="Who works here.", no_args_is_help=True)
token = typer.Typer(help="Tokens for the API.", no_args_is_help=True)


@staff.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    email: Annotated[str, typer.Argument(help="Where pages are mailed.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    phone: Annotated[str | None, typer.Option(help="As in +4790000000.")] = None,
    language: Annotated[str, typer.Option(help="nb, nn or en.")] = "nb",
    config: ConfigFile = None,
) -> None:
    """Add one of the staff."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        desk.add_agent(
            session,
            name=name,
            email=email,
            role=role,
            phone=phone,
            language=language,
            now=MachineClock().now(),
        )
    print(f"Added {name} <{email}> as {role.value}.")


@staff.command("list")
def listing(config: ConfigFile = None) -> None:
    """List the active staff."""
    with open_database(settings_of(config)) as db, db.reading() as session:
        for agent in people.active_agents(session):
            print(f"{agent.name} <{agent.email}> {agent.role.value}")


@token.command("create")
def create(
    email: Annotated[str, typer.Argument(help="Whose token it is.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "api",
    days: Annotated[int | None, typer.Option(help="Days until it expires.", min=1)] = None,
    config: ConfigFile = None,
) -> None:
    """Make a bearer token and print it; it cannot be read again."""
    now = MachineClock().now()
    with open_database(settings_of(config)) as db, db.writing() as session:
        agent = people.find_agent_by_email(session, email.lower())
        if agent is None:
            raise NotFound(f"there is no agent {email}", remedy="Add one with `svartid staff add`.")
        expires = now + timedelta(days=days) if days else None
        made = desk.create_token(session, agent, name=name, expires_at=expires, now=now)
    print(made)
