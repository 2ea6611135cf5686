"""A real mail server in one thread: IMAP by pymap, SMTP by aiosmtpd, everything in memory.

A mail for a known mailbox is put into its INBOX at once; a mail for anybody else is refused with
550, as a real server would.
"""

import asyncio
import socket
import threading
import weakref
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from pymap.backend.dict import DictBackend, Identity
from pymap.config import IMAPConfig
from pymap.imap import IMAPService
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """Return ``wanted`` where it is free, and another port where it is not."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")


@dataclass
class MailHost:
    """The server; every mailbox has the same password, which the demo prints."""

    addresses: Sequence[str]
    password: str
    # Told of every mail that was put into a mailbox: the address and the raw message.
    on_mail: Callable[[str, bytes], None] = lambda _address, _raw: None
    # The receipt time that the server gives a mail.
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))  # noqa: TID251 - a server has its own clock
    imap_port: int = 0
    smtp_port: int = 0

    def __post_init__(self) -> None:
        self.imap_port = free_port(self.imap_port)
        self.smtp_port = free_port(self.smtp_port)
        self._ready = threading.Event()
        self._conversations: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mailhost", daemon=True)

    def start(self) -> None:
        """Start the server; return when it takes connections."""
        self._thread.start()
        self._ready.wait(15)
        if self._failed is not None:
            raise RuntimeError("the demo's mail server did not start") from self._failed

    def stop(self) -> None:
        """Stop the server."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(5)

    def _run(self) -> None:
        try:
            # A runner cancels what is left at the end: conversations that nobody has ended.
            with asyncio.Runner() as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for the start
            self._failed = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with AsyncExitStack() as stack:
            self._backend = await self._start_imap(stack)
            server = await self._loop.create_server(self._conversation, HOST, self.smtp_port)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            self._ready.set()
            await self._stopping.wait()
            for conversation in self._conversations:
                if conversation.transport is not None:
                    conversation.transport.close()
            await asyncio.sleep(0)

    def _conversation(self) -> SMTP:
        made = SMTP(self, hostname="localhost", data_size_limit=60_000_000, loop=self._loop)
        self._conversations.add(made)
        return made

    async def _start_imap(self, stack: AsyncExitStack) -> Any:
        words = Namespace(
            host=[HOST], port=str(self.imap_port), cert=None, key=None, tls=False,
            proxy_protocol=None, debug=False, inherited_sockets=None, passlib_cfg=None,
            demo_data=False, demo_user="nobody", demo_password=self.password, skip_services=[],
        )  # fmt: skip
        backend, config = await DictBackend.init(words)
        config.apply_context()
        secret = await Passwords(config).hash_password(self.password)
        for address in self.addresses:
            identity = Identity(address, backend.login, None, frozenset({"admin"}))
            await identity.set(UserMetadata(config, address, password=secret))
        assert isinstance(config, IMAPConfig)  # noqa: S101 - the dict backend's own
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)
        return backend

    # The names of the two below are aiosmtpd's.

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a mail only for a mailbox that is here (the part after a plus sign aside)."""
        if self._mailbox_of(address) is None:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Put the mail into every recipient's INBOX."""
        raw = envelope.content
        assert isinstance(raw, bytes)  # noqa: S101 - decode_data is off
        for address in envelope.rcpt_tos:
            box = self._mailbox_of(address)
            if box is None:
                continue
            identity = Identity(box, self._backend.login, None, frozenset())
            async with identity.new_session() as session:
                await session.append_messages("INBOX", [AppendMessage(raw, self.now())])
            self.on_mail(box, raw)
        return "250 2.0.0 Taken"

    def _mailbox_of(self, address: str) -> str | None:
        local, _, domain = address.lower().rpartition("@")
        plain = f"{local.partition('+')[0]}@{domain}"
        return plain if plain in self.addresses else None
