import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.config import Settings
from app.desk.house import House
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.main import create_app
from app.models import InboundMail, LedgerState
from app.store import mail as ledger
from intake.handed import HandedLedger
from tests.harness.world import KARI, SUPPORT, World, make_mail, make_settings

TOKEN = "t" * 32
KEY = "k" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "message/rfc822"}


def settings(**more: Any) -> Settings:
    smtp = {"host": "smtp.example"}
    return make_settings(
        **{
            "mail_http": {"token": TOKEN, "signing_key": KEY},
            "mailboxes": {
                "sales": {"address": "salg@desk.example", "smtp": smtp},
                "support": {"address": SUPPORT, "smtp": smtp},
            },
            **more,
        }
    )


def client(world: World, using: Settings | None = None) -> TestClient:
    with world.db.writing() as session:
        house = House.open(session, using or settings(), now=world.now)
    return TestClient(create_app(world.db, house, world.clock))


def rows(db: Database) -> list[InboundMail]:
    with db.reading() as session:
        return list(reversed(ledger.listing(session, below=None, limit=50)))


def signed(*parts: bytes, key: str = KEY) -> str:
    return hmac.new(key.encode(), b"".join(parts), hashlib.sha256).hexdigest()


def mailgun(world: World, **changes: str) -> dict[str, str]:
    timestamp = str(int(world.now.timestamp()))
    return {
        "recipient": SUPPORT,
        "sender": KARI,
        "timestamp": timestamp,
        "token": "once",
        "signature": signed(timestamp.encode(), b"once"),
        "body-mime": make_mail().decode(),
        **changes,
    }


def test_a_raw_mail_is_in_the_ledger_when_the_answer_is_yes(world: World) -> None:
    answer = client(world).post("/intake/email", content=make_mail(), headers=BEARER)
    assert answer.status_code == 200, answer.text
    (row,) = rows(world.db)
    assert answer.json() == {"id": str(row.id), "mailbox": "support"}
    assert (row.folder, row.state) == ("http", LedgerState.RECEIVED)
    world.process_all()
    world.postman.expect(KARI)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic !!"}, 401),
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
def test_only_who_knows_the_token_may_hand_mail_over(
    world: World, headers: dict[str, str], status: int
) -> None:
    answer = client(world).post("/intake/email", content=make_mail(), headers=headers)
    assert answer.status_code == status
    assert len(rows(world.db)) == (status == 200)


def test_a_token_may_stand_in_the_address_as_a_password(world: World) -> None:
    answer = client(world).post("/intake/email", content=make_mail(), auth=("svartid", TOKEN))
    assert answer.status_code == 200


def test_without_a_key_nobody_may_hand_mail_over(world: World) -> None:
    web = client(world, settings(mail_http={}))
    assert web.post("/intake/email", content=make_mail(), headers=BEARER).status_code == 401
    assert web.post("/intake/email", data=mailgun(world)).status_code == 401
    assert rows(world.db) == []


@pytest.mark.parametrize(
    ("age", "change", "status"), [(0, b"", 200), (0, b"x", 401), (20, b"", 401), (-20, b"", 401)]
)
def test_a_signature_is_good_for_its_body_and_its_time(
    world: World, age: int, change: bytes, status: int
) -> None:
    body = make_mail()
    at = str(int((world.now - timedelta(minutes=age)).timestamp()))
    header = f"t={at},v1={signed(at.encode(), b'.', body)}"
    answer = client(world).post(
        "/intake/email", content=body + change, headers={"Svartid-Signature": header}
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"signature": "0" * 64}, 401),
        ({"token": "another"}, 401),
        ({"timestamp": "1"}, 401),
        ({"timestamp": ""}, 401),
        ({"body-mime": ""}, 422),
    ],
)
def test_a_form_with_its_own_signature_is_taken(
    world: World, changes: dict[str, str], status: int
) -> None:
    answer = client(world).post("/intake/email", data=mailgun(world, **changes))
    assert answer.status_code == status, answer.text
    assert len(rows(world.db)) == (status == 200)


def test_a_multipart_form_keeps_every_byte_and_the_envelope(world: World) -> None:
    raw = make_mail().replace(b"Det er en feil", b"Bl\xe5b\xe6r \xff")
    envelope = json.dumps(
        {"to": [f"support+1.x@{SUPPORT.split('@')[1]}"], "from": "b@relay.example"}
    )
    for email in (("mail.eml", raw, "message/rfc822"), (None, raw, "text/plain")):
        answer = client(world).post(
            "/intake/email",
            files={"email": email, "envelope": (None, envelope)},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 200, answer.text
        with world.db.reading() as session:
            kept = ledger.raw_of(session, rows(world.db)[-1].raw_sha256)
        assert kept.endswith(raw)
        assert b"Return-Path: <b@relay.example>\r\nDelivered-To: support+1.x@" in kept


def test_the_mailbox_is_the_addressees_unless_the_request_names_one(world: World) -> None:
    web = client(world)
    sales = make_mail(to="Salg <SALG@desk.example>")
    web.post("/intake/email", content=sales, headers=BEARER)
    web.post("/intake/email?mailbox=support", content=sales, headers=BEARER)
    assert [row.mailbox for row in rows(world.db)] == ["sales", "support"]
    unknown = web.post("/intake/email?mailbox=x", content=sales, headers=BEARER)
    nobody = web.post("/intake/email", content=make_mail(to="a@b.example"), headers=BEARER)
    assert (unknown.status_code, nobody.status_code) == (422, 422)


def test_a_large_mail_is_cut_and_an_empty_one_refused(world: World) -> None:
    web = client(world, settings(intake={"max_bytes": 100_000}))
    answer = web.post("/intake/email", content=make_mail() + b"x" * 300_000, headers=BEARER)
    assert answer.status_code == 200
    (row,) = rows(world.db)
    assert row.truncated
    assert row.size > 300_000
    assert web.post("/intake/email", content=b"\r\n", headers=BEARER).status_code == 422
    huge = web.post("/intake/email", content=b"x" * 500_000, headers=BEARER)
    assert huge.status_code == 413


def test_while_we_cannot_commit_the_answer_is_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> list[object]:
        raise Unavailable("the disk is full")

    web = client(world)
    with monkeypatch.context() as patch:
        patch.setattr(HandedLedger, "take", away)
        assert web.post("/intake/email", content=make_mail(), headers=BEARER).status_code == 503
    assert rows(world.db) == []
    assert web.post("/intake/email", content=make_mail(), headers=BEARER).status_code == 200
