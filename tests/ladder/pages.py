"""What the stories of the ladder share: an outage, people with phones, a schedule."""

from datetime import datetime

from app.desk import reaching, schedules
from app.models import Agent
from app.sla.ladder import PageChannel
from app.sla.oncall import Schedule
from tests.harness.world import World

OLA, INGRID, ALL = "ola@desk.example", "ingrid@desk.example", "alle@desk.example"
OLAS_PHONE = "+4790000001"
INGRIDS_PHONE = "+4790000002"


def outage(world: World, *, sender: str = "Kari Fjeld <kari@fjellbod.example>", n: int = 1) -> None:
    """Let a critical ticket come in, and its customer have the receipt."""
    world.mail(
        "Hei\n\nHele nettbutikken er nede for alle kunder, ingen får betalt.\n",
        subject="Nettbutikken er nede",
        sender=sender,
        message_id=f"<{n}@fjellbod.example>",
    )
    world.process_all()
    world.postman.expect(sender.rsplit("<", maxsplit=1)[-1].rstrip(">"))


def small_fault(world: World) -> None:
    """Let a minor ticket come in, and its customer have the receipt."""
    world.mail("Hei\n\nDet er en liten feil i bunnteksten, den er skjev.\n", subject="Skjev tekst")
    world.process_all()
    world.postman.expect("kari@fjellbod.example")


def give(
    world: World,
    agent: Agent,
    channel: PageChannel,
    address: str,
    *,
    urgencies: tuple[str, ...] = ("high", "low"),
) -> None:
    """Give a person a verified method."""
    with world.db.writing() as session:
        new = reaching.NewMethod(channel, address, urgencies)
        method, code = reaching.add_method(session, agent, new, now=world.now, actor="test")
        assert reaching.verify(session, agent, method, code=code, now=world.now, actor="test")


def rota(world: World, *people: str, every: str = "week", starts: str = "2026-11-23T08:00") -> None:
    """Put a schedule “desk” in force in which these take turns."""
    save(
        world,
        {
            "name": "desk",
            "tz": "Europe/Oslo",
            "layers": [{"name": "turn", "people": list(people), "every": every, "starts": starts}],
        },
    )


def save(world: World, body: dict[str, object]) -> None:
    with world.db.writing() as session:
        schedules.save_schedule(session, Schedule.from_dict(body), now=world.now, actor="test")


def away(world: World, agent: Agent, start: datetime, end: datetime) -> None:
    with world.db.writing() as session:
        reaching.add_leave(session, agent, start=start, end=end, now=world.now, actor="test")


def told(world: World, kind: str, number: int = 1) -> list[dict[str, object]]:
    """Return what the ticket's log says of one kind of event."""
    return [event.data for event in world.log(number) if event.kind == kind]
