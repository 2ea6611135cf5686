"""An agent's reply: its files, its copies, its signature, its templates, its way back."""

import base64
from collections.abc import Callable, Generator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.kit.db import Database
from app.models import LedgerState
from tests.harness.world import KARI, SUPPORT, World, make_settings

REPLIES = "/api/v1/tickets/1/replies"
OLE, PER = "ole@fjellbod.example", "per@revisor.example"


def file(name: str = "logg.txt", data: bytes = b"alt er galt\n", kind: str = "text/plain") -> Any:
    return {"name": name, "content_type": kind, "data": base64.b64encode(data).decode()}


@pytest.fixture
def make(db: Database) -> Generator[Callable[..., World]]:
    made: list[World] = []

    def make_world(**box: Any) -> World:
        mailbox = {"address": SUPPORT, "smtp": {"host": "smtp.example"}, **box}
        made.append(World(db, make_settings(mailboxes={"support": mailbox})))
        return made[0]

    yield make_world
    made[0].postman.expect_no_more()


def opened(world: World, **about: Any) -> TestClient:
    world.mail(**about)
    world.process_all()
    world.postman.expect(KARI)
    return world.web()


def replied(world: World, web: TestClient, **body: Any) -> EmailMessage:
    answer = web.post(REPLIES, json={"text": "Nå er det mendet.", **body})
    assert answer.status_code == 200, answer.text
    world.deliver()
    mail = world.postman.expect(KARI, saying="Nå er det mendet.")
    assert isinstance(mail, EmailMessage)
    return mail


def test_files_go_with_a_reply_and_stay_on_the_ticket(world: World) -> None:
    web = opened(world)
    picture = bytes(range(256)) * 50
    mail = replied(
        world, web, attachments=[file("å/skjerm.png", picture, "image/png"), file(), file()]
    )
    files = [(one.get_filename(), one.get_content()) for one in mail.iter_attachments()]
    assert files == [
        ("å_skjerm.png", picture),
        ("logg.txt", "alt er galt\n"),
        ("logg.txt", "alt er galt\n"),
    ]
    kept = web.get("/api/v1/tickets/1/messages").json()["items"][-1]["attachments"]
    assert [one["size"] for one in kept] == [len(picture), 12, 12]
    got = web.get(f"/api/v1/tickets/1/attachments/{kept[0]['id']}")
    assert got.content == picture
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A5%2Fskjerm.png"
    assert got.headers["x-content-type-options"] == "nosniff"


def test_a_file_is_given_only_with_its_own_ticket(world: World) -> None:
    web = opened(world)
    replied(world, web, attachments=[file()])
    kept = web.get("/api/v1/tickets/1/messages").json()["items"][-1]["attachments"][0]["id"]
    world.mail(message_id="<9@fjellbod.example>", subject="Noe annet")
    world.process_all()
    world.postman.taken.clear()
    assert web.get(f"/api/v1/tickets/1/attachments/{kept}").status_code == 200
    assert web.get(f"/api/v1/tickets/2/attachments/{kept}").status_code == 404


@pytest.mark.parametrize(
    "attachments",
    [[file()] * 21, [file(data=b"x" * 18_000_001)], [{**file(), "data": "no base64!"}]],
    ids=["too many", "too large", "not base64"],
)
def test_what_a_relay_would_not_take_is_refused_whole(world: World, attachments: Any) -> None:
    web = opened(world)
    answer = web.post(REPLIES, json={"text": "Se vedlegg", "attachments": attachments})
    assert answer.status_code == 422
    assert "attachments" in answer.text
    world.deliver()


def test_whoever_was_in_copy_stays_there(world: World) -> None:
    web = opened(world, to=f"{SUPPORT}, {OLE}", Cc=f"Per <{PER}>, support+1.x@desk.example")
    mail = replied(world, web)
    assert mail["To"] == KARI
    assert sorted(str(mail["Cc"]).split(", ")) == [OLE, PER]
    assert sorted(str(mail["X-Test-Recipients"]).split(", ")) == [KARI, OLE, PER]


def test_a_colleague_who_answered_is_copied(world: World) -> None:
    world.mail(Cc=OLE)
    world.process_all()
    receipt = world.postman.expect(KARI)
    world.mail(
        "Jeg ser det samme.",
        sender=f"Ole <{OLE}>",
        message_id="<2@fjellbod.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )
    world.process_all()
    assert replied(world, world.web())["Cc"] == OLE


def test_an_agent_may_name_the_copies_or_none(world: World) -> None:
    web = opened(world, Cc=PER)
    assert replied(world, web, cc=[])["Cc"] is None
    assert replied(world, web, cc=[OLE])["Cc"] == OLE


def test_mark_up_is_cleaned_and_the_text_goes_beside_it(world: World) -> None:
    web = opened(world)
    html = '<p onclick="x()">Nå er det <b>mendet</b>.</p><script>x()</script><img src="http://x/">'
    mail = replied(world, web, html=html)
    body = mail.get_body(("html",))
    assert body is not None
    sent = body.get_content()
    assert "<p>Nå er det <b>mendet</b>.</p>" in sent
    assert "onclick" not in sent
    assert "x()" not in sent
    assert "http://x/" not in sent
    kept = web.get("/api/v1/tickets/1/messages").json()["items"][-1]
    assert kept["html"] == "<p>Nå er det <b>mendet</b>.</p>"


def test_a_mailbox_has_its_own_signature(make: Callable[..., World]) -> None:
    world = make(signature="Nordheim Drift\nTelefon 22 00 00 00")
    world.mail()
    world.process_all()
    world.postman.expect(KARI, saying="Telefon 22 00 00 00")
    text = replied(world, world.web()).get_body(("plain",))
    assert text is not None
    assert text.get_content().split("\r\n")[-4:] == [
        "Ola Vakt",
        "Nordheim Drift",
        "Telefon 22 00 00 00",
        "",
    ]


def test_a_mailbox_has_its_own_templates_and_a_broken_one_stops_nothing(
    make: Callable[..., World], tmp_path: Path
) -> None:
    (tmp_path / "nb").mkdir()
    (tmp_path / "nb" / "acknowledgement.txt").write_text("Subject: Egen mal\n\nTakk!\n")
    (tmp_path / "nb" / "reply.txt").write_text("Subject: {{ nothing.at.all }}\n\nx\n")
    world = make(templates_folder=tmp_path)
    world.mail()
    world.process_all()
    world.postman.expect(KARI, saying="Egen mal")
    replied(world, world.web())


def test_a_reply_comes_back_to_the_tickets_own_address(make: Callable[..., World]) -> None:
    world = make(plus_addresses=True)
    mail = replied(world, opened(world))
    address = str(mail["Reply-To"])
    assert address.startswith("support+1.")
    # Nothing but the address tells where it belongs.
    row = world.mail(
        "Takk, det virker.", to=address, subject="?", message_id="<8@fjellbod.example>"
    )
    assert (row.state, row.reason) == (LedgerState.APPENDED, "reply_address")
    world.process_all()


def test_without_plus_addresses_replies_come_to_the_mailbox(world: World) -> None:
    assert replied(world, opened(world))["Reply-To"] is None
