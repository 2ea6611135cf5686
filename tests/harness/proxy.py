"""A TCP proxy that misbehaves on demand: cuts, goes silent, refuses, edits what a server says."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

Edit = Callable[[bytes], bytes]


class Proxy:
    """Forwards to one port of the loopback, until it is told otherwise."""

    def __init__(self, target: int, *, edit: Edit | None, edit_client: Edit | None) -> None:
        self._target = target
        self._edit = edit
        self._edit_client = edit_client
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._silent = threading.Event()
        self._refusing = threading.Event()
        # Asked at each new connection, with its number from 0: how many bytes, counted both ways,
        # it may carry before it is cut. None means no limit.
        self.limit: Callable[[int], int | None] = lambda number: None
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection at once."""
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def go_silent(self) -> None:
        """Carry nothing more on any connection that is open, and close none."""
        self._silent.set()
        with self._lock:
            self._open.clear()

    def heal(self) -> None:
        """Carry new connections again; those that went silent stay so."""
        self._silent.clear()
        self._refusing.clear()

    def refuse(self) -> None:
        """Close each new connection as it comes."""
        self._refusing.set()

    def close(self) -> None:
        """Stop listening and cut everything."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing.is_set():
                client.close()
                continue
            number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._carry, args=(client, number), daemon=True).start()

    def _carry(self, client: socket.socket, number: int) -> None:
        link = _Link(self.limit(number))
        server = socket.create_connection(("127.0.0.1", self._target))
        with self._lock:
            self._open += [client, server]
        back = threading.Thread(
            target=self._pump, args=(server, client, link, self._edit), daemon=True
        )
        back.start()
        self._pump(client, server, link, self._edit_client)
        back.join()
        client.close()
        server.close()

    def _pump(
        self, source: socket.socket, sink: socket.socket, link: "_Link", edit: Edit | None
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._silent.is_set():
                    link.silent = True
                if link.silent:
                    continue
                allowed = link.take(len(data))
                data = data[:allowed]
                sink.sendall(edit(data) if edit else data)
                if link.is_spent:
                    break
        if link.silent:
            return
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class _Link:
    """How much one connection may still carry."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._lock = threading.Lock()
        self.silent = False

    @property
    def is_spent(self) -> bool:
        return self._left == 0

    def take(self, size: int) -> int:
        with self._lock:
            if self._left is None:
                return size
            taken = min(size, self._left)
            self._left -= taken
            return taken


@contextmanager
def proxy(
    target: int, *, edit: Edit | None = None, edit_client: Edit | None = None
) -> Generator[Proxy]:
    """Run a proxy until the block ends; it edits what the server and what the client says."""
    running = Proxy(target, edit=edit, edit_client=edit_client)
    try:
        yield running
    finally:
        running.close()


def without(*capabilities: str) -> Edit:
    """Return an edit that hides what a server can do."""

    def edit(data: bytes) -> bytes:
        if b"CAPABILITY" in data:
            for name in capabilities:
                data = data.replace(b" " + name.encode(), b"")
        return data

    return edit


def announcing(capability: str) -> Edit:
    """Return an edit that has a server announce what it does not mean."""
    return lambda data: data.replace(b"IMAP4rev1", b"IMAP4rev1 " + capability.encode())
