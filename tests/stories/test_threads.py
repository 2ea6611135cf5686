"""A labelled set of threads: what joins which ticket, what opens a new one, and no forger joins."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.desk.addresses import reply_address
from app.models import LedgerState, Status
from app.store import tickets
from tests.harness.world import KARI, SUPPORT, World

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
    "the From of a participant, and nothing else": lambda w, ours: say(w, subject="Re: [#1] Feil"),
}


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
