"""Keeping something so that whoever reads the database alone cannot read it.

AES-256 in Galois/counter mode (NIST SP 800-38D), under a key derived from the desk's secret and
from what the box is for, so that one box's content cannot be passed off as another's.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


def lock(secret: str, purpose: str, data: bytes) -> bytes:
    """Return ``data`` encrypted."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key(secret, purpose)).encrypt(nonce, data, None)


def unlock(secret: str, purpose: str, box: bytes) -> bytes | None:
    """Return what was locked; None where the secret, the purpose or the box is another."""
    try:
        return AESGCM(_key(secret, purpose)).decrypt(box[:_NONCE], box[_NONCE:], None)
    except (InvalidTag, ValueError):
        return None


def _key(secret: str, purpose: str) -> bytes:
    return hashlib.blake2b(purpose.encode(), key=secret.encode()[:64], digest_size=32).digest()
