"""``svartid mail reconcile``: hold every folder against the ledger, mail by mail."""

import typer

from app.cli.options import ConfigFile, open_database, settings_of
from app.connections import imap_settings
from app.kit.clock import MachineClock
from intake.imap.connection import Connection
from intake.imap.reconcile import Gap, reconcile
from intake.receive import MailLedger


def reconcile_folders(config: ConfigFile = None) -> None:
    """Compare the mail servers' folders with the ledger; exit status 1 when a mail was missed."""
    settings = settings_of(config)
    clock = MachineClock()
    missed = 0
    with open_database(settings) as db:
        ledger = MailLedger(db, clock)
        for name, box in settings.mailboxes.items():
            for folder in box.imap.folders if box.imap else ():
                assert box.imap is not None  # noqa: S101 - there are folders only with it
                with Connection(imap_settings(name, box.imap, clock)) as connection:
                    gap = reconcile(connection, ledger, name, folder)
                missed += len(gap.missed)
                print(f"{name}, {folder}: {in_words(gap)}")
    if missed:
        raise typer.Exit(1)


def in_words(gap: Gap) -> str:
    """Return what a comparison found, in a sentence."""
    if gap.is_new:
        return f"never read under this UIDVALIDITY; {len(gap.waiting)} mails there"
    uids = ", ".join(str(uid) for uid in gap.missed[:20])
    missed = f"{len(gap.missed)} MISSED (UID {uids})" if gap.missed else "none missed"
    return (
        f"{missed}, {len(gap.waiting)} waiting, {len(gap.lingering)} taken and still there, "
        f"{gap.gone} taken and gone"
    )
