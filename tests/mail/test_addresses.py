"""Who is named in a header, and that nobody becomes somebody else by the way it is written."""

import time

import pytest

from intake.mail import parse
from intake.mail.addresses import addresses_of
from tests.mail.samples import mail

NAMED = {
    '"Nordmann, Kari" <k@x.no>': [("Nordmann, Kari", "k@x.no")],
    "=?utf-8?Q?Nordmann=2C_K=C3=A5re?= <K@X.no>": [("Nordmann, Kåre", "k@x.no")],
    "k@x.no (Kari Nordmann)": [("Kari Nordmann", "k@x.no")],
    "undisclosed-recipients:;": [],
    'Gruppe: a@b.no, "C, D" <c@d.no>;': [("", "a@b.no"), ("C, D", "c@d.no")],
    '"a b"@c.no': [("", '"a b"@c.no')],
    "Kari <mailto:k@x.no>": [("Kari", "k@x.no")],
    "a@b.no; c@d.no": [("", "a@b.no"), ("", "c@d.no")],
    "Kari Nordmann k@x.no": [("Kari Nordmann", "k@x.no")],
    "=?utf-8?B?S2FyaSA8a0B4Lm5vPg==?=": [("Kari", "k@x.no")],
    '"Kari <k@x.no>': [("Kari", "k@x.no")],
    "@b.no": [],
    "ingen": [],
}
# Each shows one address and is from another.
DISGUISED = [
    "kari@fjellbod.example <mallory@evil.example>",
    '"kari@fjellbod.example" <mallory@evil.example>',
    "=?utf-8?q?kari=40fjellbod.example?= <mallory@evil.example>",
    "=?utf-8?q?=3Ckari=40fjellbod.example=3E=2C?= <mallory@evil.example>",
    "(kari@fjellbod.example) mallory@evil.example",
]


@pytest.mark.parametrize("written", NAMED)
def test_everybody_in_a_header_is_told(written: str) -> None:
    assert addresses_of(written) == NAMED[written]


@pytest.mark.parametrize("sender", DISGUISED)
def test_a_name_is_never_an_address(sender: str) -> None:
    assert parse(mail(sender=sender)).from_address == "mallory@evil.example"


@pytest.mark.parametrize(
    "piece", ['"', "(", "<", "a@", '"a\\"', "a <", "a,", "<a@b>", "@", "(a", "a"]
)
def test_a_header_without_end_costs_no_time(piece: str) -> None:
    began = time.process_time()
    addresses_of(piece * (60_000 // len(piece)) + "@b")
    assert time.process_time() - began < 1
