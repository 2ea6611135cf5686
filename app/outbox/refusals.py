"""What a mail server's "no" means: for whom, and whether trying again may help."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from app.kit.errors import PermanentError, TemporaryError
from app.outbox.headers import one_line
from app.outbox.wire import Reply


class About(StrEnum):
    """Whose matter a failure is: the first two stop every mail of the mailbox, not only this."""

    SERVER = "server"  # It cannot be reached, trusted or talked to.
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One "no", to one recipient or (None) to the whole mail."""

    recipient: str | None
    code: int
    # RFC 3463, such as "5.1.1"; None where the server gives none.
    enhanced: str | None
    text: str
    about: About
    permanent: bool

    @override
    def __str__(self) -> str:
        """Return "per@kunde.example: 550 5.1.1 no such user"."""
        said = f"{self.code} {self.text}".strip()
        return f"{self.recipient}: {said}" if self.recipient else said


class _Failure:
    """What both errors tell beside their sentence."""

    about: About
    code: int | None
    # RFC 3463, such as "5.1.1"; None where the server gives none.
    enhanced: str | None
    refused: tuple[Refusal, ...]
    # The server may have taken the mail all the same.
    uncertain: bool

    def tell(
        self, about: About, first: Refusal | None, refused: Sequence[Refusal], *, uncertain: bool
    ) -> None:
        self.about = about
        self.code = first.code if first else None
        self.enhanced = first.enhanced if first else None
        self.refused = tuple(refused)
        self.uncertain = uncertain


class MailDeferred(TemporaryError, _Failure):
    """The mail was not sent; a later try may succeed."""

    def __init__(
        self,
        message: str,
        *,
        about: About,
        first: Refusal | None = None,
        refused: Sequence[Refusal] = (),
        uncertain: bool = False,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.tell(about, first, refused, uncertain=uncertain)


class MailRefused(PermanentError, _Failure):
    """The mail was not sent, and will not be as it is."""

    def __init__(
        self,
        message: str,
        *,
        about: About,
        first: Refusal | None = None,
        refused: Sequence[Refusal] = (),
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.tell(about, first, refused, uncertain=False)


# RFC 4954, section 6: the session is not signed in as it must be. That is a matter of our own
# configuration, and no reason to give up a mail that can go once it is mended.
LOGIN_CODES = frozenset({530, 534, 535, 538})


def judge(reply: Reply, *, about: About, recipient: str | None = None) -> Refusal:
    """Return what a negative reply means.

    1. A matter of signing in passes when the configuration is mended.
    2. A 4xx passes by itself (RFC 5321, section 4.2.1).
    3. A 552 to a recipient says "too many recipients" (RFC 5321, section 4.5.3.1.10): it passes.
    4. A full mailbox is emptied one day, whatever the code (RFC 3463, section 3.3, X.2.2).
    5. Anything else is final, a reply that makes no sense (a 2xx or 3xx in the wrong place) not.
    """
    final = 500 <= reply.code < 600
    if reply.code in LOGIN_CODES:
        about, final = About.LOGIN, False
    elif (about is About.RECIPIENT and reply.code == 552) or (
        reply.enhanced is not None and reply.enhanced.endswith(".2.2")
    ):
        final = False
    return Refusal(recipient, reply.code, reply.enhanced, one_line(reply.text), about, final)


def not_sent(host: str, refused: Sequence[Refusal]) -> MailDeferred | MailRefused:
    """Return the error for a mail that every one of these refusals stopped, worst first told.

    Where one of several recipients may still be reached later, the mail is tried again.
    """
    lasting = [each for each in refused if not each.permanent]
    first = lasting[0] if lasting else refused[0]
    whom = f" to {first.recipient}" if first.recipient else ""
    status = f"{first.code} {first.text}".strip()
    message = f"the mail server {host} said no{whom}: {status}."
    if lasting:
        remedy = (
            "Check the mailbox's username and password." if first.about is About.LOGIN else None
        )
        return MailDeferred(message, about=first.about, first=first, refused=refused, remedy=remedy)
    return MailRefused(message, about=first.about, first=first, refused=refused)
