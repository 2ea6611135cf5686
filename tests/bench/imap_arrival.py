"""How fast mail comes in by IMAP: a backlog, and one mail at a time.

Run it as ``python -m tests.bench.imap_arrival [BACKLOG]``. It starts a Dovecot of its own and keeps
the mail in memory, so the figures are those of the IMAP side alone.
"""

import random
import resource
import statistics
import sys
import time
from dataclasses import replace

from app.config import AfterCommit
from tests.harness.dovecot import Dovecot, dovecot
from tests.harness.ledger import MemoryLedger
from tests.harness.watching import watching
from tests.imap.conftest import Account, mail

BODY = "En linje om en nettside som ikke svarer.\r\n" * 60


def backlog(server: Dovecot, count: int, deed: AfterCommit) -> None:
    """Take in ``count`` mails of about 2.5 KB that were there before the watcher."""
    account = Account(server, f"kø-{deed}".replace("ø", "o"))
    server.fill(account.name, [mail(f"nr {number}", BODY) for number in range(count)])
    with account.connect() as connection:
        # Dovecot's first look at so many files is its own affair.
        connection.select("INBOX")
    ledger = MemoryLedger()
    settings = account.watch(take_old=True, after_commit=deed, move_to="Done")
    began = time.monotonic()
    with watching(settings, ledger):
        ledger.wait_for(count, seconds=300)
        took = time.monotonic() - began
    assert len(ledger.rows) == count
    print(f"backlog of {count}, {deed}: {took:.2f} s, {count / took:.0f} mails a second")


def arrival(server: Dovecot, poll_s: float, count: int) -> None:
    """Deliver mails one at a time, at random moments, and time each into the ledger."""
    account = Account(server, f"puls{round(poll_s * 1000)}")
    ledger = MemoryLedger()
    chance = random.Random(1)
    took: list[float] = []
    with watching(replace(account.watch(), poll_s=poll_s), ledger) as watcher:
        watcher.wait_until_watching()
        for number in range(count):
            watcher.stop.wait(chance.uniform(0.05, 1.3))
            account.deliver(str(number))
            accepted = time.monotonic()
            ledger.wait_for(number + 1)
            took.append(time.monotonic() - accepted)
    took.sort()
    print(
        f"poll_s {poll_s:g}: median {statistics.median(took) * 1000:.0f} ms, "
        f"95 % {took[int(count * 0.95)] * 1000:.0f} ms, worst {took[-1] * 1000:.0f} ms"
    )


def main() -> None:
    """Run all of it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with dovecot() as server:
        for deed in (AfterCommit.LEAVE, AfterCommit.FLAG, AfterCommit.MOVE):
            backlog(server, count, deed)
        for poll_s in (60, 1, 0.5, 0.25, 0.1):
            arrival(server, poll_s, 30)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MB, all mail held in it")


if __name__ == "__main__":
    main()
