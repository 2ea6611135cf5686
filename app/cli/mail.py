"""``svartid mail``: look at mail as the intake sees it, and at letters as a customer does."""

import typer

from app.cli import letters
from app.cli.mail_parse import parse_files

commands = typer.Typer(help="Look at mail as the intake sees it.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Look at mail as the intake sees it."""


commands.command("parse")(parse_files)
commands.command("preview")(letters.preview)
