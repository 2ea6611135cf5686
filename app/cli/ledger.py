"""``svartid mail ledger`` and ``retry``: what became of each message, and trying again."""

from typing import Annotated
from uuid import UUID

import typer

from app.cli.options import ConfigFile, open_database, settings_of
from app.kit.clock import MachineClock
from app.kit.errors import BadInput
from app.models import InboundMail, LedgerState

ACTOR = "operator"


def ledger(
    state: Annotated[list[LedgerState] | None, typer.Option(help="Only these.")] = None,
    mailbox: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    config: ConfigFile = None,
) -> None:
    """List the messages that reached us, newest first: a line each, with state and reason."""
    from app.store import mail

    with open_database(settings_of(config)) as db, db.reading() as session:
        wanted = mail.Wanted(states=state or (), mailbox=mailbox)
        for row in mail.listing(session, wanted, below=None, limit=limit):
            print(in_words(row))


def retry(
    ids: Annotated[
        list[UUID] | None, typer.Argument(help="Messages, as `ledger` names them.")
    ] = None,
    quarantined: Annotated[bool, typer.Option(help="All that are quarantined.")] = False,
    config: ConfigFile = None,
) -> None:
    """Let quarantined or refused messages be processed again by the running service."""
    from app.desk import inbound
    from app.store import mail

    if bool(ids) == quarantined:
        raise BadInput("name messages, or give --quarantined.", field="ids")
    clock = MachineClock()
    with open_database(settings_of(config)) as db:
        chosen = list(ids or ())
        if quarantined:
            with db.reading() as session:
                chosen = list(mail.ids_in_state(session, LedgerState.QUARANTINED))
        for one in chosen:
            with db.writing() as session:
                inbound.retry(session, one, actor=ACTOR, now=clock.now())
    print(f"{len(chosen)} to be processed again.")


def in_words(row: InboundMail) -> str:
    """Return a row in a line."""
    ended = f"{row.state.value} ({row.reason})" if row.reason else row.state.value
    return f"{row.id}  {row.received_at:%F %T}  {row.mailbox}/{row.folder}  {row.size} B  {ended}"
