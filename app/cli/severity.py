"""``svartid severity``: Try and measure the judging of severity."""

import typer

commands = typer.Typer(help="Try and measure the judging of severity.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Try and measure the judging of severity."""
