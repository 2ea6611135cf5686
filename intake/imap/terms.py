"""The plain values that pass between a connection, a watcher and the ledger."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from app.config import AfterCommit, Security
from app.kit.oauth import OAuthToken

# A command line of scattered UIDs stays far below the 8,000 octets that RFC 7162 section 4 names.
UIDS_A_COMMAND = 500


@dataclass(frozen=True)
class Password:
    """A password; it never shows in a log or a traceback."""

    value: str = field(repr=False)


@dataclass(frozen=True)
class ImapSettings:
    """How to reach one mailbox; ``key`` is its place in the configuration, for error messages."""

    host: str
    username: str
    # Asked at every connect, so that a renewed token or a changed password file is used at once.
    credential: Callable[[], Password | OAuthToken]
    # Called when the server refuses a token, so that the next one is not the same.
    on_refused: Callable[[], None] | None = None
    # Asked now and then for what staff should know beforehand, as of a refresh token's end.
    warning: Callable[[], str | None] | None = None
    port: int = 993
    security: Security = Security.TLS
    # Trusted in place of the machine's own authorities.
    ca_file: Path | None = None
    timeout_s: float = 30
    key: str = "imap"


@dataclass(frozen=True)
class Backoff:
    """How long to wait before the next attempt; each failure doubles it, up to the cap."""

    first_s: float = 1.0
    cap_s: float = 60.0
    # What somebody must change: asking often only locks the account.
    permanent_first_s: float = 15.0
    permanent_cap_s: float = 300.0

    def delay(self, failures: int, *, permanent: bool, chance: float) -> float:
        """Return the seconds to wait; ``chance`` (0 to 1) spreads fifty mailboxes apart."""
        first = self.permanent_first_s if permanent else self.first_s
        cap = self.permanent_cap_s if permanent else self.cap_s
        full = min(cap, first * 2.0 ** min(failures - 1, 30))
        return full * (0.5 + chance / 2)


@dataclass(frozen=True)
class WatchSettings:
    """What to watch, and what becomes of a mail at the server once it is safe."""

    mailbox: str
    imap: ImapSettings
    folder: str = "INBOX"
    after_commit: AfterCommit = AfterCommit.LEAVE
    # What FLAG sets. For people's eyes only: the ledger alone knows what was taken.
    flag: str = r"\Seen"
    move_to: str | None = None
    take_old: bool = False
    max_bytes: int = 50_000_000
    # A ledger transaction takes at most this many mails, or this many bytes and one mail.
    batch_mails: int = 100
    batch_bytes: int = 16_000_000
    # Dovecot tells an idling client half a second late; at 0.25 s half of that is won back, for
    # 0.4 % of a core at the server.
    poll_s: float = 0.25
    # The folder is searched this often even where the server tells no news.
    look_s: float = 60.0
    # All UIDs are compared with the ledger this often, and at every connect.
    full_look_s: float = 900.0
    backoff: Backoff = Backoff()


@dataclass(frozen=True)
class FolderState:
    """What the server says of a folder when it is selected."""

    uid_validity: int
    # The UID that the next mail will get at the least.
    uid_next: int
    exists: int
    # This login may not flag, move or delete here.
    read_only: bool


@dataclass(frozen=True)
class Fetched:
    """One mail as the server handed it over."""

    uid: int
    # The server's receipt time, UTC: every clock starts here.
    internal_date: datetime
    # The whole mail's size in bytes, as the server tells it.
    size: int
    raw: bytes = field(repr=False)
    # The mail is larger than the limit and ``raw`` holds only its beginning.
    truncated: bool = False
    # Why the mail itself did not come: the server could not read it. Otherwise "". ``raw`` is then
    # empty, and in the ledger a note.
    problem: str = ""


def uid_set(uids: Iterable[int]) -> str:
    """Write UIDs as IMAP does, neighbours joined: ``1:3,7``."""
    runs: list[list[int]] = []
    for uid in sorted(set(uids)):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)


def in_chunks(uids: Sequence[int], length: int) -> Iterator[Sequence[int]]:
    """Yield ``uids`` in pieces of at most ``length``, so that a command line stays short."""
    for start in range(0, len(uids), length):
        yield uids[start : start + length]
