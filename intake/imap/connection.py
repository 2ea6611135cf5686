"""One connection to one mailbox; the only file that imports imap-tools and imaplib.

It never expunges what somebody else marked as deleted, takes no flag and no message number for
truth, and lets no exception of a library out: whatever fails is ``TemporaryError`` or
``PermanentError``.
"""

import imaplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import imap_tools
from imap_tools.utils import encode_folder

from app.config import Security
from app.kit.clock import MachineClock
from app.kit.errors import OutsideError, PermanentError, TemporaryError
from app.kit.oauth import OAuthToken
from intake.imap import refusals
from intake.imap.fetching import Fetching
from intake.imap.idle import IdleRefusedError, idle
from intake.imap.replies import MONTHS, Answer, read_answers, read_number, read_numbers
from intake.imap.terms import (
    UIDS_A_COMMAND,
    Fetched,
    FolderState,
    ImapSettings,
    in_chunks,
    uid_set,
)


class Connection:
    """A signed-in connection, made when the ``with`` block begins and closed when it ends."""

    def __init__(
        self, settings: ImapSettings, *, now: Callable[[], datetime] | None = None
    ) -> None:
        self._settings = settings
        # For a server that tells no receipt time.
        self._now = now or MachineClock().now
        self._idles = False
        # Mail arrived while something else was asked.
        self._news = False
        self._box: imap_tools.BaseMailBox | None = None
        self.capabilities: frozenset[str] = frozenset()
        # The mails that are being asked for; where the connection breaks, one may be to blame.
        self.in_flight: Sequence[int] = ()

    def __enter__(self) -> Self:
        with self._said_plainly("the connect"):
            self._box = _open(self._settings)
        try:
            self._protect()
            self._sign_in()
            # imaplib keeps what the server announced before the login; MOVE often comes after.
            self.capabilities = self._ask_capabilities()
            self._idles = "IDLE" in self.capabilities
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and self._box is not None:
            with suppress(OSError, imaplib.IMAP4.error, imap_tools.ImapToolsError):
                self._client.logout()
        self._close()

    def break_off(self) -> None:
        """Cut the link from another thread, so that whoever waits for the server wakes up."""
        box = self._box
        if box is not None:
            with suppress(OSError):
                # Not TLS's own shutdown, which would take its state from under the reader.
                socket.socket.shutdown(box.client.sock, socket.SHUT_RDWR)

    def select(self, folder: str, *, read_only: bool = False) -> FolderState:
        """Open a folder; ``read_only`` lets nothing at the server change, not even by accident."""
        data = self._select(folder, read_only=read_only)
        if data is None:
            read_only = True
            data = self._select(folder, read_only=True) or []
        uid_validity = read_number(self._client.response("UIDVALIDITY")[1])
        uid_next = read_number(self._client.response("UIDNEXT")[1])
        if uid_validity is None:
            raise refusals.no_uid_validity(folder, self._settings)
        if uid_next is None:
            uid_next = max(self.all_uids(), default=0) + 1
        self._client.untagged_responses.clear()
        return FolderState(uid_validity, uid_next, read_number(data) or 0, read_only)

    def _select(self, folder: str, *, read_only: bool) -> list[object] | None:
        """Return what the server says of EXISTS; None when this login may only read the folder."""

        def refused(words: str) -> OutsideError:
            return refusals.of_folder(folder, words, self._settings)

        with self._said_plainly("SELECT", refused):
            try:
                return _checked(self._client.select(encode_folder(folder), read_only))
            except imaplib.IMAP4.readonly:
                return None

    def uids_above(self, uid: int) -> list[int]:
        """Return the UIDs above ``uid``, ascending."""
        # "n:*" names the last mail even where its UID is below n (RFC 3501 section 6.4.8).
        return [found for found in self._search(f"UID {uid + 1}:*") if found > uid]

    def all_uids(self) -> list[int]:
        """Return every UID of the folder, ascending."""
        return self._search("ALL")

    def uids_since(self, instant: datetime) -> list[int]:
        """Return the UIDs of mail received since the day before ``instant``, ascending.

        SEARCH counts in days of the server's own time zone (RFC 3501 section 6.4.4), hence the
        day before.
        """
        day = (instant - timedelta(days=1)).date()
        return self._search(f"SINCE {day.day}-{MONTHS[day.month - 1].title()}-{day.year}")

    def present(self, uids: Sequence[int]) -> list[int]:
        """Return those of the UIDs that are there at this moment."""
        return [
            uid
            for some in in_chunks(uids, UIDS_A_COMMAND)
            for uid in self._search(f"UID {uid_set(some)}")
        ]

    def fetch(self, uids: Sequence[int], *, max_bytes: int) -> Iterator[Fetched]:
        """Yield the mails ascending, many a command, holding at most one command's worth.

        A mail that is gone by now is left out. Of one larger than ``max_bytes`` only the beginning
        is read. One that the server itself cannot read comes with ``problem`` and no bytes. Other
        commands may be given between two mails.
        """
        return Fetching(self._ask, self._alive, self.present, self._now, max_bytes).mails(uids)

    def noop(self) -> bool:
        """Ask whether the link is alive; return whether it told of new mail."""
        with self._said_plainly("NOOP"):
            _checked(self._client.noop())
        self._hear()
        news, self._news = self._news, False
        return news

    def wait(
        self, timeout_s: float, *, poll_s: float = 1.0, stop: threading.Event | None = None
    ) -> bool:
        """Wait for new mail; False when ``timeout_s`` pass without, or ``stop`` is set.

        IDLE where the server has it, broken by a NOOP every ``poll_s``: Dovecot tells an idling
        client only half a second later, and a link that died tells nothing at all.
        """
        end = time.monotonic() + timeout_s
        while not (stop is not None and stop.is_set()):
            left = end - time.monotonic()
            if left <= 0:
                return False
            if self._pause(min(left, poll_s), stop) or self.noop():
                return True
        return False

    def mark(self, uids: Sequence[int], flag: str) -> None:
        """Set a flag, many mails a command; mails that are gone are no error."""
        for some in in_chunks(uids, UIDS_A_COMMAND):
            self._uid("STORE", uid_set(some), "+FLAGS.SILENT", f"({flag})")

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails by MOVE (RFC 6851), or copy and remove just these (RFC 4315)."""
        if not uids:
            return
        if "MOVE" not in self.capabilities:
            self._needs_uidplus("move")
        for some in in_chunks(uids, UIDS_A_COMMAND):
            try:
                self._transfer(some, folder)
            except PermanentError as error:
                # One mail that a person removed meanwhile makes Dovecot refuse its neighbours too
                # (EXPUNGEISSUED, RFC 5530).
                still = self.present(some)
                if len(still) == len(some):
                    raise self._not_movable(folder, error) from error
                self._transfer(still, folder)

    def _transfer(self, uids: Sequence[int], folder: str) -> None:
        if not uids:
            return
        if "MOVE" in self.capabilities:
            self._uid("MOVE", uid_set(uids), encode_folder(folder))
        else:
            self._uid("COPY", uid_set(uids), encode_folder(folder))
            self._remove(uids)

    def _not_movable(self, folder: str, error: PermanentError) -> PermanentError:
        return PermanentError(
            f"mail cannot be moved to {folder!r}: {error.message}",
            field=f"{self._settings.key}.move_to",
            remedy="Create the folder, or give this login the right to write to it.",
        )

    def delete(self, uids: Sequence[int]) -> None:
        """Remove just these mails; refused where the server could only purge the whole folder."""
        if not uids:
            return
        self._needs_uidplus("delete")
        for some in in_chunks(uids, UIDS_A_COMMAND):
            self._remove(some)

    def _remove(self, uids: Sequence[int]) -> None:
        self._uid("STORE", uid_set(uids), "+FLAGS.SILENT", r"(\Deleted)")
        # RFC 4315: only these, whatever else a person has marked as deleted.
        self._uid("EXPUNGE", uid_set(uids))

    def _needs_uidplus(self, verb: str) -> None:
        if "UIDPLUS" not in self.capabilities:
            raise PermanentError(
                f"{self._settings.host} has no UIDPLUS, so it cannot {verb} single mails without "
                "purging what other people marked as deleted.",
                field=f"{self._settings.key}.after_commit",
                remedy="Set it to flag or leave.",
            )

    @property
    def _open_box(self) -> imap_tools.BaseMailBox:
        if self._box is None:
            raise TemporaryError("the connection is closed.")
        return self._box

    @property
    def _client(self) -> Any:
        # Any: what is needed of imaplib is partly private and not in its stubs.
        return self._open_box.client

    def _protect(self) -> None:
        """Begin TLS on an open line, where that is the setting."""
        if self._settings.security is not Security.STARTTLS:
            return
        if "STARTTLS" not in self._client.capabilities:
            raise refusals.no_starttls(self._settings)
        with self._said_plainly("STARTTLS"):
            self._client.starttls(_trust(self._settings))

    def _sign_in(self) -> None:
        settings, client = self._settings, self._client
        if "LOGINDISABLED" in client.capabilities:
            raise refusals.tls_required(settings)
        credential = settings.credential()

        def refused(words: str) -> OutsideError:
            if isinstance(credential, OAuthToken) and settings.on_refused is not None:
                settings.on_refused()
            by_token = isinstance(credential, OAuthToken)
            return refusals.of_login(words, settings, by_token=by_token)

        with self._said_plainly("the login", refused):
            if isinstance(credential, OAuthToken):
                _xoauth2(client, settings.username, credential.value)
            elif f"{settings.username}{credential.value}".isascii():
                self._open_box.login(settings.username, credential.value, None)
            else:
                # LOGIN carries ASCII only; this is AUTHENTICATE PLAIN (RFC 4616), in UTF-8.
                self._open_box.login_utf8(settings.username, credential.value, None)

    def _ask_capabilities(self) -> frozenset[str]:
        with self._said_plainly("CAPABILITY"):
            # imaplib would take a refusal's words for capabilities.
            told = _checked(self._client.capability())
        return frozenset(_words(told).upper().split())

    def _close(self) -> None:
        if self._box is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                self._box.client.shutdown()
        self._box = None

    def _search(self, words: str) -> list[int]:
        return sorted(set(read_numbers(self._uid("SEARCH", words))))

    def _uid(self, command: str, *words: Any) -> list[object]:
        with self._said_plainly(command):
            answer = _checked(self._client.uid(command, *words))
        self._hear()
        return answer

    def _ask(self, uids: Sequence[int], what: str) -> Iterator[Answer]:
        self.in_flight = uids
        answers = self._uid("FETCH", uid_set(uids), f"(UID {what})")
        self.in_flight = ()
        return read_answers(answers)

    def _alive(self) -> bool:
        try:
            self.noop()
        except OutsideError:
            return False
        self.in_flight = ()
        return True

    def _pause(self, seconds: float, stop: threading.Event | None) -> bool:
        if self._idles:
            try:
                with self._said_plainly("IDLE"):
                    return idle(self._client, seconds, stop)
            except IdleRefusedError:
                self._idles = False
        if stop is not None:
            stop.wait(seconds)
        else:
            time.sleep(seconds)
        return False

    def _hear(self) -> None:
        """Take what the server said unasked; imaplib would keep it, and grow, for ever."""
        told: dict[str, list[object]] = self._client.untagged_responses
        if "UIDVALIDITY" in told:
            raise TemporaryError("the folder was made anew while it was open.")
        self._news = self._news or "EXISTS" in told
        told.clear()

    @contextmanager
    def _said_plainly(
        self, command: str, refused: Callable[[str], OutsideError] | None = None
    ) -> Generator[None]:
        """Turn what the libraries raise into the house's errors.

        ``refused`` says what a NO or BAD means here; left out, it is the command's fault.
        """
        refused = refused or (lambda words: refusals.of_command(command, words))
        try:
            yield
        except imaplib.IMAP4.abort as error:
            raise TemporaryError(
                f"the connection to {self._settings.host} broke at {command}: {error}."
            ) from error
        except imaplib.IMAP4.error as error:
            raise refused(str(error)) from error
        except imap_tools.UnexpectedCommandStatusError as error:
            raise refused(_words(error.command_result[1])) from error
        except imap_tools.ImapToolsError as error:
            raise PermanentError(f"{command} failed: {error}") from error
        except OSError as error:
            raise refusals.of_network(error, self._settings) from error
        except UnicodeError as error:
            raise PermanentError(f"{command} cannot carry these letters: {error}") from error


def _open(settings: ImapSettings) -> imap_tools.BaseMailBox:
    """Connect; STARTTLS comes later, since imap-tools leaves its socket open where that fails."""
    address = {"host": settings.host, "port": settings.port, "timeout": settings.timeout_s}
    if settings.security is Security.TLS:
        return imap_tools.MailBox(**address, ssl_context=_trust(settings))
    return imap_tools.MailBoxUnencrypted(**address)


def _trust(settings: ImapSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)


def _checked(result: tuple[str, list[object]]) -> list[object]:
    """Return an answer's data; a refusal is raised as imaplib raises its own."""
    kind, data = result
    if kind != "OK":
        raise imaplib.IMAP4.error(_words(data))
    return data


def _xoauth2(client: Any, username: str, token: str) -> None:
    """Sign in by token; on refusal the server's reason goes into the error.

    A server that refuses sends its reason as one more challenge, which is answered with nothing.
    """
    challenges: list[bytes] = []

    def respond(challenge: bytes) -> bytes:
        challenges.append(challenge)
        if len(challenges) > 1:
            return b""
        return f"user={username}\1auth=Bearer {token}\1\1".encode()

    try:
        client.authenticate("XOAUTH2", respond)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        reason = b" ".join(challenges[1:]).decode("utf-8", "replace")
        raise imaplib.IMAP4.error(f"{error} {reason}".strip()) from error


def _words(data: Any) -> str:
    last = data[-1] if isinstance(data, list | tuple) and data else data
    return last.decode("utf-8", "replace") if isinstance(last, bytes) else str(last)
