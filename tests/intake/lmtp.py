"""An LMTP server of ours in a thread, for tests that speak to it over a real socket."""

import asyncio
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from intake.lmtp import LmtpServer


@contextmanager
def listening(server: LmtpServer) -> Generator[list[object]]:
    """Yield the addresses that the server listens on, and stop it at the end."""
    told: list[object] = []
    ready = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))

        def note(addresses: Sequence[object]) -> None:
            told.extend(addresses)
            ready.set()

        await server.serve(stop, note)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10), "it does not listen"
    try:
        yield told
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive()
