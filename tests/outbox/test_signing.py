import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.checks import checks
from app.config import Settings
from app.connections import signer
from app.kit.clock import MachineClock
from app.kit.errors import BadConfig
from app.outbox.compose import compose
from app.outbox.signing import Signing
from app.outbox.smtp import Sent, SmtpTransport
from tests.harness.world import SUPPORT, make_settings
from tests.outbox.letters import make_letter


class Behind:
    """Keeps what it is given in place of a server."""

    def __init__(self) -> None:
        self.data = b""
        self.closed = False

    async def send(self, envelope_from: str, recipients: Sequence[str], data: bytes) -> Sent:
        self.data = data
        return Sent("250 taken")

    async def close(self) -> None:
        self.closed = True


def settings(key_file: Path) -> Settings:
    dkim = {"domain": "desk.example", "selector": "s1", "key_file": key_file}
    smtp = {"host": "smtp.example", "dkim": dkim}
    return make_settings(mailboxes={"support": {"address": SUPPORT, "smtp": smtp}})


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    pytest.importorskip("dkim", reason="signing is an extra: svartid[dkim]")
    key = rsa.generate_private_key(65537, 2048)
    file = tmp_path / "key.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return file


def test_a_mailbox_with_a_key_signs_what_it_sends(key_file: Path) -> None:
    signs = signer("support", settings(key_file).mailboxes["support"].smtp)
    assert signs is not None
    behind = Behind()
    signing = Signing(cast("SmtpTransport", behind), signs)
    mail = compose(make_letter())

    async def send() -> None:
        await signing.send("a@desk.example", ["b@x.example"], mail)
        await signing.close()

    asyncio.run(send())
    assert behind.data.startswith(b"DKIM-Signature: ")
    assert behind.data.endswith(mail)
    assert b"d=desk.example" in behind.data
    assert behind.closed


def test_without_a_key_nothing_is_signed() -> None:
    assert signer("support", make_settings().mailboxes["support"].smtp) is None


def test_a_key_that_is_not_there_is_named_in_full(tmp_path: Path) -> None:
    pytest.importorskip("dkim", reason="signing is an extra: svartid[dkim]")
    using = settings(tmp_path / "none.pem")
    with pytest.raises(BadConfig, match=r"mailboxes\.support\.smtp\.dkim\.key_file"):
        signer("support", using.mailboxes["support"].smtp)
    by_name = dict(checks(using, MachineClock()))
    with pytest.raises(BadConfig, match=r"cannot be read"):
        by_name["mailbox support, DKIM"]()


def test_doctor_tells_which_key_signs(key_file: Path) -> None:
    by_name = dict(checks(settings(key_file), MachineClock()))
    assert by_name["mailbox support, DKIM"]() == "signs as s1._domainkey.desk.example"
