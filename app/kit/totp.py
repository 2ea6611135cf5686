"""One-time codes by the time of day (RFC 6238), as authenticator programs make them."""

from datetime import datetime

import pyotp

from app.kit.ids import same

STEP_S = 30
# A code of the step before or after is taken too: clocks differ, and people type slowly.
_AROUND = (0, -1, 1)


def new_secret() -> str:
    """Return a new secret of 160 bits, in base32."""
    return pyotp.random_base32()


def address_of(secret: str, *, who: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that a QR code shows to an authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=who, issuer_name=issuer)


def step_of(secret: str, code: str, *, now: datetime, after: int | None) -> int | None:
    """Return the time step that a code is right for, later than ``after``; None for a wrong one.

    A step that was used is not to be taken again (section 5.2).
    """
    current = int(now.timestamp()) // STEP_S
    for step in (current + around for around in _AROUND):
        right = pyotp.TOTP(secret).at(step * STEP_S)
        if same(right, code) and (after is None or step > after):
            return step
    return None
