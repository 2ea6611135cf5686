"""``svartid ticket``: look at a ticket from the command line."""

import json
from typing import Annotated

import typer

from app.cli.options import ConfigFile, open_database, open_house, settings_of
from app.desk.explain import explain_clocks
from app.kit.clock import MachineClock
from app.kit.errors import NotFound
from app.store import tickets

commands = typer.Typer(help="Look at a ticket.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Look at a ticket."""


@commands.command()
def explain(
    number: Annotated[int, typer.Argument(help="The ticket's number.")],
    *,
    language: Annotated[str, typer.Option(help="nb or en.")] = "nb",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    config: ConfigFile = None,
) -> None:
    """Tell how each deadline of a ticket came about."""
    settings = settings_of(config)
    now = MachineClock().now()
    with open_database(settings) as db:
        house = open_house(db, settings)
        with db.reading() as session:
            ticket = tickets.find_by_number(session, number)
            if ticket is None:
                raise NotFound(f"there is no ticket {number}", field="number")
            told = explain_clocks(session, house, ticket, now=now, language=language)
    if as_json:
        clocks = [
            {
                **one.explanation.to_dict(),
                "status": one.status.value,
                "words": list(one.words),
            }
            for one in told
        ]
        shown = {"number": number, "now": now.isoformat(), "clocks": clocks}
        print(json.dumps(shown, ensure_ascii=False))
        return
    print("\n\n".join("\n".join(one.words) for one in told))
