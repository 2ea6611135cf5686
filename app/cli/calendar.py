"""``svartid calendar``: Try a calendar."""

import typer

commands = typer.Typer(help="Try a calendar.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Try a calendar."""
