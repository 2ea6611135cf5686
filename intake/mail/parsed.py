"""A mail as it was read."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from intake.mail import html, quote


class Verdict(StrEnum):
    """Who wrote it: a person, or one of three kinds of machine."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    BULK = "bulk"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail, with the type it claims and the type its first bytes show."""

    name: str
    declared_type: str
    sniffed_type: str
    size: int
    content_id: str | None
    inline: bool
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """A recipient that was not reached."""

    recipient: str
    # RFC 3463, such as "5.1.1"; None where nothing tells.
    status: str | None
    # RFC 3464, section 2.3.3: "failed" or "delayed"; "" where it is not said.
    action: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report of non-delivery says, in RFC 3464's form or in its own words."""

    failures: tuple[Failure, ...]
    # True where the other side goes on trying; None where it does not say.
    is_temporary: bool | None
    original_message_id: str | None

    @property
    def final_recipients(self) -> tuple[str, ...]:
        """The addresses that were not reached."""
        return tuple(one.recipient for one in self.failures)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The status of each of them, where one is told."""
        return tuple(one.status for one in self.failures if one.status)

    @property
    def status(self) -> str | None:
        """The first status that is told."""
        return next(iter(self.statuses), None)


@dataclass(frozen=True, slots=True)
class Authentication:
    """One Authentication-Results header (RFC 8601): who checked, and what they found."""

    # The server that speaks; None where the header does not say (Microsoft 365).
    server: str | None
    # Method to result, as in {"dkim": "pass"}.
    results: tuple[tuple[str, str], ...]
    # The domain that DMARC aligned, or the From domain it names.
    domain: str | None


@dataclass(frozen=True)
class ParsedMail:
    """Addresses are in lower case, Message-IDs without brackets, and no header has line breaks."""

    from_address: str | None = None
    from_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    # "" is the null path of bounces; None is no Return-Path at all.
    return_path: str | None = None
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    # What the sender's clock said: information, never trusted for order.
    date: datetime | None = None
    # The readable text, whatever it came from.
    text: str = ""
    # The HTML parts as they came; ``html`` is what may be shown.
    html_source: str | None = field(default=None, repr=False)
    # Whether ``text`` was made of the HTML, since no plain part had any.
    text_is_of_html: bool = False
    # The newest text alone, and what it answers: a view of ``text``, nothing is thrown away.
    reply_text: str = ""
    quoted_text: str = ""
    attachments: tuple[Attachment, ...] = ()
    verdict: Verdict = Verdict.HUMAN
    verdict_reason: str = ""
    is_auto_reply: bool = False
    is_bounce: bool = False
    is_complaint: bool = False
    is_read_receipt: bool = False
    is_delivery_notice: bool = False
    bounce: Bounce | None = None
    signed: bool = False
    encrypted: bool = False
    # nb, nn, en, sv, da or de, by the words of the newest text; None where unsure.
    language_hint: str | None = None
    authentication: tuple[Authentication, ...] = ()
    problems: tuple[str, ...] = ()

    @cached_property
    def html(self) -> str | None:
        """The HTML parts, sanitised for display; None where there are none."""
        return None if self.html_source is None else html.cleaned(self.html_source)

    @cached_property
    def html_text(self) -> str:
        """The HTML parts as text, also where a plain part was preferred."""
        if self.text_is_of_html or self.html_source is None:
            return self.text if self.html_source else ""
        return html.as_text(self.html_source).replace(quote.MARK, "")
