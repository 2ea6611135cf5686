"""Waiting for news on an open connection, without ever missing a line or a dead link.

imap-tools' own IDLE returns at once, for ever, on a closed connection, and loses a line that comes
in one packet with the server's "+ idling". imaplib buffers what it reads, so "is there more?" must
ask the buffer before the socket.
"""

import re
import select
import ssl
import threading
import time
from typing import Any

_NEWS = re.compile(rb"\* \d+ EXISTS", re.IGNORECASE)

# A stop signal is noticed within this many seconds.
SLICE_S = 0.25


class LinkClosedError(OSError):
    """The server closed the connection while we waited."""


class IdleRefusedError(Exception):
    """The server announced IDLE and refused it, as some proxies do."""


def idle(client: Any, seconds: float, stop: threading.Event | None) -> bool:
    """Wait in IDLE (RFC 2177) until mail arrives; False when ``seconds`` pass or ``stop`` is set.

    ``client`` is imaplib's, authenticated and with a folder selected.
    """
    tag = client._new_tag()
    # The answer is read here, so imaplib must not wait for it.
    del client.tagged_commands[tag]
    client.send(tag + b" IDLE\r\n")
    news = False
    while not (line := _line(client)).startswith(b"+"):
        if line.startswith(tag + b" "):
            raise IdleRefusedError(line.decode("ascii", "replace"))
        news = news or _is_news(line)
    end = time.monotonic() + seconds
    while not news and _has_input(client, end, stop):
        news = _is_news(_line(client))
    client.send(b"DONE\r\n")
    while not (line := _line(client)).startswith(tag + b" "):
        news = news or _is_news(line)
    return news


def _is_news(line: bytes) -> bool:
    if line[:5].upper() == b"* BYE":
        raise LinkClosedError(line.decode("ascii", "replace"))
    return _NEWS.match(line) is not None


def _line(client: Any) -> bytes:
    line: bytes = client.readline()
    if not line.endswith(b"\n"):
        raise LinkClosedError("the server closed the connection")
    return line.rstrip(b"\r\n")


def _has_input(client: Any, end: float, stop: threading.Event | None) -> bool:
    """Return whether a line, or the connection's end, can be read before ``end``."""
    readable = False
    while True:
        data = _peek(client)
        # Nothing to read from a readable socket is its end; a TLS record may be incomplete.
        if data or (readable and data is not None):
            return True
        left = end - time.monotonic()
        if left <= 0 or (stop is not None and stop.is_set()):
            return False
        readable = _wait_readable(client.sock, min(left, SLICE_S))


def _peek(client: Any) -> bytes | None:
    """Return what the buffer or the socket holds now; None when TLS wants more of a record."""
    patience = client.sock.gettimeout()
    client.sock.settimeout(0)
    try:
        data: bytes = client.file.peek(1)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    else:
        return data
    finally:
        client.sock.settimeout(patience)


def _wait_readable(sock: Any, seconds: float) -> bool:
    # poll() also takes descriptors above 1023, which select() does not.
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(seconds * 1000))
