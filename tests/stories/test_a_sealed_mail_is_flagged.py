"""What only its own key or program opens: kept whole, flagged, never taken for an empty mail."""

from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from app.models import LedgerState
from tests.harness.world import KARI, SUPPORT, World

SIGNED_DATA = bytes.fromhex("308006092a864886f70d010702a0803080020101")
ENVELOPED = bytes.fromhex("308006092a864886f70d010703a0803080020100")
ARMOUR = "-----BEGIN PGP MESSAGE-----\n\nhQEMA9\n=abcd\n-----END PGP MESSAGE-----\n"
CLEAR = (
    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nNettbutikken er treg.\n"
    "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
)


def headed(mail: EmailMessage | MIMEMultipart | MIMEApplication | MIMEText) -> bytes:
    mail["From"] = f"Kari Fjeld <{KARI}>"
    mail["To"] = SUPPORT
    mail["Subject"] = "Nettbutikken"
    mail["Message-ID"] = "<sealed@fjellbod.example>"
    return mail.as_bytes()


def several(kind: str, *parts: MIMEText | MIMEApplication, **words: str) -> bytes:
    mail = MIMEMultipart(kind, **words)
    for part in parts:
        mail.attach(part)
    return headed(mail)


def part(data: bytes, kind: str, name: str) -> MIMEApplication:
    made = MIMEApplication(data, kind, name=name)
    made.add_header("Content-Disposition", "attachment", filename=name)
    return made


TEXT = "Nettbutikken er treg.\n"
MAILS = {
    "encrypted:smime": headed(part(ENVELOPED, "pkcs7-mime", "smime.p7m")),
    "encrypted:pgp": several(
        "encrypted",
        part(b"Version: 1\n", "pgp-encrypted", "version.asc"),
        part(ARMOUR.encode(), "octet-stream", "encrypted.asc"),
        protocol="application/pgp-encrypted",
    ),
    "encrypted:pgp in the text": headed(MIMEText(ARMOUR)),
    "signed:smime:unchecked": several(
        "signed", MIMEText(TEXT), part(SIGNED_DATA, "pkcs7-signature", "smime.p7s")
    ),
    "signed:smime:unchecked around the text": headed(part(SIGNED_DATA, "pkcs7-mime", "smime.p7m")),
    "signed:pgp:unchecked": several(
        "signed", MIMEText(TEXT), part(b"-----BEGIN PGP SIGNATURE-----", "pgp-signature", "s.asc")
    ),
    "signed:pgp:unchecked in the text": headed(MIMEText(CLEAR)),
    "winmail": several(
        "mixed", MIMEText(TEXT), part(b"\x78\x9f\x3e\x22\x00\x01", "ms-tnef", "winmail.dat")
    ),
    "winmail under another name": several(
        "mixed", MIMEText(TEXT), part(b"\x78\x9f\x3e\x22\x00\x01", "octet-stream", "ATT00001.dat")
    ),
}


@pytest.mark.parametrize("what", MAILS)
def test_a_sealed_mail_opens_a_ticket_that_says_so(world: World, what: str) -> None:
    row = world.process(world.put(MAILS[what]))
    assert row.state is LedgerState.OPENED
    flag = what.split(" ", maxsplit=1)[0]
    assert [one for one in world.ticket().flags if one != "malformed"] == [flag]
    files = world.web().get("/api/v1/tickets/1/messages").json()["items"][0]["attachments"]
    # The text of a signed or armoured PGP mail is there to read; of all others the whole is kept.
    assert ("original.eml" in [one["name"] for one in files]) is not flag.startswith("signed:pgp")
    world.process_all()
    world.postman.taken.clear()


def test_an_open_mail_has_no_such_flag(world: World) -> None:
    world.mail("Kan dere lese PGP? For eksempel BEGIN PGP MESSAGE.\n")
    assert world.ticket().flags == []
    world.process_all()
    world.postman.taken.clear()


def test_a_sealed_answer_flags_the_ticket_that_it_joins(world: World) -> None:
    world.mail()
    world.process_all()
    receipt = world.postman.expect(KARI)
    mail = MAILS["encrypted:smime"].replace(
        b"Subject:", f"In-Reply-To: {receipt['Message-ID']}\nSubject:".encode()
    )
    row = world.process(world.put(mail))
    assert row.state is LedgerState.APPENDED
    assert world.ticket().flags == ["encrypted:smime"]
    world.process_all()
    world.postman.taken.clear()
