"""Hands mails to a mail server over a connection that is kept open.

The only file that imports aiosmtplib. What this guarantees, whatever the server does:

1. A mail is reported as sent only after the server's "250" to its content (RFC 5321, 4.2.5).
2. A mail whose content was never handed over in full is reported as not sent, or sent once more
   on a new connection where the old one had merely been closed between two mails.
3. Where the connection dies between the last byte and the "250", nobody can know: the mail is
   reported as not sent, with ``uncertain`` set. Sent again, it carries the same Message-ID.
4. Nothing is sent in clear where TLS is asked for, and no password without TLS but to this machine.

Every failure is a ``MailDeferred`` (trying later may help) or a ``MailRefused`` (it will not).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiosmtplib

from app.config import Security
from app.kit.errors import BadConfig, OutsideError
from app.outbox.conversation import Connection, Envelope, begin, is_yes
from app.outbox.headers import one_line
from app.outbox.refusals import About, MailDeferred, Refusal, judge, not_sent
from app.outbox.wire import Lost, Reply, Wire

TokenProvider = Callable[[], Awaitable[str]]
USUAL_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
# Bytes a second that the slowest line worth waiting for takes.
SLOWEST_LINE = 100_000


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """How to reach and sign in to one mail server, and how long to wait for it."""

    host: str
    port: int | None = None
    security: Security = Security.TLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    # Returns a fresh OAuth 2 access token, for XOAUTH2 in place of a password.
    token: TokenProvider | None = field(default=None, repr=False)
    # A private certificate authority: then the only one that is trusted.
    ca_file: Path | None = None
    # From the first packet until the server asks for the content, whatever that takes.
    timeout_s: float = 30
    # From the last byte of the content until it is accepted. RFC 5321, section 4.5.3.2.6, says
    # ten minutes; a page cannot wait that long behind a mail that a filter chews on.
    accept_s: float = 60
    # What we call ourselves; left out, this machine's name.
    hello: str | None = None
    # Told when the server has refused the login, so that a stale token is not used again.
    on_refused: Callable[[], None] | None = field(default=None, repr=False)
    # What these settings are called in the configuration, for what the operator is told.
    key: str = "smtp"
    # A connection unused for longer is not trusted, but opened anew: routers forget an idle
    # connection silently, and finding that out costs a whole ``timeout_s``.
    idle_s: float = 60

    def __post_init__(self) -> None:
        """Refuse what would give the password to whoever listens."""
        signs_in = self.password is not None or self.token is not None
        if signs_in and not self.username:
            raise BadConfig("a password or a token needs a username.", field=f"{self.key}.username")
        if signs_in and self.security is Security.NONE and self.host not in THIS_MACHINE:
            raise BadConfig(
                f"signing in to {self.host} without TLS would show the password to the network.",
                field=f"{self.key}.security",
                remedy='Set it to "starttls" or "tls".',
            )

    @property
    def address(self) -> tuple[str, int]:
        """Return the host and the port, the usual one where none is given."""
        return self.host, self.port or USUAL_PORTS[self.security]

    def longest_s(self, size: int) -> float:
        """Return the most seconds that sending a mail of this many bytes can take."""
        return self.timeout_s + self.accept_s + size / SLOWEST_LINE


@dataclass(frozen=True, slots=True)
class Sent:
    """The server has taken the mail, for all its recipients but those it refused by name."""

    response: str
    refused: tuple[Refusal, ...] = ()
    # By what a provider that is no mail server knows the message.
    provider_id: str | None = None


class SmtpTransport:
    """Sends mails through one server, one after the other, over one connection."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None
        self._tls: ssl.SSLContext | None = None
        self._lock = asyncio.Lock()

    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        """Hand one mail over.

        ``envelope_from`` may be empty: the null path of bounces. ``MailDeferred`` or
        ``MailRefused`` when the server has taken it for nobody.
        """
        envelope = Envelope.of(envelope_from, recipients, data)
        async with self._lock:
            try:
                return await self._send(envelope)
            except OutsideError:
                raise
            except BaseException:
                # Also when we are cancelled: nobody knows then what the server waits for.
                self._drop("given up half way")
                raise

    async def check(self) -> None:
        """Connect and sign in, as the next mail will; ``MailDeferred`` says what is in the way."""
        async with self._lock, asyncio.timeout(self._settings.timeout_s):
            if self._still_open() is None:
                self._connection = await self._open()

    async def close(self) -> None:
        """Say goodbye, if there is anybody to say it to."""
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            try:
                async with asyncio.timeout(2):
                    connection.wire.send("QUIT")
                    await connection.wire.reply()
            except (Lost, TimeoutError):
                pass
            finally:
                connection.wire.drop("closed by us")
                await connection.wire.ended()

    async def _send(self, envelope: Envelope) -> Sent:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                connection, refused = await self._up_to_content(envelope)
        except TimeoutError:
            self._drop("too slow")
            raise self._deferred(f"did not answer within {self._settings.timeout_s:g} s") from None
        except MailDeferred as error:
            if error.about is About.LOGIN:
                # The next mail signs in anew, with a new token where there is one.
                self._drop("not signed in any more")
                if self._settings.on_refused:
                    self._settings.on_refused()
            raise
        reply = await self._hand_over(connection, envelope)
        connection.used_at = asyncio.get_running_loop().time()
        if is_yes(reply):
            connection.dirty = False
            return Sent(str(reply), tuple(refused))
        raise not_sent(self._settings.host, [judge(reply, about=About.CONTENT), *refused])

    async def _up_to_content(self, envelope: Envelope) -> tuple[Connection, list[Refusal]]:
        """Bring the server to ask for the content; return who will not get it."""
        connection = self._still_open()
        if connection is not None:
            try:
                return connection, await begin(connection, envelope, self._settings.host)
            except Lost as lost:
                # It was closed between two mails. No content has been handed over, so nothing
                # can be doubled by starting anew.
                self._drop(str(lost))
        connection = self._connection = await self._open()
        try:
            return connection, await begin(connection, envelope, self._settings.host)
        except Lost as lost:
            self._drop(str(lost))
            first = lost.reply and judge(lost.reply, about=About.SERVER)
            raise self._deferred(f"broke off: {lost}", first=first) from None

    async def _hand_over(self, connection: Connection, envelope: Envelope) -> Reply:
        size = len(envelope.data)
        try:
            async with asyncio.timeout(self._settings.accept_s + size / SLOWEST_LINE):
                await connection.wire.send_content(envelope.data)
                return await connection.wire.reply()
        except (Lost, TimeoutError) as error:
            self._drop("no answer to the content")
            if isinstance(error, Lost) and error.reply is not None:
                return error.reply
            why = str(error) or "no answer came in time"
            raise self._deferred(
                f"did not say whether it took the mail: {why}", uncertain=True
            ) from None

    def _still_open(self) -> Connection | None:
        connection = self._connection
        if connection is None:
            return None
        idle = asyncio.get_running_loop().time() - connection.used_at
        if connection.wire.lost or idle > self._settings.idle_s:
            self._drop("unused for too long")
            return None
        return connection

    def _drop(self, why: str) -> None:
        if self._connection is not None:
            self._connection.wire.drop(why)
            self._connection = None

    def _deferred(
        self,
        what: str,
        *,
        first: Refusal | None = None,
        uncertain: bool = False,
        remedy: str | None = None,
    ) -> MailDeferred:
        host, port = self._settings.address
        return MailDeferred(
            f"the mail server {host}:{port} {what}.",
            about=About.SERVER,
            first=first,
            uncertain=uncertain,
            remedy=remedy,
        )

    async def _open(self) -> Connection:
        """Connect, and sign in where there is something to sign in with."""
        settings = self._settings
        host, port = settings.address
        if self._tls is None and settings.security is not Security.NONE:
            # Reading the authorities takes tens of milliseconds.
            self._tls = await asyncio.to_thread(tls_context, settings)
        client = aiosmtplib.SMTP(
            hostname=host,
            port=port,
            local_hostname=settings.hello,
            timeout=settings.timeout_s,
            use_tls=settings.security is Security.TLS,
            start_tls=False,
            tls_context=self._tls,
        )
        try:
            await client.connect()
            await _greet(client)
            if settings.security is Security.STARTTLS:
                await self._start_tls(client)
            if settings.token is not None:
                await client.auth_xoauth2(settings.username or "", await settings.token())
            elif settings.password is not None:
                await client.login(settings.username or "", settings.password)
        except (aiosmtplib.SMTPException, OSError) as error:
            _hang_up(client)
            if isinstance(error, aiosmtplib.SMTPAuthenticationError) and settings.on_refused:
                settings.on_refused()
            raise _opening_failed(error, settings) from error
        except BaseException:
            _hang_up(client)
            raise
        return Connection(
            # From here on the connection is ours: aiosmtplib would send a command at a time.
            wire=Wire(cast("asyncio.Transport", client.transport)),
            extensions=dict(client.esmtp_extensions),
            used_at=asyncio.get_running_loop().time(),
        )

    async def _start_tls(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise self._deferred(
                "offers no STARTTLS, and nothing is sent in clear",
                remedy=_which_port(self._settings),
            )
        await client.starttls()
        # RFC 3207, section 4.2: what the server said before may have been somebody else's.
        await _greet(client)


def _hang_up(client: aiosmtplib.SMTP) -> None:
    transport = client.transport
    client.close()
    if transport is not None:
        # Closing TLS politely waits for the other side, which may be the one that is stuck.
        cast("asyncio.Transport", transport).abort()


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """Return what a server must prove; with a private authority, to that one only."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(
            f"{settings.ca_file} cannot be read as certificates: {error}.",
            field=f"{settings.key}.ca_file",
        ) from error


def _opening_failed(error: Exception, settings: SmtpSettings) -> MailDeferred:
    """Return what kept a connection from opening. Every mail waits until it is mended.

    1. The server said no, to the login or to anything else.
    2. Its certificate is not trusted. 3. TLS went wrong in another way.
    4. It has no way of signing in that we know.
    5. It cannot be reached.
    """
    host, port = settings.address
    where = f"the mail server {host}:{port}"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        login = isinstance(error, aiosmtplib.SMTPAuthenticationError)
        about = About.LOGIN if login else About.SERVER
        first = judge(Reply(error.code, one_line(error.message)), about=about)
        what = f"refused the login of {settings.username}" if login else "turned us away"
        remedy = "Check the mailbox's username and password." if login else None
        return MailDeferred(
            f"{where} {what}: {first.code} {first.text}.", about=about, first=first, remedy=remedy
        )
    cause = _tls_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return MailDeferred(
            f"the certificate of {host}:{port} is not trusted: {cause.verify_message}.",
            about=About.SERVER,
            remedy=f"Have it renewed, or name its authority with {settings.key}.ca_file.",
        )
    if cause is not None:
        return MailDeferred(
            f"{where} does not speak TLS as asked: {cause.reason or cause}.",
            about=About.SERVER,
            remedy=_which_port(settings),
        )
    if not isinstance(error, OSError):
        return MailDeferred(
            f"{where}: {one_line(str(error))}",
            about=About.SERVER,
            remedy=f"Nothing was sent. Check {settings.key}.security and the username.",
        )
    return MailDeferred(f"{where} cannot be reached: {one_line(str(error))}.", about=About.SERVER)


def _which_port(settings: SmtpSettings) -> str:
    return f'With {settings.key}.security "tls" goes port 465, with "starttls" port 587.'


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error that is at the bottom of this one, if any."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__
    return error


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        # RFC 5321, section 3.2: an old server knows only HELO.
        await client.helo()
