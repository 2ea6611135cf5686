"""Every error of the house, as a tree.

::

    SvartidError
    ├── BadInput            422  a word of the caller's is wrong; names the field and the remedy
    │   └── BadConfig            a setting is wrong; names its full key
    ├── NotFound            404
    ├── NotAllowed          403
    ├── Unauthenticated     401  nobody knows who the caller is
    ├── Conflict            409  the thing has moved on; read it again
    ├── TooMany             429  wait; says for how long
    ├── Unavailable         503  try again: the database, a disk, a provider is away
    └── OutsideError             a mail server, a provider or a webhook said no
        ├── TemporaryError       try again later
        └── PermanentError       trying again will not help

Each carries a sentence that a customer or an agent may read: what is wrong, where, what to do.
"""

from typing_extensions import override


class SvartidError(Exception):
    """Base of all errors that this house raises on purpose."""

    status = 500
    title = "Something went wrong"

    def __init__(
        self, message: str, *, field: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.remedy = remedy

    @override
    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        what_to_do = f" {self.remedy}" if self.remedy else ""
        return f"{where}{self.message}{what_to_do}"


class BadInput(SvartidError):
    """A word of the caller's is wrong."""

    status = 422
    title = "The request is not valid"


class BadConfig(BadInput):
    """A setting is wrong; ``field`` is its full key."""

    title = "The configuration is not valid"


class NotFound(SvartidError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    title = "Not found"


class NotAllowed(SvartidError):
    """The caller is known, but may not do this."""

    status = 403
    title = "Not allowed"


class Unauthenticated(SvartidError):
    """Nobody knows who the caller is: no key, or one that is wrong, too old or taken back."""

    status = 401
    title = "Not signed in"


class TooMany(SvartidError):
    """The caller asks too often; ``wait_s`` says for how many seconds to wait."""

    status = 429
    title = "Too many requests"

    def __init__(self, message: str, *, wait_s: int, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy or f"Wait {wait_s} seconds.")
        self.wait_s = wait_s


class Conflict(SvartidError):
    """The thing has moved on since the caller looked."""

    status = 409
    title = "Conflict"


class Unavailable(SvartidError):
    """Something that we stand on is away for the moment."""

    status = 503
    title = "Temporarily unavailable"


class OutsideError(SvartidError):
    """Somebody else's machine said no."""


class TemporaryError(OutsideError):
    """Trying again later may help."""


class PermanentError(OutsideError):
    """Trying again will not help until something is changed."""
