"""Every loop with another machine ends after two automatic mails at the most."""

from collections.abc import Callable
from datetime import timedelta
from email.message import Message

import pytest

from app.kit.db import Database
from app.models import Event
from tests.harness.world import World, make_mail, make_settings, subject_and_text

PEER = "svar@peer.example"
Peer = Callable[[Message, int], bytes | None]
MOST = 2


def vacation(receipt: Message, turn: int) -> bytes:
    """A vacation responder that keeps RFC 3834."""
    return make_mail(
        "Jeg er på ferie.",
        sender=PEER,
        subject=f"Autosvar: {receipt['Subject']}",
        message_id=f"<v{turn}@peer.example>",
        In_Reply_To=str(receipt["Message-ID"]),
        Auto_Submitted="auto-replied",
    )


def silent_vacation(receipt: Message, turn: int) -> bytes:
    """One that marks nothing at all, and answers in no thread."""
    return make_mail(
        f"Jeg er bortreist til uke {turn + 30}. Ta kontakt med kollegaene mine.",
        sender=PEER,
        subject="Er bortreist",
        message_id=f"<s{turn}@peer.example>",
    )


def ticket_system(receipt: Message, turn: int) -> bytes:
    """A desk that acknowledges every mail, in the thread, with a number of its own."""
    return make_mail(
        f"Your request has been received. Your number is PEER-{991 + turn}.",
        sender=PEER,
        subject=f"[PEER-{991 + turn}] {receipt['Subject']}",
        message_id=f"<t{turn}@peer.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )


def changing_desk(receipt: Message, turn: int) -> bytes:
    """A desk that acknowledges every mail under a new id and a new subject, in no thread."""
    return make_mail(
        f"Takk for din henvendelse nr. {turn * 17}, vi svarer innen {turn + 2} dager.",
        sender=PEER,
        subject=f"Sak {turn * 17} er opprettet {'abcdefghijkl'[turn % 12]}",
        message_id=f"<c{turn}@peer.example>",
    )


def quoting_desk(receipt: Message, turn: int) -> bytes:
    """One that sends our own receipt back below its words."""
    quoted = "\n".join(f"> {line}" for line in subject_and_text(receipt).splitlines())
    return make_mail(
        f"We have got your mail.\n\n{quoted}",
        sender=PEER,
        subject=f"Received #{turn}",
        message_id=f"<q{turn}@peer.example>",
    )


def forwarder(receipt: Message, turn: int) -> bytes:
    """An alias that sends our mail back to us as it is."""
    return receipt.as_bytes()


def rewriting_forwarder(receipt: Message, turn: int) -> bytes:
    """An alias that sends our words back under an id and an address of its own."""
    return make_mail(
        subject_and_text(receipt),
        sender=PEER,
        subject=f"Fwd: {receipt['Subject']}",
        message_id=f"<f{turn}@peer.example>",
    )


def wordy_forwarder(receipt: Message, turn: int) -> bytes:
    """One that says something of its own above our words, and never the same."""
    said = ("Vi har flyttet", "Denne adressen er ny", "Se under, kjære alle", "Til orientering")
    return make_mail(
        f"{said[turn % len(said)]}.\n\n{subject_and_text(receipt)}",
        sender=PEER,
        subject=f"Fwd: {receipt['Subject']}",
        message_id=f"<w{turn}@peer.example>",
    )


def bouncing(receipt: Message, turn: int) -> bytes:
    """A mailbox that is full, by RFC 3464."""
    return make_mail(
        f"{PEER}: 552 5.2.2 mailbox full\n",
        sender="MAILER-DAEMON@peer.example",
        subject="Undelivered Mail Returned to Sender",
        message_id=f"<b{turn}@peer.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )


def silent_bouncing(receipt: Message, turn: int) -> bytes:
    """A server that says in a person's form that nothing arrived."""
    return make_mail(
        f"We could not deliver your message of {turn}:00 to the mailbox you wrote to.",
        sender=PEER,
        subject=f"Problem with your message {turn}",
        message_id=f"<x{turn}@peer.example>",
    )


def list_robot(receipt: Message, turn: int) -> bytes:
    """A mailing list's robot that holds each mail for its owner."""
    return make_mail(
        "Your message awaits the owner's approval.",
        sender=PEER,
        subject=f"Your message to the list ({turn})",
        message_id=f"<l{turn}@peer.example>",
        Precedence="bulk",
    )


def challenge(receipt: Message, turn: int) -> bytes:
    """A spam filter that asks each sender to prove to be a person."""
    return make_mail(
        f"Please click https://peer.example/confirm/{turn}abc to deliver your message.",
        sender=PEER,
        subject=f"Confirm your message {turn}",
        message_id=f"<h{turn}@peer.example>",
    )


def read_receipts(receipt: Message, turn: int) -> bytes:
    """A program that says of every mail that it was read."""
    return make_mail(
        "Meldingen ble lest.",
        sender=PEER,
        subject=f"Lest: {receipt['Subject']}",
        message_id=f"<r{turn}@peer.example>",
        Auto_Submitted="auto-replied",
    )


PEERS: tuple[Peer, ...] = (
    vacation,
    silent_vacation,
    ticket_system,
    changing_desk,
    quoting_desk,
    forwarder,
    rewriting_forwarder,
    wordy_forwarder,
    bouncing,
    silent_bouncing,
    list_robot,
    challenge,
    read_receipts,
)


@pytest.mark.parametrize("pause", [timedelta(seconds=5), timedelta(minutes=20)])
@pytest.mark.parametrize("peer", PEERS, ids=[one.__name__ for one in PEERS])
def test_a_loop_ends_after_two_automatic_mails(world: World, peer: Peer, pause: timedelta) -> None:
    world.mail("Kan dere se på fargen i logoen vår?", sender=PEER, subject="Logo")
    automatic = 0
    for turn in range(1, 12):
        world.process_all()
        receipts = to_peer(world)
        automatic += len(receipts)
        if not receipts:
            break
        world.clock.move(pause)
        for receipt in receipts:
            answer = peer(receipt, turn)
            if answer is not None:
                world.process(world.put(answer))
    assert 1 <= automatic <= MOST
    # What staff hear of it is another story's.
    world.postman.taken.clear()


def to_peer(world: World) -> list[Message]:
    """Take out what was sent to the peer."""
    found = [mail for mail in world.postman.taken if PEER in str(mail["X-Test-Recipients"])]
    for mail in found:
        world.postman.taken.remove(mail)
    return found


def test_a_held_receipt_is_shown_with_its_reason(world: World) -> None:
    for number in range(4):
        world.mail(
            f"Takk, vi har mottatt sak {number}.",
            sender=PEER,
            subject=f"Sak {number}",
            message_id=f"<{number}@peer.example>",
        )
    world.process_all()
    assert len(to_peer(world)) == MOST
    assert world.data_of(Event.NOT_ACKNOWLEDGED, number=MOST + 1)["reason"] == "alike"
    world.postman.taken.clear()


def test_a_backlog_of_like_reports_gets_its_receipts(world: World) -> None:
    waited_since = world.now - timedelta(minutes=10)
    for number in range(6):
        world.mail(
            f"Feil pris på ordre {number}, kan dere rette den?",
            sender=PEER,
            subject=f"Ordre {number}",
            message_id=f"<{number}@peer.example>",
            received_at=waited_since,
        )
    world.process_all()
    assert len(to_peer(world)) == 6
    world.postman.taken.clear()


def test_a_person_who_writes_five_times_in_different_words_is_answered_five_times(
    world: World,
) -> None:
    texts = ("Logoen er feil.", "Bildet mangler.", "Skrivefeil i kurven.", "Lenke.", "Farge.")
    for number, text in enumerate(texts):
        world.mail(text, sender=PEER, subject=text, message_id=f"<{number}@peer.example>")
        world.process_all()
        assert len(to_peer(world)) == 1
    world.postman.taken.clear()


def test_a_bounced_address_gets_nothing_automatic_and_staff_are_told(world: World) -> None:
    world.mail("Logoen er feil.", sender=PEER, subject="Logo")
    world.process_all()
    (receipt,) = to_peer(world)
    bounce = make_mail(
        f"<{PEER}>: 550 5.1.1 no such person\n",
        sender="MAILER-DAEMON@peer.example",
        subject="Undelivered Mail Returned to Sender",
        message_id="<bounce@peer.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )
    world.process(world.put(bounce))
    world.process_all()
    told = world.postman.expect("ola@desk.example", saying="ikke fått bekreftelsen")
    assert PEER in subject_and_text(told)
    for other in ("ingrid@desk.example", "alle@desk.example"):
        world.postman.expect(other, saying="ikke fått bekreftelsen")
    world.mail("Bildet mangler.", sender=PEER, subject="Bilde", message_id="<9@peer.example>")
    world.process_all()
    assert to_peer(world) == []
    assert world.data_of(Event.NOT_ACKNOWLEDGED, number=2)["reason"] == "stopped"
    world.postman.taken.clear()


def test_anybody_can_write_a_bounce_so_it_stops_only_an_address_that_we_wrote_to(
    world: World,
) -> None:
    world.mail("Logoen er feil.", sender=PEER, subject="Logo")
    world.process_all()
    (receipt,) = to_peer(world)
    forged = make_mail(
        "<kari@fjellbod.example>: 550 5.1.1 no such person\n",
        sender="MAILER-DAEMON@evil.example",
        subject="Undelivered Mail Returned to Sender",
        message_id="<forged@evil.example>",
        In_Reply_To=str(receipt["Message-ID"]),
    )
    world.process(world.put(forged))
    world.process_all()
    world.postman.taken.clear()
    world.mail("Bildet mangler.", message_id="<k@fjellbod.example>")
    world.process_all()
    world.postman.expect("kari@fjellbod.example")
    world.postman.taken.clear()


def test_the_breaker_stops_a_domain_and_opens_a_ticket_about_it(db: Database) -> None:
    limit = 100
    world = World(db, make_settings(automatic={"domain_an_hour": limit}))
    for number in range(limit + 2):
        letters = "abcdefghijklmnopqrst"
        word = letters[number % 20] + letters[number // 20] * 3
        world.mail(
            f"Logoen er {word}.",
            sender=f"{word}@stor.example",
            subject=word,
            message_id=f"<{number}@stor.example>",
        )
    world.process_all()
    sent = [mail for mail in world.postman.taken if "@stor.example" in mail["X-Test-Recipients"]]
    assert len(sent) == limit
    about = [world.ticket(number) for number in range(limit + 1, limit + 4)]
    assert [one.subject for one in about if "breaker" in one.flags] == [
        "Automatic mail to stor.example is stopped"
    ]
    world.postman.taken.clear()


def test_the_breaker_stops_all_of_it_where_everybody_together_gets_too_much(db: Database) -> None:
    world = World(db, make_settings(automatic={"all_an_hour": 3}))
    for number in range(5):
        word = "abcde"[number] * 4
        world.mail(
            f"Logoen er {word}.",
            sender=f"{word}@{word}.example",
            subject=word,
            message_id=f"<{number}@{word}.example>",
        )
    world.process_all()
    sent = [one for one in world.postman.taken if "logoen" not in str(one["Subject"]).lower()]
    receipts = [
        one for one in sent if str(one["X-Test-Recipients"])[:4] in {"a" * 4, "b" * 4, "c" * 4}
    ]
    assert len(receipts) == 3
    about = [world.ticket(number) for number in range(4, 7)]
    assert [one.subject for one in about if "breaker" in one.flags] == [
        "Automatic mail to anybody is stopped"
    ]
    assert world.data_of(Event.NOT_ACKNOWLEDGED, number=6)["reason"] == "stopped"
    world.postman.taken.clear()


@pytest.mark.parametrize("listed", ["@monitor.example", "no-reply@monitor.example"])
def test_a_monitor_that_is_listed_gets_its_receipt_and_no_other_machine_does(
    db: Database, listed: str
) -> None:
    world = World(db, make_settings(automatic={"monitors": [listed]}))
    alert = {"Auto_Submitted": "auto-generated", "subject": "DOWN: butikk.example"}
    world.mail("Nede.", sender="no-reply@monitor.example", **alert)
    world.mail("Nede.", sender="no-reply@annen.example", message_id="<2@annen.example>", **alert)
    world.process_all()
    world.postman.expect("no-reply@monitor.example")
    assert world.data_of(Event.NOT_ACKNOWLEDGED, number=2)["reason"] == "machine"
    bounce = make_mail(
        "<x@y.example>: 550 5.1.1 no such person",
        sender="no-reply@monitor.example",
        subject="Undelivered Mail Returned to Sender",
        message_id="<3@monitor.example>",
        Return_Path="<>",
    )
    world.process(world.put(bounce))
    assert world.data_of(Event.NOT_ACKNOWLEDGED, number=3)["reason"] == "machine"
    world.postman.taken.clear()
