"""One look at a folder: find what is new, commit it, and only then touch it at the server.

Two looks at a time are no trouble, in one process or two: the ledger takes each UID once, and what
is done at the server may be done twice.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from app.config import AfterCommit
from app.kit.clock import Clock
from app.kit.errors import OutsideError, PermanentError, SvartidError
from app.kit.log import logger
from intake.imap.connection import Connection
from intake.imap.ledger import Ledger, Position
from intake.imap.reconcile import compare
from intake.imap.terms import Fetched, FolderState, WatchSettings, in_chunks
from intake.imap.unreadable import Unreadable, with_note

log = logger("imap")

# A long backlog is taken in pieces, and new mail in between.
BACKLOG_PIECE = 500

READ_ONLY = PermanentError(
    "this login may only read the folder, so nothing is flagged, moved or deleted.",
    remedy="Set after_commit to leave, or give the login the right to write.",
)


class Look:
    """What a watcher remembers between looks. All that must survive a crash is in the ledger."""

    def __init__(
        self,
        settings: WatchSettings,
        ledger: Ledger,
        *,
        clock: Clock,
        stop: threading.Event,
        on_received: Callable[[int], None],
    ) -> None:
        self.clock = clock
        self.received = 0
        # What the last full look found missed and could not take.
        self.missed: tuple[int, ...] = ()
        # What stands in the way of flagging, moving or deleting. Mail is taken in all the same.
        self.trouble: SvartidError | None = None
        self._settings = settings
        self._ledger = ledger
        self._stop = stop
        self._on_received = on_received
        self._folder = FolderState(uid_validity=0, uid_next=0, exists=0, read_only=True)
        self._position = Position(uid_validity=0, last_uid=0)
        # Committed and not yet flagged, because the connection broke in between.
        self._unflagged: list[int] = []
        self._unreadable = Unreadable(pause_s=settings.look_s)

    def begin(self, connection: Connection) -> None:
        """Open the folder on a fresh connection and find the position to read on from."""
        only_reading = self._settings.after_commit is AfterCommit.LEAVE
        self._folder = connection.select(self._settings.folder, read_only=only_reading)
        if self._folder.read_only and not only_reading:
            self.trouble = READ_ONLY
        found = self._ledger.position(*self._place)
        if found is None or found.uid_validity != self._folder.uid_validity:
            self._ledger.settle(*self._place, self._first_position(found))
            found = self._ledger.position(*self._place) or self._first_position(found)
            self._unflagged.clear()
            self._unreadable.clear_all()
        self._position = found

    def at_news(self, connection: Connection) -> None:
        """Take what came in above the position, and try again what could not be read."""
        self._take(connection, connection.uids_above(self._position.last_uid))
        if self._unflagged and not self._folder.read_only:
            self._act(connection, [])

    def at_everything(self, connection: Connection) -> None:
        """Compare the whole folder with the ledger, take what was missed, finish what was begun."""
        gap = compare(connection, self._ledger, *self._place, self._folder.uid_validity)
        missed = self._without_old(connection, gap.missed)
        # New mail first: it may be the report of a fire.
        self.at_news(connection)
        if missed:
            log.info("takes mail that the ledger misses", place=self._place, count=len(missed))
        for piece in in_chunks(missed, BACKLOG_PIECE):
            self._take(connection, piece)
            self.at_news(connection)
        if self._stop.is_set():
            return
        self._sweep(connection, gap.lingering)
        self.missed = self._still_missed(connection, missed)

    def rest_s(self) -> float:
        """Return for how long to look no more, unless there is news."""
        return min(self._settings.look_s, self._unreadable.rest_s())

    def _still_missed(self, connection: Connection, missed: Sequence[int]) -> tuple[int, ...]:
        if not missed:
            return ()
        known = self._ledger.known_uids(*self._place, self._folder.uid_validity)
        return tuple(connection.present([uid for uid in missed if uid not in known]))

    @property
    def _place(self) -> tuple[str, str]:
        return self._settings.mailbox, self._settings.folder

    def _first_position(self, old: Position | None) -> Position:
        """Return where to begin: at a first start, or in a folder whose UIDs lost their meaning.

        All that is there now lies at or below the position, so the next full look finds it missed
        and takes it, unless it counts as old. A crash in the midst of that changes nothing.
        """
        last = self._folder.uid_next - 1
        if old is None and not self._settings.take_old:
            now = self.clock.now()
            return Position(self._folder.uid_validity, last, first_uid=last, since=now)
        if old is not None:
            log.warning("the folder has another UIDVALIDITY and is read again", place=self._place)
        since = old.since if old else None
        return Position(self._folder.uid_validity, last, first_uid=0, since=since)

    def _without_old(self, connection: Connection, missed: Sequence[int]) -> list[int]:
        """Leave out what was old at the very first start, where UIDs can no longer tell."""
        since = self._position.since
        if not missed or since is None or self._position.first_uid:
            return list(missed)
        wanted = set(connection.uids_since(since))
        return [uid for uid in missed if uid in wanted]

    def _take(self, connection: Connection, uids: Sequence[int]) -> None:
        for batch in self._batches(self._fetched(connection, uids)):
            if self._stop.is_set():
                return
            fresh = self._ledger.receive(*self._place, self._folder.uid_validity, batch)
            self._position = _moved_on(self._position, batch)
            self.received += len(fresh)
            if fresh:
                self._on_received(len(fresh))
            self._act(connection, [mail.uid for mail in batch if self._may_act(mail, fresh)])

    def _fetched(self, connection: Connection, uids: Sequence[int]) -> Iterator[Fetched]:
        """Yield mails in bulk, then one by one what has made trouble before."""
        suspects = self._unreadable.suspects()
        apart = self._unreadable.waiting().union(suspects)
        bulk = [uid for uid in uids if uid not in apart]
        limit = self._settings.max_bytes
        try:
            yield from self._readable(connection.fetch(bulk, max_bytes=limit))
            for uid in suspects:
                if self._unreadable.is_given_up(uid):
                    yield self._given_up(uid)
                    continue
                mails = list(connection.fetch([uid], max_bytes=limit))
                if not mails:
                    self._unreadable.clear(uid)
                yield from self._readable(mails)
        except OutsideError:
            self._unreadable.broke_at(connection.in_flight)
            raise

    def _readable(self, mails: Iterable[Fetched]) -> Iterator[Fetched]:
        """Put aside what the server refuses, until patience with it is at an end."""
        for mail in mails:
            if mail.problem and not self._unreadable.refused(mail.uid):
                log.warning("the server cannot read a mail", place=self._place, uid=mail.uid)
            else:
                self._unreadable.clear(mail.uid)
                yield self._with_note(mail) if mail.problem else mail

    def _given_up(self, uid: int) -> Fetched:
        self._unreadable.clear(uid)
        problem = "the server breaks the connection whenever it is asked for this mail."
        mail = Fetched(uid, self.clock.now(), size=0, raw=b"", problem=problem)
        return self._with_note(mail)

    def _with_note(self, mail: Fetched) -> Fetched:
        return with_note(mail, *self._place, self._folder.uid_validity)

    def _batches(self, mails: Iterable[Fetched]) -> Iterator[list[Fetched]]:
        """Gather mails into transactions; what had come when the connection broke is one too."""
        batch: list[Fetched] = []
        weight = 0
        broken: OutsideError | None = None
        try:
            for mail in mails:
                full = len(batch) >= self._settings.batch_mails
                if batch and (full or weight + len(mail.raw) > self._settings.batch_bytes):
                    yield batch
                    batch, weight = [], 0
                batch.append(mail)
                weight += len(mail.raw)
        except OutsideError as error:
            broken = error
        if batch:
            yield batch
        if broken is not None:
            raise broken

    def _may_act(self, mail: Fetched, fresh: set[int]) -> bool:
        """Return whether a committed mail may be dealt with at the server, and by us."""
        match self._settings.after_commit:
            case AfterCommit.FLAG:
                return True
            case AfterCommit.DELETE:
                # Of a mail that was cut, the server has the only whole copy.
                return mail.uid in fresh and not mail.truncated
            case _:
                return mail.uid in fresh and not mail.problem

    def _sweep(self, connection: Connection, lingering: Sequence[int]) -> None:
        """Move or delete what a crash left behind between the commit and the deed.

        A flag is not set again: by now a person may have taken it off on purpose.
        """
        if not lingering or self._settings.after_commit not in {
            AfterCommit.MOVE,
            AfterCommit.DELETE,
        }:
            return
        partial = self._ledger.truncated_uids(*self._place, self._folder.uid_validity)
        whole = [uid for uid in lingering if uid not in partial]
        # There may be many: whoever changes the setting from leave to move has years of them.
        for piece in in_chunks(whole, BACKLOG_PIECE):
            if self._stop.is_set():
                return
            self._act(connection, piece)
            self.at_news(connection)

    def _act(self, connection: Connection, uids: Sequence[int]) -> None:
        """Do at the server what is configured; what it refuses for good becomes ``trouble``."""
        if self._folder.read_only:
            return
        settings = self._settings
        try:
            if settings.after_commit is AfterCommit.FLAG:
                self._unflagged.extend(uids)
                connection.mark(self._unflagged, settings.flag)
                self._unflagged.clear()
            elif settings.after_commit is AfterCommit.MOVE and settings.move_to:
                connection.move(uids, settings.move_to)
            elif settings.after_commit is AfterCommit.DELETE:
                connection.delete(uids)
        except PermanentError as error:
            self._unflagged.clear()
            self.trouble = error
        else:
            if uids:
                self.trouble = None


def _moved_on(position: Position, batch: Sequence[Fetched]) -> Position:
    last = max(position.last_uid, *(mail.uid for mail in batch))
    return Position(position.uid_validity, last, position.first_uid, position.since)
