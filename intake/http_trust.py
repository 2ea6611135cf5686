"""Whether a mail or a call that came by HTTP was posted by whom we asked to.

Three ways, the first that is tried decides:

1. A token: ``Authorization: Bearer …``, or as the password of Basic, which every provider can put
   into an address (``https://svartid:TOKEN@desk.example/intake/email``).
2. A signature over the body: ``Svartid-Signature: t=UNIX,v1=HEX``, the HMAC-SHA256 of ``UNIX.``
   and the body.
3. A form's own signature (Mailgun): the HMAC-SHA256 of ``timestamp`` and ``token``. It does not
   cover the mail, so only TLS keeps it from being altered on its way.

A signature is good for a quarter of an hour. Sent again within it, a mail is a duplicate, and a
call is refused (``Taken``).
"""

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from app.config import MailHttpSettings, PhoneSettings, read_secret
from app.kit.ids import same

GOOD_FOR = timedelta(minutes=15)


class NotKnown(Exception):
    """Whoever posts has not shown that we asked them to."""


@dataclass(frozen=True)
class Keys:
    """What a poster may know; None where that way is not open."""

    token: str | None = field(default=None, repr=False)
    signing: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: MailHttpSettings | PhoneSettings, *, at: str) -> Self:
        """Read the keys; a file is read each time, so that a new one is used at once.

        ``at`` is the settings' own name.
        """
        return cls(
            read_secret(settings.token, settings.token_file, field=f"{at}.token"),
            read_secret(settings.signing_key, settings.signing_key_file, field=f"{at}.signing_key"),
        )


@dataclass(frozen=True)
class Shown:
    """What the headers have shown: a token, a signature still to be compared, or nothing."""

    is_token: bool = False
    key: str = field(default="", repr=False)
    timestamp: str = ""
    signature: str = ""

    @property
    def is_nobody(self) -> bool:
        """Tell whether the headers show nothing at all."""
        return not self.is_token and not self.signature

    def check_body(self, body: bytes) -> None:
        """Compare the signature with the body; ``NotKnown`` where it is another's."""
        if self.is_token:
            return
        ours = _hmac(self.key, f"{self.timestamp}.".encode() + body)
        if not same(ours, self.signature):
            raise NotKnown("The signature is not that of this body.")


class Taken:
    """The signatures that were good for something, as long as they are good."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, datetime] = OrderedDict()

    def knows(self, shown: Shown, *, now: datetime) -> bool:
        """Tell whether this very request was taken before."""
        while self._at and now - next(iter(self._at.values())) > 2 * GOOD_FOR:
            self._at.popitem(last=False)
        return bool(shown.signature) and shown.signature in self._at

    def note(self, shown: Shown, *, now: datetime) -> None:
        """Remember a request that was taken; one that failed may be sent again as it is."""
        if shown.signature:
            self._at[shown.signature] = now


def check_headers(keys: Keys, headers: Mapping[str, str], *, now: datetime) -> Shown:
    """Return what the headers show; ``NotKnown`` for a token or a time that is wrong."""
    given = headers.get("authorization")
    if given is not None and keys.token is not None:
        if not same(_token_in(given), keys.token):
            raise NotKnown("The token is wrong.")
        return Shown(is_token=True)
    signed = headers.get("svartid-signature")
    if signed is None or keys.signing is None:
        return Shown()
    parts = dict(part.strip().partition("=")[::2] for part in signed.split(","))
    timestamp, signature = parts.get("t", ""), parts.get("v1", "")
    _check_age(timestamp, now)
    if not signature:
        raise NotKnown("The signature is empty.")
    return Shown(key=keys.signing, timestamp=timestamp, signature=signature)


def check_form(keys: Keys, form: Mapping[str, object], *, now: datetime) -> None:
    """Check a form's own signature; ``NotKnown`` where it is not one of ours."""
    timestamp, token, signature = (
        str(form.get(name, "")) for name in ("timestamp", "token", "signature")
    )
    _check_age(timestamp, now)
    if keys.signing is None or not same(
        _hmac(keys.signing, f"{timestamp}{token}".encode("utf-8", "replace")), signature
    ):
        raise NotKnown("The form's signature is wrong.")


def _check_age(timestamp: str, now: datetime) -> None:
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 11:
        raise NotKnown("The signature's time is missing.")
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > GOOD_FOR:
        raise NotKnown("The signature is too old, or one of the two clocks is wrong.")


def _token_in(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return value.strip()
    try:
        plain = base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
    return plain.partition(":")[2]


def _hmac(key: str, data: bytes) -> str:
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest()
