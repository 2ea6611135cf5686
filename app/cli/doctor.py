"""``svartid doctor``: try everything that the service stands on, and say what to do about it."""

import typer

from app.checks import checks
from app.cli.options import ConfigFile, settings_of
from app.kit.clock import MachineClock
from app.kit.errors import SvartidError


def doctor(config: ConfigFile = None) -> None:
    """Check the configuration and everything it names; exit status 1 when something is wrong."""
    wrong = 0
    for name, check in checks(settings_of(config), MachineClock()):
        try:
            print(f"ok     {name}: {check()}")
        except SvartidError as error:
            wrong += 1
            print(f"WRONG  {name}: {error}")
    if wrong:
        print(f"{wrong} thing(s) to mend.")
        raise typer.Exit(1)
    print("All is well.")
