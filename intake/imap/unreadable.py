"""Mails that a server cannot hand over, kept apart so that they hold up none behind them.

A server says so in one of two ways: it refuses the one mail, or it breaks the connection in the
midst of many (Dovecot does so for a file that it may not read). After the second, any of the many
may be to blame, so the next connection asks for them last and one by one.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from intake.imap.terms import Fetched

# After so many attempts a note is taken in its place, so that somebody sees it.
PATIENCE = 5

# How long to wait after each failed attempt, as a part of the pause between two looks. The first
# times it may well have been the network, and an innocent mail does not wait.
PAUSES = (0.0, 0.0, 0.25, 0.5)


def with_note(mail: Fetched, mailbox: str, folder: str, uid_validity: int) -> Fetched:
    """Put a note in the place of a mail that never came, so that a person finds the mail.

    No two notes are alike: the ledger would take the second for a double of the first.
    """
    note = (
        "Subject: A mail that the mail server could not hand over\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n"
        "\r\n"
        f"A mail arrived in the folder {folder!r} of the mailbox {mailbox!r}.\r\n"
        f"The mail server cannot hand it over: {' '.join(mail.problem.split())}\r\n"
        "\r\n"
        f"It is still there, as UID {mail.uid} under UIDVALIDITY {uid_validity}. Try another\r\n"
        "mail program, or ask whoever runs the mail server.\r\n"
    )
    return replace(mail, raw=note.encode(), truncated=True)


class Unreadable:
    """What one watcher has found so far; a restart begins anew."""

    def __init__(self, *, pause_s: float) -> None:
        self._pause_s = pause_s
        self._attempts: dict[int, int] = {}
        self._next: dict[int, float] = {}

    def suspects(self) -> list[int]:
        """Return the UIDs that are to be asked for one by one, and may be by now.

        Those that failed least come first, so that a link that always breaks after so many bytes
        does not look like one bad mail.
        """
        now = time.monotonic()
        due = [uid for uid, at in self._next.items() if at <= now]
        return sorted(due, key=lambda uid: (self._attempts.get(uid, 0), uid))

    def waiting(self) -> set[int]:
        """Return the UIDs that are not to be asked for yet."""
        now = time.monotonic()
        return {uid for uid, due in self._next.items() if due > now}

    def rest_s(self) -> float:
        """Return the seconds until the next of them is due; infinite when there is none."""
        return max(0.0, min(self._next.values(), default=math.inf) - time.monotonic())

    def refused(self, uid: int) -> bool:
        """Note that the server refused a mail; return whether patience with it is at an end."""
        return self._failed(uid)

    def broke_at(self, uids: Sequence[int]) -> None:
        """Note that the connection broke while these mails were asked for.

        A mail that was asked for alone counts one attempt more; of many, none is known to blame.
        """
        for uid in uids:
            if len(uids) == 1:
                self._failed(uid)
            else:
                self._next.setdefault(uid, 0.0)

    def is_given_up(self, uid: int) -> bool:
        """Return whether this mail has broken the connection too often to be asked for again."""
        return self._attempts.get(uid, 0) >= PATIENCE

    def clear(self, uid: int) -> None:
        """Forget a mail that came, or went."""
        self._attempts.pop(uid, None)
        self._next.pop(uid, None)

    def clear_all(self) -> None:
        """Forget everything: UIDs have lost their meaning."""
        self._attempts.clear()
        self._next.clear()

    def _failed(self, uid: int) -> bool:
        attempts = self._attempts[uid] = self._attempts.get(uid, 0) + 1
        pause = self._pause_s * PAUSES[min(attempts, len(PAUSES)) - 1]
        self._next[uid] = time.monotonic() + pause
        return self.is_given_up(uid)
