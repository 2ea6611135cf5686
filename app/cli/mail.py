"""``svartid mail``: Look at mail as the intake sees it."""

import typer

from app.cli import letters

commands = typer.Typer(help="Look at mail as the intake sees it.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Look at mail as the intake sees it."""


commands.command("preview")(letters.preview)
