"""The ``svartid`` command: one file a group of commands, listed here and nowhere else."""

import sys

import typer

from app.cli import calendar, mail, policy, severity
from app.kit.errors import SvartidError

cli = typer.Typer(
    name="svartid",
    help="The support desk that answers before the promise is broken.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

cli.add_typer(mail.commands, name="mail")
cli.add_typer(calendar.commands, name="calendar")
cli.add_typer(policy.commands, name="policy")
cli.add_typer(severity.commands, name="severity")


def main() -> None:
    """Run the command; an error of ours is one line on stderr and exit status 1."""
    try:
        cli()
    except SvartidError as error:
        print(f"svartid: {error}", file=sys.stderr)
        raise SystemExit(1) from None
