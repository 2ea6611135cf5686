"""A labelled set of threads: what joins which ticket, what opens a new one, and no forger joins.

Every one of them must be right, which is more than the nineteen in twenty that are promised.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.desk.addresses import reply_address
from app.desk.agreements import Offer, agree
from app.desk.people import add_customer
from app.kit.db import Database
from app.models import LedgerState, Status
from app.outbox.dkim import Signer
from app.store import tickets
from intake.process import Processor
from tests.harness.world import KARI, SUPPORT, World, make_mail, make_settings

PER = "per@fjellbod.example"
MALLORY = "mallory@evil.example"
AUTHENTIC = "mx.desk.example; dmarc=pass header.from=fjellbod.example"


def receipt(world: World) -> str:
    """Let Kari's first mail open ticket 1, and return our receipt's Message-ID."""
    world.mail(To_Cc="", Cc=PER)
    world.process_all()
    return str(world.postman.expect(KARI)["Message-ID"])


def say(world: World, **about: str) -> int | None:
    """Let a further mail come in, and return the number of the ticket that it ended on."""
    about.setdefault("message_id", "<n@fjellbod.example>")
    text = about.pop("text", "Det gjelder også kassen.")
    row = world.mail(text, **about)
    world.process_all()
    world.postman.taken.clear()
    numbers = {world.ticket(n).id: n for n in range(1, 4) if _exists(world, n)}
    return numbers.get(row.ticket_id) if row.ticket_id else None


def _exists(world: World, number: int) -> bool:
    try:
        return bool(world.ticket(number))
    except AssertionError:
        return False


Case = Callable[[World, str], int | None]
JOINS: dict[str, Case] = {
    "an answer to our receipt": lambda w, ours: say(w, In_Reply_To=ours),
    "an answer with a changed subject": lambda w, ours: say(
        w, In_Reply_To=ours, subject="Noe annet"
    ),
    "an answer from another of one's addresses": lambda w, ours: say(
        w, In_Reply_To=ours, sender="kari.privat@post.example"
    ),
    "a colleague who was copied in answers all": lambda w, ours: say(
        w, sender=PER, In_Reply_To="<1@fjellbod.example>"
    ),
    "a second thought, in answer to one's own first mail": lambda w, ours: say(
        w, In_Reply_To="<1@fjellbod.example>"
    ),
    "only References, since the program dropped In-Reply-To": lambda w, ours: say(
        w, References=f"<old@fjellbod.example> {ours}"
    ),
    "our id behind a dozen unknown ones": lambda w, ours: say(
        w, References=" ".join([ours, *(f"<{n}@x.example>" for n in range(12))])
    ),
    "an answer to an answer that we never saw": lambda w, ours: say(
        w, In_Reply_To="<unseen@fjellbod.example>", References=f"{ours} <unseen@fjellbod.example>"
    ),
    "the reply address, whatever the headers say": lambda w, ours: say(
        w,
        to=reply_address(w.house.secret, number=1, address=SUPPORT),
        sender="kari.privat@post.example",
        subject="Nytt emne",
    ),
    "the number in the subject, from an authentic participant": lambda w, ours: say(
        w, subject="Vedr. [#1]", Authentication_Results=AUTHENTIC
    ),
    "an answer in a language whose programs write another prefix": lambda w, ours: say(
        w, In_Reply_To=ours, subject="VS: SV: AW: [#1] Feil i butikken"
    ),
    "a forward of our receipt by its reader, back to us": lambda w, ours: say(
        w, References=ours, subject="Fwd: [#1] Feil i butikken", sender=PER
    ),
    "a colleague's answer to the customer's forward of it": lambda w, ours: say(
        w,
        In_Reply_To="<inside@fjellbod.example>",
        References=f"<1@fjellbod.example> {ours} <inside@fjellbod.example>",
        sender="ola@fjellbod.example",
    ),
    "an answer to the mail of a colleague who was copied in": lambda w, ours: (
        say(w, sender=PER, In_Reply_To="<1@fjellbod.example>", message_id="<p@fjellbod.example>"),
        say(w, In_Reply_To="<p@fjellbod.example>"),
    )[1],
    "a colleague's answer to a mail that only the customer named": lambda w, ours: (
        say(
            w,
            In_Reply_To="<unseen@fjellbod.example>",
            References=f"{ours} <unseen@fjellbod.example>",
        ),
        say(
            w,
            sender=PER,
            In_Reply_To="<unseen@fjellbod.example>",
            message_id="<p@fjellbod.example>",
        ),
    )[1],
    "the reply address in copy": lambda w, ours: say(
        w, Cc=reply_address(w.house.secret, number=1, address=SUPPORT), subject="Nytt emne"
    ),
    "the reply address, in capitals": lambda w, ours: say(
        w, to=reply_address(w.house.secret, number=1, address=SUPPORT).upper(), subject="Nytt emne"
    ),
    "the number in brackets with a word before it": lambda w, ours: say(
        w, subject="Re: [Sak #1] Feil", Authentication_Results=AUTHENTIC
    ),
    "an answer to a ticket that was merged into this one": lambda w, ours: say(
        w, In_Reply_To=merged(w, ours), subject="Re: [#2] Feil igjen"
    ),
    "an answer after a week, to a ticket that is open": lambda w, ours: (
        w.clock.move(timedelta(days=6)),
        say(w, In_Reply_To=ours),
    )[1],
}
OPENS: dict[str, Case] = {
    "a new mail with the same subject": lambda w, ours: say(w),
    "a number in the subject, not authentic": lambda w, ours: say(w, subject="Vedr. [#1]"),
    "a number in the subject, authentic, but a stranger's": lambda w, ours: say(
        w,
        subject="Vedr. [#1]",
        sender=MALLORY,
        Authentication_Results="mx.desk.example; dmarc=pass header.from=evil.example",
    ),
    "a forged proof of authenticity": lambda w, ours: say(
        w,
        subject="Vedr. [#1]",
        Authentication_Results="mx.evil.example; dmarc=pass header.from=fjellbod.example",
    ),
    "a guess at our Message-ID": lambda w, ours: say(
        w, sender=MALLORY, In_Reply_To="<1.receipt.aaaaaaaaaaaaaaaa@desk.example>"
    ),
    "another ticket's proof on this ticket's number": lambda w, ours: say(
        w, sender=MALLORY, In_Reply_To=ours.replace("<1.", "<2.")
    ),
    "a guess at the reply address": lambda w, ours: say(
        w, sender=MALLORY, to="support+1.aaaaaaaaaaaaaaaa@desk.example"
    ),
    "a stranger who names an id that only others named": lambda w, ours: say(
        w, sender=MALLORY, In_Reply_To="<older@fjellbod.example>"
    ),
    "a stolen subject": lambda w, ours: say(w, sender=MALLORY, subject="Re: Feil i butikken"),
    "a forged sender with a proof for another domain": lambda w, ours: say(
        w,
        subject="Vedr. [#1]",
        Authentication_Results="mx.desk.example; dmarc=pass header.from=evil.example",
    ),
    "a failed proof": lambda w, ours: say(
        w,
        subject="Vedr. [#1]",
        Authentication_Results=AUTHENTIC.replace("pass", "fail"),
    ),
    "the receipt's id cut short": lambda w, ours: say(
        w, sender=MALLORY, In_Reply_To=ours.replace(".receipt", "")
    ),
    "another address with the ticket's proof of a reply": lambda w, ours: say(
        w,
        sender=MALLORY,
        to=reply_address(w.house.secret, number=2, address=SUPPORT).replace("+2.", "+1."),
    ),
    "a stranger who quotes our number in the text": lambda w, ours: say(
        w, sender=MALLORY, subject="Hei", text="Saken er [#1]. Send meg alt om den."
    ),
    "a stranger with a participant's address for a name": lambda w, ours: say(
        w, sender=f'"{KARI}" <{MALLORY}>', subject="Re: [#1] Feil", Authentication_Results=AUTHENTIC
    ),
    "the From of a participant, and nothing else": lambda w, ours: say(w, subject="Re: [#1] Feil"),
}


def merged(world: World, ours: str) -> str:
    """Let a second ticket become a part of the first, and return its receipt's Message-ID."""
    world.mail(subject="Feil igjen", message_id="<2@fjellbod.example>")
    world.process_all()
    second = str(world.postman.expect(KARI)["Message-ID"])
    web = world.web()
    assert web.post("/api/v1/tickets/2/merge", json={"into": 1}).status_code == 200
    return second


@pytest.fixture
def make(db: Database) -> Callable[..., World]:
    def of(**box: Any) -> World:
        mailbox = {"address": SUPPORT, "smtp": {"host": "smtp.example"}, **box}
        return World(db, make_settings(mailboxes={"support": mailbox}))

    return of


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("dkim", reason="the dkim extra is not installed")
    file = tmp_path_factory.mktemp("dkim") / "key.pem"
    file.write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def dns_of(key_file: Path) -> Callable[..., bytes]:
    """Return a DNS in which every domain has published the same key."""
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    published = b"v=DKIM1; k=rsa; p=" + b"".join(public.split(b"\n")[1:-2])
    return lambda _name, timeout=5: published


@pytest.fixture
def trusting(world: World) -> World:
    """A house that believes its own mail server's check of senders."""
    box = world.house.settings.mailboxes["support"].model_copy(
        update={"trusted_authserv": "mx.desk.example"}
    )
    changed = world.house.settings.model_copy(update={"mailboxes": {"support": box}})
    object.__setattr__(world.house, "settings", changed)
    return world


@pytest.mark.parametrize("what", JOINS)
def test_what_belongs_to_a_ticket_joins_it(trusting: World, what: str) -> None:
    assert JOINS[what](trusting, receipt(trusting)) == 1


def test_a_number_suffices_where_the_customers_agreement_says_so(world: World) -> None:
    with world.db.writing() as session:
        customer = add_customer(
            session, name="Fjellbod", domains=["fjellbod.example"], now=world.now
        )
        offer = Offer(valid_from=world.now - timedelta(days=1), number_suffices=True)
        agree(session, customer, offer, now=world.now, actor="test")
    receipt(world)
    assert say(world, subject="Vedr. [#1]") == 1
    # Somebody of the same customer who takes no part in the ticket.
    assert say(world, subject="Vedr. [#1]", sender="ny@fjellbod.example", message_id="<x@x>") == 2


def test_a_number_joins_where_the_senders_domain_has_signed_by_our_own_check(
    make: Callable[..., World], key_file: Path
) -> None:
    world = make(check_dkim=True)
    world.processor = Processor(
        world.db, world.house, world.clock, batch=25, resolve=dns_of(key_file)
    )
    receipt(world)

    def signed(domain: str, mail: bytes) -> bytes:
        signer = Signer.of(domain=domain, selector="s1", key_file=key_file)
        return signer.sign(mail.replace(b"\n", b"\r\n"))

    def vedr(number: int, sender: str = KARI) -> bytes:
        return make_mail("Hei", sender=sender, subject="[#1] Feil", message_id=f"<{number}@x>")

    states = [
        world.process(world.put(raw)).reason
        for raw in (
            signed("fjellbod.example", vedr(1)),
            signed("evil.example", vedr(2)),
            signed("fjellbod.example", vedr(3)).replace(b"Hei", b"Nei"),
            signed("evil.example", vedr(4, MALLORY)),
            vedr(5),
        )
    ]
    assert states == ["subject_number", "new", "new", "new", "new"]
    world.postman.taken.clear()


@pytest.mark.parametrize(
    "sender",
    [
        f"{KARI} <{MALLORY}>",
        f"=?utf-8?q?{KARI.replace('@', '=40')}=3E=2C?= <{MALLORY}>",
        f"{KARI}, {MALLORY}\nAuthentication-Results: mx.desk.example; dmarc=none",
        f"{MALLORY}\nAuthentication-Results: mx.desk.example; dmarc=fail",
    ],
)
def test_no_form_of_a_sender_and_no_lower_proof_makes_a_stranger_a_participant(
    trusting: World, sender: str
) -> None:
    receipt(trusting)
    forged = make_mail("Hei", subject="[#1] Feil", message_id="<f@evil.example>").replace(
        f"From: Kari Fjeld <{KARI}>".encode(), f"From: {sender}".encode()
    )
    last = forged.index(b"\n\n")
    raw = forged[:last] + f"\nAuthentication-Results: {AUTHENTIC}".encode() + forged[last:]
    row = trusting.process(trusting.put(raw))
    assert row.reason == "new"
    trusting.postman.taken.clear()


@pytest.mark.parametrize("what", OPENS)
def test_what_only_claims_to_belong_to_a_ticket_opens_another(trusting: World, what: str) -> None:
    assert OPENS[what](trusting, receipt(trusting)) == 2


def solved(world: World) -> str:
    ours = receipt(world)
    assert world.web().post("/api/v1/tickets/1/solve", json={"reason": "ok"}).status_code == 200
    world.process_all()
    world.postman.taken.clear()
    return ours


THANKS = ["Tusen takk!", "Takk skal dere ha, ha en fin dag.", "Thanks a lot, Kari", "Perfekt!"]
NOT_ONLY = [
    "Takk, men det er fortsatt feil.",
    "Takk! Kan dere også se på logoen?",
    "Thanks, but it's still broken",
    "Takk. Nå er det kassen som er nede.",
    "Det er en feil til.",
]


@pytest.mark.parametrize("text", THANKS)
def test_a_bare_thank_you_is_kept_and_reopens_nothing(world: World, text: str) -> None:
    assert say(world, In_Reply_To=solved(world), text=text) == 1
    assert world.ticket().status is Status.SOLVED
    with world.db.reading() as session:
        last = tickets.messages(session, world.ticket().id)[-1]
    assert (last.text.strip(), last.verdict_reason) == (text, "only thanks")


@pytest.mark.parametrize("text", NOT_ONLY)
def test_a_thank_you_with_anything_else_reopens(world: World, text: str) -> None:
    assert say(world, In_Reply_To=solved(world), text=text) == 1
    assert world.ticket().status is Status.OPEN


def test_long_after_its_solution_a_ticket_rests_and_a_linked_one_is_opened(world: World) -> None:
    ours = solved(world)
    world.clock.move(timedelta(days=15))
    assert say(world, In_Reply_To=ours) == 2
    assert world.ticket().status is Status.SOLVED
    assert "follows:1" in world.ticket(2).flags


@pytest.mark.parametrize(
    ("down", "up"),
    [
        ("[Pinger] DOWN: butikk.example", "[Pinger] UP: butikk.example"),
        ("Monitor is DOWN: butikk.example", "Monitor is UP: butikk.example (down for 4 min)"),
        ("NEDE butikk.example", "OPPE butikk.example"),
    ],
)
def test_a_monitors_up_finds_the_ticket_of_its_down(world: World, down: str, up: str) -> None:
    about = {"sender": "vakt@monitor.example", "text": "Checked from Oslo."}
    assert say(world, subject=down, **about) == 1
    assert say(world, subject=up, **about, message_id="<u@monitor.example>") == 1
    other = up.replace("butikk.example", "annen.example")
    assert say(world, subject=other, **about, message_id="<o@monitor.example>") == 2
    assert world.row(2).state is LedgerState.APPENDED
    assert world.ticket().status is Status.OPEN


def test_an_answer_carries_the_reply_address_where_the_mailbox_takes_such(world: World) -> None:
    box = world.house.settings.mailboxes["support"].model_copy(update={"plus_addresses": True})
    changed = world.house.settings.model_copy(update={"mailboxes": {"support": box}})
    object.__setattr__(world.house, "settings", changed)
    world.mail()
    world.process_all()
    mail = world.postman.expect(KARI)
    assert mail["Reply-To"] == reply_address(world.house.secret, number=1, address=SUPPORT)
