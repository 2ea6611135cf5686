"""Identifiers: time-ordered UUIDs, random tokens, and keyed digests.

Ids are made by us and not by the database, so that rows of one transaction can name each other
before anything is sent, and so that inserts stay at the end of every index.
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
import uuid


def new_id() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562, section 5.7): Unix milliseconds, then random.

    The 12 bits after the 48 of milliseconds hold the fraction of the millisecond, so that ids
    made by one thread sort in the order they were made.
    """
    # An id's age is no one's argument: it orders rows, and no rule of the trade reads it.
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64
    value |= 0b10 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return uuid.UUID(int=value)


def new_token(prefix: str) -> str:
    """Return a random bearer token of 256 bits; the prefix lets secret scanners recognise it."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def keyed(secret: str, text: str, *, length: int = 16) -> str:
    """Return ``length`` characters of a keyed hash, in the letters a-z and the digits 2-7.

    Short enough for a mail address, and at 5 bits a character 80 bits strong at the default: a
    stranger cannot guess one.
    """
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b32encode(mac).decode().lower()[:length]


def same(one: str, other: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
