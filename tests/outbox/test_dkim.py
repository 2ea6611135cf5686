"""A signature holds for what was sent, and for nothing that was added."""

import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.kit.errors import BadConfig
from app.outbox.compose import compose
from app.outbox.dkim import Signer
from tests.outbox.letters import make_letter

dkim = pytest.importorskip("dkim", reason="the dkim extra is not installed")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def signer(key: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Signer.of(domain="example.no", selector="s1", key_file=path)


def holds(mail: bytes, key: rsa.RSAPrivateKey) -> bool:
    """Check the signature as a receiver would, with the key that the domain's DNS would give."""
    asked = []

    def dns(name: bytes | str, timeout: int = 5) -> bytes:
        asked.append(name if isinstance(name, str) else name.decode())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b"v=DKIM1; k=rsa; p=" + b"".join(public.split(b"\n")[1:-2])

    good = bool(dkim.verify(mail, dnsfunc=dns))
    assert asked == ["s1._domainkey.example.no."]
    return good


def test_a_signed_mail_is_believed(signer: Signer, key: rsa.RSAPrivateKey) -> None:
    mail = signer.sign(compose(make_letter(cc=("per@kunde.example",))))
    assert mail.startswith(b"DKIM-Signature: ")
    assert mail.endswith(compose(make_letter(cc=("per@kunde.example",))))
    assert holds(mail, key)
    assert b"\n" not in mail.replace(b"\r\n", b"")


def test_a_received_line_on_the_way_does_no_harm(signer: Signer, key: rsa.RSAPrivateKey) -> None:
    mail = b"Received: from a by b; Mon, 23 Nov 2026 13:30:00 +0000\r\n" + signer.sign(
        compose(make_letter())
    )
    assert holds(mail, key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b"From: Forger <x@evil.example>\r\n"),
        (b"", b"Subject: Betal her\r\n"),
        (b"", b"Reply-To: x@evil.example\r\n"),
        (b"", b"Cc: x@evil.example\r\n"),
        (b"Takk for", b"Ring oss"),
        (b"To: kari@", b"To: ola@"),
    ],
)
def test_what_is_added_or_changed_on_the_way_breaks_it(
    signer: Signer, key: rsa.RSAPrivateKey, old: bytes, new: bytes
) -> None:
    mail = signer.sign(compose(make_letter()))
    changed = mail.replace(old, new, 1) if old else new + mail
    assert changed != mail
    assert not holds(changed, key)


def test_a_key_that_cannot_sign_is_found_at_start(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(BadConfig, match="cannot be read"):
        Signer.of(domain="example.no", selector="s1", key_file=path)
    path.write_text("no key", encoding="ascii")
    with pytest.raises(BadConfig, match="RSA"):
        Signer.of(domain="example.no", selector="s1", key_file=path)


def test_a_key_is_not_shown(signer: Signer) -> None:
    assert "PRIVATE" not in repr(signer)


def test_without_the_library_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "dkim", None)
    with pytest.raises(BadConfig, match=r"svartid\[dkim\]"):
        Signer.of(domain="example.no", selector="s1", key_file=tmp_path / "key.pem")
