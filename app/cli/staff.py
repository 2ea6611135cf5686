"""``svartid staff`` and ``svartid token``: who works here, and what lets a program in."""

import sys
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session

from app.api.scopes import SCOPE
from app.cli.options import ConfigFile, open_database, settings_of
from app.desk import access as access_desk
from app.desk import people as desk
from app.desk import signing_in
from app.desk.events import OPERATOR
from app.kit import passwords
from app.kit.clock import MachineClock
from app.kit.errors import BadInput, NotFound
from app.models import Agent, Role
from app.store import access, people

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


@staff.command("password")
def password(
    email: Annotated[str, typer.Argument(help="Whose.")],
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read it from standard input, for scripts.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Set somebody's password; they are signed out everywhere."""
    new = sys.stdin.readline().rstrip("\n") if stdin else _asked_twice()
    with open_database(settings_of(config)) as db:
        with db.reading() as session:
            agent = _agent(session, email)
        passwords.check_new(new, own_words=(agent.email, agent.name))
        hashed = passwords.hash_of(new)
        with db.writing() as session:
            now = MachineClock().now()
            signing_in.set_password(session, agent, hashed, now=now, actor=OPERATOR)
            signing_in.forgive(session, agent.email)
    print(f"{agent.name} has a new password.")


@staff.command("totp-off")
def totp_off(
    email: Annotated[str, typer.Argument(help="Whose.")], config: ConfigFile = None
) -> None:
    """Turn somebody's one-time codes off, for whoever has lost their authenticator."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        agent = _agent(session, email)
        signing_in.end_totp(session, agent, now=MachineClock().now(), actor=OPERATOR)
    print(f"{agent.name} signs in with the password alone.")


def _asked_twice() -> str:
    return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))


@token.command("create")
def create(
    email: Annotated[str, typer.Argument(help="Whose token it is.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "api",
    days: Annotated[int | None, typer.Option(help="Days until it expires.", min=1)] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do, as in tickets:read; may be repeated. Left out, all."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Make a bearer token and print it; it cannot be read again."""
    now = MachineClock().now()
    for one in scope or ():
        if not SCOPE.fullmatch(one):
            raise BadInput(f"{one} is no scope", remedy="Write one like tickets:read.")
    with open_database(settings_of(config)) as db, db.writing() as session:
        agent = _agent(session, email)
        expires = now + timedelta(days=days) if days else None
        made, _ = desk.create_token(
            session, agent, name=name, scopes=scope or None, expires_at=expires, now=now
        )
    print(made)


@token.command("list")
def list_tokens(
    email: Annotated[str | None, typer.Argument(help="Whose; left out, everybody's.")] = None,
    config: ConfigFile = None,
) -> None:
    """List the tokens: whose, what for, what they may do, when they were last used."""
    with open_database(settings_of(config)) as db, db.reading() as session:
        whose = _agent(session, email).id if email else None
        names = {one.id: one.email for one in people.all_agents(session)}
        for row in access.tokens(session, whose, after=None, limit=10_000):
            state = "revoked" if row.revoked_at else f"expires {_day(row.expires_at, 'never')}"
            print(
                f"{row.id}  {names[row.agent_id]}  {row.name}  "
                f"{' '.join(row.scopes) if row.scopes is not None else 'all'}  "
                f"last used {_day(row.last_used_at, 'never')}  {state}"
            )


@token.command("revoke")
def revoke(
    token_id: Annotated[UUID, typer.Argument(help="Its id, as `svartid token list` shows it.")],
    config: ConfigFile = None,
) -> None:
    """Let a token count no more."""
    with open_database(settings_of(config)) as db, db.writing() as session:
        row = access.find_token(session, token_id)
        if row is None:
            raise NotFound("there is no such token", remedy="See `svartid token list`.")
        access_desk.revoke_token(session, row, now=MachineClock().now(), actor=OPERATOR)
    print(f"Revoked {row.name}.")


def _agent(session: Session, email: str) -> Agent:
    agent = people.find_agent_by_email(session, email.lower())
    if agent is None:
        raise NotFound(f"there is no agent {email}", remedy="Add one with `svartid staff add`.")
    return agent


def _day(at: datetime | None, otherwise: str) -> str:
    return f"{at:%Y-%m-%d}" if at else otherwise
