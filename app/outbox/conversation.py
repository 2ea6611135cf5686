"""One mail's conversation with a server, from MAIL up to the server's asking for the content."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from app.kit.errors import PermanentError
from app.outbox.headers import address
from app.outbox.refusals import About, MailRefused, Refusal, judge, not_sent
from app.outbox.wire import Lost, Reply, Wire

_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail and whom it is from and for, checked and as they go over the wire."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes

    @classmethod
    def of(cls, sender: str, recipients: Sequence[str], data: bytes) -> Self:
        """Return the mail as it goes out; PermanentError for what is no address."""
        if not recipients:
            raise PermanentError("a mail needs somebody to go to.", field="to")
        # A lone CR or LF that one server takes for a line end and the next does not lets a
        # mail's text pass for a second mail (SMTP smuggling).
        if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
            data = _BARE_LINE_END.sub(b"\r\n", data)
        written = tuple(dict.fromkeys(address(each) for each in recipients))
        return cls(address(sender) if sender else "", written, data)

    def mail_command(self, host: str, extensions: dict[str, str]) -> str:
        """Return the MAIL command; ``MailRefused`` where this server cannot take the mail."""
        parts = [f"MAIL FROM:<{self.sender}>"]
        if "size" in extensions:
            # RFC 1870: no limit is announced as 0, or as nothing.
            limit = extensions["size"].strip()
            if limit.isdecimal() and 0 < int(limit) < len(self.data):
                raise MailRefused(
                    f"the mail is {len(self.data)} bytes, and {host} takes {limit}.",
                    about=About.CONTENT,
                    remedy="Send it with smaller files.",
                )
            parts.append(f"SIZE={len(self.data)}")
        if not self.data.isascii() and "8bitmime" in extensions:
            parts.append("BODY=8BITMIME")
        if not self.data.partition(b"\r\n\r\n")[0].isascii() or not all(
            each.isascii() for each in (self.sender, *self.recipients)
        ):
            if "smtputf8" not in extensions:
                raise MailRefused(
                    f"an address has letters beyond ASCII, which {host} cannot take.",
                    about=About.RECIPIENT,
                    remedy="Ask the contact for another address.",
                )
            parts.append("SMTPUTF8")
        return " ".join(parts)


@dataclass(slots=True)
class Connection:
    """An open connection, and what its server can do."""

    wire: Wire
    extensions: dict[str, str]
    used_at: float
    # The last mail ended in a "no", so the server may still hold half an envelope.
    dirty: bool = False


async def begin(connection: Connection, envelope: Envelope, host: str) -> list[Refusal]:
    """Bring the server from MAIL to "354"; return the recipients that it refused.

    ``Lost`` when it breaks off, and ``MailDeferred`` or ``MailRefused`` when it takes the mail
    for nobody.
    """
    wire, first = connection.wire, envelope.mail_command(host, connection.extensions)
    if connection.dirty:
        await _afresh(wire)
    connection.dirty = True
    to = [f"RCPT TO:<{each}>" for each in envelope.recipients]
    talk = _all_at_once if "pipelining" in connection.extensions else _one_by_one
    mail, answers, data = await talk(wire, first, to)
    if not is_yes(mail):
        refused = [judge(mail, about=About.SENDER)]
    else:
        refused = [
            judge(reply, about=About.RECIPIENT, recipient=recipient)
            for recipient, reply in zip(envelope.recipients, answers, strict=True)
            if not is_yes(reply)
        ]
        if len(refused) < len(answers) and data is not None:
            if data.code == 354:
                return refused
            if data.code < 400:
                # The server has said something unasked before: its answers are out of step.
                raise Lost(f"the server answered DATA with {data}")
            refused.insert(0, judge(data, about=About.CONTENT))
    if data is not None and data.code == 354:
        # RFC 2920, section 3.1: a server that asks for the content of a mail for nobody is sent
        # an empty one, which it then has nobody to give to.
        await wire.send_content(b"")
        await wire.reply()
    raise not_sent(host, refused)


async def _all_at_once(
    wire: Wire, first: str, to: Sequence[str]
) -> tuple[Reply, list[Reply], Reply | None]:
    """Send everything up to DATA in one packet (RFC 2920), and read the answers."""
    wire.send(first, *to, "DATA")
    mail = await wire.reply()
    answers = [await wire.reply() for _ in to]
    return mail, answers, await wire.reply()


async def _one_by_one(
    wire: Wire, first: str, to: Sequence[str]
) -> tuple[Reply, list[Reply], Reply | None]:
    """Send each command when the one before it is answered; DATA only where somebody gets it."""
    wire.send(first)
    mail = await wire.reply()
    answers: list[Reply] = []
    if not is_yes(mail):
        return mail, answers, None
    for command in to:
        wire.send(command)
        answers.append(await wire.reply())
    if not any(map(is_yes, answers)):
        return mail, answers, None
    wire.send("DATA")
    return mail, answers, await wire.reply()


async def _afresh(wire: Wire) -> None:
    """Let the server forget an envelope that came to nothing."""
    wire.send("RSET")
    reply = await wire.reply()
    if not is_yes(reply):
        raise Lost(str(reply), reply)


def is_yes(reply: Reply) -> bool:
    """Say whether the server did what it was asked."""
    # RFC 5321, section 4.2.1: 250, or 251 for one that is forwarded.
    return 200 <= reply.code < 300
