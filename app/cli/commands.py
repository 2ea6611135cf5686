"""The commands of ``svartid``: one file a group, listed here and nowhere else."""

import typer

from app.cli import (
    audit,
    calendar,
    customer,
    ladder,
    ladder_diff,
    mail,
    policy_versions,
    quiet,
    schedule,
    severity,
    staff,
    ticket,
)
from app.cli.demo import demo
from app.cli.doctor import doctor
from app.cli.init import init
from app.cli.ledger import ledger, retry
from app.cli.migrate import migrate
from app.cli.reconcile import reconcile_folders
from app.cli.serve import serve
from app.cli.watchdog import watchdog

cli = typer.Typer(
    name="svartid",
    help="The support desk that answers before the promise is broken.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

cli.command()(demo)
cli.command()(doctor)
cli.command()(init)
cli.command()(migrate)
cli.command()(serve)
cli.command()(watchdog)
cli.command()(ladder.simulate)
cli.add_typer(staff.staff, name="staff")
cli.add_typer(staff.token, name="token")
cli.add_typer(audit.commands, name="audit")
mail.commands.command("ledger")(ledger)
mail.commands.command("retry")(retry)
mail.commands.command("reconcile")(reconcile_folders)
cli.add_typer(mail.commands, name="mail")
cli.add_typer(customer.customer, name="customer")
cli.add_typer(customer.agreement, name="agreement")
cli.add_typer(calendar.commands, name="calendar")
cli.add_typer(policy_versions.commands, name="policy")
cli.add_typer(ladder_diff.commands, name="ladder")
cli.add_typer(schedule.commands, name="schedule")
cli.add_typer(severity.commands, name="severity")
cli.add_typer(quiet.commands, name="quiet")
cli.add_typer(ticket.commands, name="ticket")
