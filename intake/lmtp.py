"""An LMTP server (RFC 2033): a mail server on this machine hands its mail over in milliseconds.

What is guaranteed: "250" for a recipient is said only after the ledger's commit; while we cannot
commit, the answer is "451" and the mail server keeps the mail and comes again. A mail that is
larger than the limit is read to its end and kept up to the limit, so that it still becomes a
ticket. LMTP knows no login: it listens on this machine, or on a Unix socket.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.config import Settings
from app.kit.errors import BadConfig
from app.kit.log import logger
from intake.handed import Handed, HandedLedger, find_mailbox, receipt_time, with_trace
from intake.lmtp_wire import Broken, Wire

log = logger("lmtp")
# Each may hold a mail of the largest size in memory.
MOST_AT_ONCE = 4
MOST_CONNECTIONS = 100
MOST_RECIPIENTS = 100
_PATH = re.compile(rb"(?:from|to):\s*<([^<>\r\n]*)>", re.IGNORECASE)


@dataclass
class _Envelope:
    """Whom a mail is from and for; None until MAIL was said."""

    sender: str | None = None
    # Address and mailbox.
    to: list[tuple[str, str]] = field(default_factory=list)


class LmtpServer:
    """Takes mail from a mail server until told to stop."""

    def __init__(self, settings: Settings, ledger: HandedLedger) -> None:
        self._settings = settings
        self._ledger = ledger
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._open: set[asyncio.Task[None]] = set()

    async def serve(
        self, stop: asyncio.Event, listening: Callable[[Sequence[object]], None] = lambda _: None
    ) -> None:
        """Listen until ``stop``; a mail that is being committed then gets its answer.

        ``listening`` is told the addresses once they are open.
        """
        servers = await self._listen()
        listening([one.getsockname() for server in servers for one in server.sockets])
        try:
            await stop.wait()
        finally:
            for server in servers:
                server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _listen(self) -> list[asyncio.Server]:
        where = self._settings.lmtp
        servers = []
        try:
            if where.port is not None:
                servers.append(await asyncio.start_server(self._meet, where.host, where.port))
            if where.socket_file is not None:
                _remove_dead(where.socket_file)
                servers.append(await asyncio.start_unix_server(self._meet, where.socket_file))
        except OSError as error:
            for server in servers:
                server.close()
            raise BadConfig(
                f"LMTP cannot be listened for: {error.strerror or error}.",
                field="lmtp.port" if where.socket_file is None else "lmtp.socket_file",
                remedy="Choose another, or stop what listens there.",
            ) from error
        return servers

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a connection is met in a task of its own
        wire = Wire(reader, writer)
        if len(self._open) >= MOST_CONNECTIONS:
            with contextlib.suppress(Broken, OSError):
                await wire.say("421 4.3.2 too many connections")
            writer.close()
            return
        self._open.add(task)
        try:
            await _Talk(self._settings, self._ledger, self._turns, wire).run()
        except asyncio.CancelledError:
            # The house is closing; whatever was not answered is handed over again.
            with contextlib.suppress(Broken, OSError, TimeoutError):
                await wire.say("421 4.3.2 closing")
        except (Broken, OSError, TimeoutError) as error:
            log.info("connection ended", why=str(error) or type(error).__name__)
        finally:
            self._open.discard(task)
            writer.close()


@dataclass
class _Talk:
    """One connection's conversation."""

    settings: Settings
    ledger: HandedLedger
    turns: asyncio.Semaphore
    wire: Wire
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    peer: str = ""
    envelope: _Envelope = field(default_factory=_Envelope)

    async def run(self) -> None:
        """Answer commands until QUIT."""
        await self.wire.say(f"220 {socket.gethostname()} LMTP")
        while not self.closing.is_set():
            line = await self.wire.line()
            verb = line[:4].upper()
            if verb == b"QUIT":
                await self.wire.say("221 2.0.0 bye")
                return
            if verb == b"DATA":
                await self._data()
            else:
                await self.wire.say(*self._answer(verb, line))
        await self.wire.say("421 4.3.2 closing")

    def _answer(self, verb: bytes, line: bytes) -> Sequence[str]:
        answers: dict[bytes, Callable[[bytes], Sequence[str]]] = {
            b"LHLO": self._hello,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"RSET": self._reset,
            b"NOOP": lambda _: ("250 2.0.0 here",),
            b"VRFY": lambda _: ("252 2.5.2 send it and see",),
        }
        answer = answers.get(verb)
        # RFC 2033, section 4.1: HELO and EHLO are errors here.
        return ("500 5.5.1 this is LMTP",) if answer is None else answer(line)

    def _hello(self, line: bytes) -> Sequence[str]:
        self.peer = re.sub(r"[^A-Za-z0-9.:\[\]-]", "", line[4:].decode("ascii", "replace"))[:255]
        self.envelope = _Envelope()
        # SIZE without a number sets no limit (RFC 1870, section 4): a large mail is cut, not lost.
        said = (socket.gethostname(), "PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8")
        return (*(f"250-{one}" for one in said), "250 SIZE")

    def _reset(self, _line: bytes) -> Sequence[str]:
        self.envelope = _Envelope()
        return ("250 2.0.0 forgotten",)

    def _mail(self, line: bytes) -> Sequence[str]:
        if not self.peer:
            return ("503 5.5.1 LHLO first",)
        match = _PATH.match(line[4:].strip())
        if match is None:
            return ("501 5.5.4 MAIL FROM:<address>",)
        self.envelope = _Envelope(sender=match[1].decode("utf-8", "replace"))
        return ("250 2.1.0 ok",)

    def _rcpt(self, line: bytes) -> Sequence[str]:
        if self.envelope.sender is None:
            return ("503 5.5.1 MAIL first",)
        match = _PATH.match(line[4:].strip())
        if match is None:
            return ("501 5.5.4 RCPT TO:<address>",)
        if len(self.envelope.to) >= MOST_RECIPIENTS:
            return ("452 4.5.3 too many recipients",)
        address = match[1].decode("utf-8", "replace")
        mailbox = find_mailbox(self.settings, address)
        if mailbox is None:
            return ("550 5.1.1 no mailbox of this desk",)
        self.envelope.to.append((address, mailbox))
        return ("250 2.1.5 ok",)

    async def _data(self) -> None:
        if not self.envelope.to:
            # RFC 2033, section 4.2: with no recipient accepted, DATA must fail.
            await self.wire.say("503 5.5.1 no recipient")
            return
        async with self.turns:
            await self.wire.say("354 go on")
            raw, size = await self.wire.content(self.settings.intake.max_bytes)
            envelope, self.envelope = self.envelope, _Envelope()
            answers = await self._take(envelope, raw, size)
        # RFC 2033, section 4.2: one answer for each recipient that was accepted, in their order.
        await self.wire.say(*answers)

    async def _take(self, envelope: _Envelope, raw: bytes, size: int) -> Sequence[str]:
        now = self.ledger.clock.now()
        received_at = receipt_time(raw, now=now)
        via = f"from {self.peer} by {socket.gethostname()} with LMTP"
        mails = {}
        for name in dict.fromkeys(mailbox for _, mailbox in envelope.to):
            to = [address for address, mailbox in envelope.to if mailbox == name]
            traced = with_trace(raw, sender=envelope.sender, to=to, via=via, now=now)
            mails[name] = Handed(name, "lmtp", received_at, traced, size, size > len(raw))
        committing = asyncio.create_task(asyncio.to_thread(self.ledger.take, list(mails.values())))
        try:
            try:
                ids = await asyncio.shield(committing)
            except asyncio.CancelledError:
                # A stop does not take the answer away: the mail would come a second time.
                self.closing.set()
                ids = await committing
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail server keeps the mail
            log.warning("not taken", error=str(error), size=size)
            return ["451 4.3.0 not taken now; try again"] * len(envelope.to)
        by_name = dict(zip(mails, ids, strict=True))
        return [f"250 2.0.0 {by_name[mailbox]} taken" for _, mailbox in envelope.to]


def _remove_dead(file: Path) -> None:
    """Remove a socket that nobody listens on any more; one that answers stays, and is an error."""
    if not file.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(file))
        except ConnectionRefusedError:
            file.unlink()
