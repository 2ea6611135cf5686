"""``svartid mail``: Look at mail as the intake sees it."""

import typer

commands = typer.Typer(help="Look at mail as the intake sees it.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Look at mail as the intake sees it."""
