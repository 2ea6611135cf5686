"""Lines and contents over one LMTP connection, both bounded."""

import asyncio
from asyncio import StreamReader, StreamWriter

# RFC 5321, section 4.5.3.1.4, asks for 512 octets; addresses beyond ASCII and parameters need more.
LONGEST_LINE = 4096
# RFC 5321, section 4.5.3.2: a server waits at least five minutes for the next command.
PATIENCE_S = 300.0
# The only end there is (RFC 5321, section 4.1.1.4). Taking a bare LF for a line's end here is what
# lets a text pass for a second mail (SMTP smuggling).
_END = b"\r\n.\r\n"


class Broken(Exception):
    """The other side is gone, or does not speak LMTP."""


class Wire:
    """What is read and said; bytes that came early wait here for their turn."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._early = bytearray()

    async def say(self, *lines: str) -> None:
        """Send these lines."""
        text = "".join(f"{line}\r\n" for line in lines)
        self._writer.write(text.encode("ascii", "replace"))
        await asyncio.wait_for(self._writer.drain(), PATIENCE_S)

    async def line(self) -> bytes:
        """Return the next command, without its end."""
        while (at := self._early.find(b"\n")) < 0:
            if len(self._early) > LONGEST_LINE:
                break
            self._early += await self._more()
        if at < 0 or at > LONGEST_LINE:
            await self.say("500 5.5.2 the line is too long")
            raise Broken("a line without an end")
        line = bytes(self._early[:at])
        del self._early[: at + 1]
        return line.rstrip(b"\r")

    async def content(self, most: int) -> tuple[bytes, int]:
        """Return a mail's content, at most ``most`` bytes of it, and the size of the whole.

        What is beyond ``most`` is read and dropped, so memory is bounded and the line stays in
        step.
        """
        # The line end before the content belongs to "DATA", and may be the end's first half.
        window = bytearray(b"\r\n") + self._early
        kept = bytearray()
        size = -2
        scanned = 0
        while (at := window.find(_END, max(0, scanned - len(_END)))) < 0:
            ready = len(window) - len(_END)
            if ready > 0:
                kept += window[: min(ready, max(0, most + 2 - len(kept)))]
                size += ready
                del window[:ready]
            scanned = len(window)
            window += await self._more()
        kept += window[: min(at + 2, max(0, most + 2 - len(kept)))]
        size += at + 2
        self._early = window[at + len(_END) :]
        # RFC 5321, section 4.5.2: a dot was added before each line that begins with one.
        content = bytes(kept).replace(b"\r\n..", b"\r\n.")[2:]
        return content, size if size > most else len(content)

    async def _more(self) -> bytes:
        data = await asyncio.wait_for(self._reader.read(65_536), PATIENCE_S)
        if not data:
            raise Broken("the other side has hung up")
        return data
