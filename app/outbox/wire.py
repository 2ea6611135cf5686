"""One SMTP connection, once it is open and signed in: commands out, replies in, in order.

aiosmtplib opens the connection, because TLS and signing in are what a library should do. It sends
one command at a time, though, and drops whatever it did not wait for; here several commands may be
under way (RFC 2920), which saves two of a mail's four round trips.
"""

import asyncio
import re
from collections import deque
from typing import NamedTuple

from typing_extensions import override

# RFC 5321, section 4.5.3.1.5, allows 512 octets a line; nobody honest needs this much a reply.
MOST_BYTES = 32_768
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class Lost(Exception):
    """The connection has died, or the server has said (``reply``) that it will close it."""

    def __init__(self, why: str, reply: "Reply | None" = None) -> None:
        super().__init__(why)
        self.reply = reply


class Reply(NamedTuple):
    """What the server said: a code, and its lines joined by spaces."""

    code: int
    text: str

    @property
    def enhanced(self) -> str | None:
        """Return the enhanced status (RFC 3463); None where the server gives none."""
        match = _STATUS.match(self.text)
        return match.group(1) if match else None

    @override
    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class Wire(asyncio.Protocol):
    """Pairs replies with commands by their order, and knows when the connection is gone."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._expected = 0
        self._waiter: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._why_lost: str | None = None
        self._ended = asyncio.Event()
        transport.set_protocol(self)

    @property
    def lost(self) -> bool:
        """Say whether nothing more can be sent here."""
        return self._why_lost is not None or self._transport.is_closing()

    def send(self, *commands: str) -> None:
        """Write commands, for each of which one reply is to be read."""
        self._expected += len(commands)
        self._write("".join(f"{command}\r\n" for command in commands).encode("utf-8"))

    async def send_content(self, data: bytes) -> None:
        """Write a mail and the dot that ends it, for which one reply is to be read."""
        self._expected += 1
        # RFC 5321, section 4.5.2: a line's leading dot is doubled.
        if data.startswith(b"."):
            data = b"." + data
        data = data.replace(b"\r\n.", b"\r\n..")
        end = b".\r\n" if not data or data.endswith(b"\r\n") else b"\r\n.\r\n"
        self._write(data + end)
        await self._writable.wait()
        if self._why_lost is not None:
            raise Lost(self._why_lost)

    async def reply(self) -> Reply:
        """Return the next reply; ``Lost`` when it can no longer come, or is a 421.

        RFC 5321, section 3.8: a 421 may be the answer to anything, and the server then closes.
        """
        while not self._replies:
            if self.lost:
                raise Lost(self._why_lost or "the connection was closed")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._expected -= 1
        reply = self._replies.popleft()
        if reply.code == 421:
            raise Lost(str(reply), reply)
        return reply

    def drop(self, why: str) -> None:
        """Close the connection without another word."""
        if self._why_lost is None:
            self._why_lost = why
        self._transport.abort()
        self._wake()

    async def ended(self) -> None:
        """Wait until the connection is closed at our side too."""
        await self._ended.wait()

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r").decode("utf-8", "replace")
            del self._buffer[: end + 1]
            self._line(line)
        if len(self._buffer) + sum(map(len, self._lines)) > MOST_BYTES:
            self.drop("the server's reply has no end")

    @override
    def eof_received(self) -> None:
        self._gone("the server closed the connection")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()
        self._gone(f"the connection broke: {exc}" if exc else "the server closed the connection")

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    def _line(self, line: str) -> None:
        if not (line[:3].isascii() and line[:3].isdigit() and line[3:4] in {"", " ", "-"}):
            self.drop(f"the server does not speak SMTP: {line[:80]!r}")
            return
        self._lines.append(line)
        if line[3:4] == "-":
            return
        reply = Reply(int(line[:3]), " ".join(each[4:].strip() for each in self._lines))
        self._lines.clear()
        if self._expected <= len(self._replies):
            # RFC 5321, section 3.8: a server that closes of its own accord says 421 first, and
            # nothing else comes unasked.
            self.drop(f"the server said unasked: {reply}")
            return
        self._replies.append(reply)
        self._wake()

    def _write(self, data: bytes) -> None:
        if self.lost:
            raise Lost(self._why_lost or "the connection was closed")
        self._transport.write(data)

    def _gone(self, why: str) -> None:
        if self._why_lost is None:
            self._why_lost = why
        self._wake()

    def _wake(self) -> None:
        self._writable.set()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
