"""Signing mail with DKIM (RFC 6376), for those whose mail server does not do it for them.

Most relays sign by themselves, so the library is an extra (``svartid[dkim]``) and is looked for
only when a key is configured. It signs in plain Python: some nine milliseconds a mail with a key
of 2048 bits, which is why ``sign`` belongs in a thread and not on the event loop.
"""

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from app.kit.errors import BadConfig, PermanentError

# Signed wherever they stand in the mail. Twice named means that none may be added afterwards:
# a second From is what a forger adds (RFC 6376, section 8.15).
SIGNED: Final = (
    *(b"from", b"from", b"to", b"to", b"cc", b"cc", b"subject", b"subject"),
    *(b"date", b"date", b"message-id", b"message-id", b"reply-to", b"reply-to"),
    *(b"in-reply-to", b"references", b"auto-submitted"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding"),
)
_FIELD: Final = "smtp.dkim"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one domain with one key."""

    domain: str
    selector: str
    _key: bytes = field(repr=False)
    _library: Any = field(repr=False)

    @classmethod
    def of(cls, *, domain: str, selector: str, key_file: Path) -> Self:
        """Read the key and try it; ``BadConfig`` for one that cannot sign."""
        try:
            library = importlib.import_module("dkim")
        except ImportError:
            raise BadConfig(
                "signing with DKIM needs a library that is not installed.",
                field=_FIELD,
                remedy="Install svartid[dkim], or let the mail server sign.",
            ) from None
        try:
            key = key_file.read_bytes()
        except OSError as error:
            raise BadConfig(
                f"{key_file} cannot be read: {error.strerror}.", field=f"{_FIELD}.key_file"
            ) from error
        signer = cls(domain, selector, key, library)
        try:
            signer.sign(f"From: try@{domain}\r\n\r\n".encode())
        except PermanentError as error:
            raise BadConfig(
                f"{key_file} cannot sign: {error.message}",
                field=f"{_FIELD}.key_file",
                remedy="It must be an RSA key of at least 1024 bits, in PEM.",
            ) from error
        return signer

    def sign(self, mail: bytes) -> bytes:
        """Return the mail with its signature before it."""
        try:
            # The library's own errors and what its parser of keys lets through have no common
            # base, and none of them is about this moment: the same mail fails the same way.
            signature = self._library.sign(
                mail,
                self.selector.encode("ascii"),
                self.domain.encode("idna"),
                self._key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=list(SIGNED),
                linesep=b"\r\n",
            )
        except Exception as error:
            raise PermanentError(f"the mail cannot be signed: {error}.", field=_FIELD) from error
        return bytes(signature) + mail
