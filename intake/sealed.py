"""What of a mail only its own key or program opens: S/MIME, PGP, winmail.dat.

Such a mail is kept whole and flagged for staff, so that nobody takes an empty text for all there
was. A signature is never called valid: we hold no key that could tell, and "unchecked" says so.
"""

import re
from collections.abc import Callable, Sequence

from intake.mail import Attachment, ParsedMail

_PGP_MESSAGE = re.compile(r"^-----BEGIN PGP MESSAGE-----\s*$", re.MULTILINE)
_PGP_SIGNED = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\s*$", re.MULTILINE)
# Below this an armour would stand in a quotation.
_LOOKED_AT = 20_000


def _has(mail: ParsedMail, *types: str) -> bool:
    return any(file.declared_type in types for file in mail.attachments)


def _is_winmail(file: Attachment) -> bool:
    return (
        file.declared_type == "application/vnd.ms-tnef"
        or file.name.lower() == "winmail.dat"
        or file.sniffed_type == "application/ms-tnef"
    )


def _is_signed_pkcs7(mail: ParsedMail) -> bool:
    """Tell whether an S/MIME file is a signature around the text (RFC 8551, section 3.5.2)."""
    return any(
        file.declared_type in _PKCS7 and _SIGNED_DATA in file.data[:64] for file in mail.attachments
    )


_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
# The object identifier of "signed-data" (RFC 5652, section 5.1), as DER writes it.
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")

# Every one that holds becomes a flag of the ticket.
SEALS: Sequence[tuple[str, Callable[[ParsedMail], bool]]] = (
    # RFC 3156, section 4.
    ("encrypted:pgp", lambda mail: mail.encrypted and _has(mail, "application/pgp-encrypted")),
    # RFC 4880, section 6.2: pasted into the text.
    ("encrypted:pgp", lambda mail: _PGP_MESSAGE.search(mail.text[:_LOOKED_AT]) is not None),
    # RFC 8551, section 3.3.
    ("encrypted:smime", lambda mail: _has(mail, *_PKCS7) and not _is_signed_pkcs7(mail)),
    # The text is inside the signature, and no mail program without S/MIME shows it.
    ("signed:smime:unchecked", _is_signed_pkcs7),
    # RFC 8551, section 3.5.3, and RFC 3156, section 5: the text stands beside its signature.
    (
        "signed:smime:unchecked",
        lambda mail: _has(mail, "application/pkcs7-signature", "application/x-pkcs7-signature"),
    ),
    ("signed:pgp:unchecked", lambda mail: _has(mail, "application/pgp-signature")),
    ("signed:pgp:unchecked", lambda mail: _PGP_SIGNED.search(mail.text[:_LOOKED_AT]) is not None),
    # [MS-OXTNEF]: Outlook has put its own format, and any files, into one.
    ("winmail", lambda mail: any(map(_is_winmail, mail.attachments))),
)


def seals_of(mail: ParsedMail) -> list[str]:
    """Return the flags of a mail that is sealed; none where it is open to read."""
    return list(dict.fromkeys(flag for flag, holds in SEALS if holds(mail)))


def needs_original(seals: Sequence[str]) -> bool:
    """Tell whether the raw mail must be at hand, since what was read is not all."""
    return any(not seal.startswith("signed:pgp") for seal in seals)
