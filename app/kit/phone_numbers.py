"""Telephone numbers in the one spelling by which they are compared: E.164.

The only place that imports ``phonenumbers``.
"""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

# What a telephone system writes around a number: sip:+4722000000@pbx.example, tel:…;phone-context=…
_ADDRESS = re.compile(r"^(?:sips?|tel):([^@;]+)", re.IGNORECASE)
# Placeholders that stand for a hidden caller (Twilio posts one of these numbers for some carriers).
_HIDDEN = frozenset(
    {"anonymous", "restricted", "unavailable", "unknown", "withheld", "private", "blocked"}
) | {"+266696687", "266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def parse_number(written: str, region: str) -> str | None:
    """Return a number as ``+4722000000``; None for what is none: hidden, a short code, a name.

    ``region`` is whose numbers are written without a country code: NO.
    """
    match = _ADDRESS.match(written.strip())
    plain = match[1] if match else written.strip()
    if is_hidden(plain) or len(plain) > 40:
        return None
    try:
        number = phonenumbers.parse(plain, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_hidden(written: str) -> bool:
    """Tell whether the caller did not want the number to be seen, or it got lost."""
    return not written.strip() or written.strip().lower() in _HIDDEN


def is_mobile(number: str) -> bool:
    """Tell whether an SMS may arrive at a number in E.164; a landline's would be refused."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(number)) in _MOBILE
    except NumberParseException:
        return False


def in_words(number: str) -> str:
    """Return a number as people read it: +47 22 00 00 00; anything else as it stands."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return number
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
