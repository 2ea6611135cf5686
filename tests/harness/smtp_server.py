"""A real SMTP server in a thread, that keeps what it got and goes wrong on demand.

``server.go_wrong(Stage.RCPT, reply="452 4.2.2 mailbox full")`` makes the next RCPT fail; without a
reply the connection is dropped there, and ``silent=True`` leaves the client waiting for ever.
"""

import asyncio
import base64
import contextlib
import ssl
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, AnyStr, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from typing_extensions import override

T = TypeVar("T")


class Stage(StrEnum):
    """Where a conversation may go wrong."""

    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    RSET = "rset"
    DATA = "data"  # In answer to DATA, before any content.
    CONTENT = "content"  # When the content is in; it is not kept.
    ACCEPTED = "accepted"  # When the content is in and kept.


@dataclass(frozen=True)
class Received:
    """A mail that the server has taken."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    # Which connection it came over, counted from 1.
    connection: int


@dataclass
class Fault:
    """What goes wrong, where, how often."""

    stage: Stage
    reply: str | None
    silent: bool
    times: int
    argument: str
    # Dropped after the reply.
    drop: bool


@dataclass
class SmtpServer:
    """What the server is like, what it has seen and what is to go wrong."""

    # Where it listens on this machine.
    port: int = 0
    tls: ssl.SSLContext | None = None
    # TLS from the first byte, not by STARTTLS.
    implicit_tls: bool = False
    user: tuple[str, str] | None = None
    token: str | None = None
    pipelining: bool = True
    utf8: bool = False
    size_limit: int = 10_000_000
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    # Every command, as it came, of every connection.
    commands: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _sessions: set["_Conversation"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None

    def go_wrong(
        self,
        stage: Stage,
        *,
        reply: str | None = None,
        silent: bool = False,
        times: int = 1,
        argument: str = "",
        drop: bool = False,
    ) -> None:
        """Let the next ``times`` commands of a stage (whose argument holds this) go wrong."""
        self.faults.append(Fault(stage, reply, silent, times, argument, drop or reply is None))

    def fault_at(self, stage: Stage, argument: str = "") -> Fault | None:
        """Return what goes wrong now, if anything does."""
        for fault in self.faults:
            if fault.stage is stage and fault.times > 0 and fault.argument in argument:
                fault.times -= 1
                return fault
        return None

    def hang_up(self, goodbye: bytes = b"") -> None:
        """Close every connection, and wait until it is done."""

        async def close() -> None:
            for session in list(self._sessions):
                session.hang_up(goodbye)

        self.run(close())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's thread and return what it gives."""
        assert self._loop is not None
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(timeout=10)

    def serve(self) -> "contextlib.AbstractContextManager[SmtpServer]":
        """Run until the block ends."""
        return _serving(self)


class _Conversation(SMTP):
    """One connection."""

    def __init__(self, server: SmtpServer, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _Handler(server),
            loop=loop,
            hostname="mail.example.no",
            tls_context=None if server.implicit_tls else server.tls,
            auth_required=server.user is not None or server.token is not None,
            auth_require_tls=server.tls is not None and not server.implicit_tls,
            auth_callback=None,
            authenticator=_check_password(server),
            auth_exclude_mechanism=["XOAUTH2"] if server.token is None else ["PLAIN", "LOGIN"],
            enable_SMTPUTF8=server.utf8,
            data_size_limit=server.size_limit,
        )
        self._server = server
        self._greeted = False
        self.number = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.number:
            self._server.connections += 1
            self.number = self._server.connections
            self._server._sessions.add(self)
        super().connection_made(transport)

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._server._sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self, goodbye: bytes) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.write(goodbye)
            self.transport.close()

    @override
    async def push(self, status: AnyStr) -> None:
        if not self._greeted:
            self._greeted = True
            if await self._goes_wrong(Stage.GREETING, ""):
                return
        await super().push(status)

    async def _goes_wrong(self, stage: Stage, argument: str | None) -> bool:
        """Do what is to go wrong here; True when something did."""
        fault = self._server.fault_at(stage, argument or "")
        if fault is None:
            return False
        await self._carry_out(fault)
        return True

    async def _carry_out(self, fault: Fault) -> None:
        if fault.silent:
            await asyncio.get_running_loop().create_future()
        if fault.reply is not None:
            await super().push(fault.reply)
        if fault.drop:
            assert self.transport is not None
            self.transport.close()
            raise asyncio.CancelledError

    async def _unless(self, stage: Stage, argument: str | None, usual: Callable[..., Any]) -> None:
        self._server.commands.append(f"{stage.upper()} {argument or ''}".strip())
        if not await self._goes_wrong(stage, argument):
            await usual(argument)

    @override
    async def smtp_EHLO(self, hostname: str) -> None:
        await self._unless(Stage.EHLO, hostname, super().smtp_EHLO)

    @override
    async def smtp_STARTTLS(self, arg: str) -> None:
        await self._unless(Stage.STARTTLS, arg, super().smtp_STARTTLS)

    @override
    async def smtp_AUTH(self, arg: str) -> None:
        await self._unless(Stage.AUTH, arg, super().smtp_AUTH)

    @override
    async def smtp_MAIL(self, arg: str | None) -> None:
        await self._unless(Stage.MAIL, arg, super().smtp_MAIL)

    @override
    async def smtp_RCPT(self, arg: str | None) -> None:
        await self._unless(Stage.RCPT, arg, super().smtp_RCPT)

    @override
    async def smtp_RSET(self, arg: str) -> None:
        await self._unless(Stage.RSET, arg, super().smtp_RSET)

    @override
    async def smtp_DATA(self, arg: str) -> None:
        await self._unless(Stage.DATA, arg, super().smtp_DATA)


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds its hooks by name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        if self._server.pipelining:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_DATA(self, server: _Conversation, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd finds its hooks by name
        fault = self._server.fault_at(Stage.CONTENT)
        if fault is not None and fault.reply is not None and not fault.drop:
            return fault.reply
        if fault is not None:
            await server._carry_out(fault)
        assert isinstance(envelope.original_content, bytes)
        self._server.received.append(
            Received(
                sender=(envelope.mail_from or "").replace("<>", ""),
                recipients=tuple(envelope.rcpt_tos),
                data=envelope.original_content,
                connection=server.number,
            )
        )
        await server._goes_wrong(Stage.ACCEPTED, "")
        return f"250 2.0.0 queued as {len(self._server.received)}"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd finds its hooks by name
        given = base64.b64decode(args[1]).decode()
        user, token = (self._server.user or ("", ""))[0], self._server.token
        good = given == f"user={user}\x01auth=Bearer {token}\x01\x01"
        return AuthResult(success=good, handled=False)


def _check_password(server: SmtpServer) -> Callable[..., AuthResult]:
    def check(
        _smtp: SMTP, _session: Session, _envelope: Envelope, _way: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = server.user == (data.login.decode(), data.password.decode())
        return AuthResult(success=good, handled=False)

    return check


@contextlib.contextmanager
def _serving(server: SmtpServer) -> Iterator[SmtpServer]:
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    def conversation() -> _Conversation:
        with warnings.catch_warnings():
            # It warns of passwords without TLS, which is what some tests are about.
            warnings.simplefilter("ignore")
            return _Conversation(server, loop)

    async def listen() -> asyncio.Server:
        listening = await loop.create_server(
            conversation, "127.0.0.1", server.port, ssl=server.tls if server.implicit_tls else None
        )
        server.port = listening.sockets[0].getsockname()[1]
        return listening

    async def finish(listening: asyncio.Server) -> None:
        listening.close()
        for session in list(server._sessions):
            if isinstance(session.transport, asyncio.Transport):
                session.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Each layer of a TLS connection closes in a turn of its own.
        for _ in range(10):
            await asyncio.sleep(0)

    def live() -> None:
        asyncio.set_event_loop(loop)
        listening = loop.run_until_complete(listen())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(finish(listening))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    server._loop = loop
    thread = threading.Thread(target=live, name="smtp-server", daemon=True)
    thread.start()
    try:
        if not ready.wait(timeout=10):
            raise RuntimeError("the SMTP server did not start")
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
