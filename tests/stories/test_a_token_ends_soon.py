"""Long before a refresh token dies, everybody is told, once a day, while mail still comes."""

from datetime import timedelta

from app.desk.tokens import tell_of_expiry
from app.kit.errors import Unavailable
from app.service import Watcher
from intake.imap.health import Health, WatchState
from intake.imap.terms import ImapSettings, Password, WatchSettings
from tests.harness.world import World, subject_and_text

WARNING = "mailboxes.support.imap.oauth.refresh_token: it dies in 9 days, and mail stops then."


def warn(world: World) -> None:
    with world.db.writing() as session:
        tell_of_expiry(session, world.house, "support", WARNING, now=world.now)
    world.deliver()


def test_everybody_who_works_on_tickets_is_told_once_a_day(world: World) -> None:
    warn(world)
    for address in ("ola@desk.example", "ingrid@desk.example", "alle@desk.example"):
        told = world.postman.expect(address, saying="support")
        assert "9 days" in subject_and_text(told)
    warn(world)
    world.postman.expect_no_more()
    world.clock.move(timedelta(days=1))
    warn(world)
    assert len(world.postman.taken) == 3
    world.postman.taken.clear()


def test_a_watcher_passes_on_what_it_is_warned_of(world: World) -> None:
    told: list[tuple[str, str]] = []

    def fail_once(mailbox: str, warning: str) -> None:
        told.append((mailbox, warning))
        if len(told) == 1:
            raise Unavailable("the database is away")

    imap = ImapSettings(host="x", username="x", credential=lambda: Password("x"))
    watcher = Watcher(
        WatchSettings(mailbox="support", imap=imap, folder="INBOX"),
        world.ledger,
        world.clock,
        fail_once,
    )
    for _ in range(3):
        watcher.note(health(world, WARNING))
    # The first try failed, and the third came too soon after the second.
    assert told == [("support", WARNING)] * 2
    assert watcher.health().state == "running"
    world.clock.move(timedelta(days=1))
    watcher.note(health(world, ""))
    assert len(told) == 2
    watcher.note(health(world, WARNING))
    assert len(told) == 3


def health(world: World, warning: str) -> Health:
    return Health(
        mailbox="support",
        folder="INBOX",
        state=WatchState.WATCHING,
        at=world.now,
        warning=warning,
    )
