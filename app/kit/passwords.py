"""Passwords: Argon2id (RFC 9106), and no difference in time between a wrong one and none.

A hash takes a tenth of a second on purpose: never on an event loop, never in a transaction.
"""

from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from app.kit.errors import BadInput

SHORTEST, LONGEST = 12, 200


def check_new(password: str, *, own_words: tuple[str, ...] = ()) -> None:
    """Refuse a password that is too short, too long, or the person's own name or address."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(
            f"a password has {SHORTEST} to {LONGEST} characters",
            field="password",
            remedy="Take four words that do not belong together.",
        )
    if len(set(password)) < 5 or any(
        word and password.casefold() == word.casefold() for word in own_words
    ):
        raise BadInput("this password is the first that anybody would try", field="password")


def hash_of(password: str) -> str:
    """Return the hash to keep."""
    return _hasher().hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Return whether the password is the one that was hashed; as slowly where none was."""
    try:
        right = _hasher().verify(password, kept or _nobodys())
    except PwdlibError:
        return False
    return right and kept is not None


@cache
def _hasher() -> PasswordHash:
    return PasswordHash([Argon2Hasher()])


@cache
def _nobodys() -> str:
    return hash_of("nobody has this password")
