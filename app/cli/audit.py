"""``svartid audit``: whether the log of changes is as it was written."""

from typing import Annotated

import typer

from app.cli.options import ConfigFile, open_database, settings_of
from app.desk.audit_chain import verify

commands = typer.Typer(help="The log of who changed what.", no_args_is_help=True)


@commands.command("verify")
def check(
    head: Annotated[
        str | None, typer.Option(help="A hash noted earlier, which must be in the chain.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Check the chain from its beginning, and name the first entry that was tampered with.

    Exit status 1 where something is wrong. Note the head that is printed somewhere else: only so
    does it show when the end of the log is cut off.
    """
    with open_database(settings_of(config)) as db, db.reading() as session:
        verdict = verify(session, head=head)
    print(f"{verdict.checked} entries are as they were sealed; {verdict.waiting} are not sealed.")
    print(f"head: {verdict.head}")
    if verdict.broken is not None:
        print(f"BROKEN: {verdict.broken}.")
    if verdict.has_head is False:
        print("BROKEN: the head that was noted is not in the chain.")
    if verdict.broken is not None or verdict.has_head is False:
        raise SystemExit(1)
