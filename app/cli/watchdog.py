"""``svartid watchdog``: tell a person when the engine that pages people is silent."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from app.cli.options import ConfigFile, settings_of
from app.cli.serve import until_a_signal
from app.config import Settings
from app.connections import channels, smtp_settings
from app.desk.addresses import message_id
from app.desk.pulse import Patience
from app.kit import log
from app.kit.clock import Clock, MachineClock
from app.kit.db import Database
from app.kit.errors import BadConfig
from app.kit.ids import new_id
from app.outbox.compose import Letter, compose
from app.outbox.deliver import ChannelTransport
from app.outbox.smtp import SmtpTransport
from escalation.watchdog import Teller, Watchdog, look


def watchdog(
    config: ConfigFile = None,
    *,
    older_than: Annotated[
        float | None, typer.Option(min=10, help="Seconds without a heartbeat; else the setting.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Look once, for cron; exit status 1 when it is silent.")
    ] = False,
) -> None:
    """Watch the engine from outside it, and tell a person by mail or phone when it is silent."""
    settings = settings_of(config)
    if not once:
        # Cron mails what is printed, and that is said below in a line.
        log.set_up(level=settings.log.level, json=settings.log.json_lines)
    clock = MachineClock()
    silent = timedelta(seconds=older_than or settings.watchdog.older_than_s)
    patience = replace(Patience.of(settings.engine, clock), silent=silent)
    dog = Watchdog(
        desk=settings.desk.name,
        language=settings.desk.language.value,
        tellers=tellers(settings, clock),
        again_after=timedelta(minutes=settings.watchdog.again_minutes),
        memory=settings.watchdog.state_file,
    )
    # Not ``open_database``: a database that is away, or is just being migrated, is what we watch.
    db = Database(settings.database_url)

    def turn() -> bool:
        trouble = look(db, patience, now=clock.now())
        reached = dog.hear(trouble, now=clock.now())
        if trouble is not None:
            print(f"{trouble.key}: told {', '.join(reached) or 'nobody'}")
        return trouble is None

    with closing(db):
        if once:
            if not turn():
                raise typer.Exit(1)
            print("The engine is well.")
            return
        stopped = threading.Event()
        until_a_signal(stopped)
        while not stopped.is_set():
            turn()
            stopped.wait(settings.watchdog.every_s)


def tellers(settings: Settings, clock: Clock) -> Mapping[str, Teller]:
    """Return what takes a message to each who is to be told; BadConfig when that is nobody."""
    catch_all = settings.policy.catch_all
    named = settings.watchdog.tell or ((f"mail:{catch_all}",) if catch_all else ())
    if not named:
        raise BadConfig(
            "the watchdog has nobody to tell.",
            field="watchdog.tell",
            remedy="Name somebody there, as in sms:+4790000000, or set policy.catch_all.",
        )
    ways = channels(settings, clock)
    found: dict[str, Teller] = {}
    for one in named:
        way, _, to = one.partition(":")
        if way == "mail":
            found[one] = partial(_mail, settings, clock, to)
        elif way == "webhook":
            found[one] = _notice(ways, _kind(settings, to), to, settings)
        else:
            found[one] = _notice(ways, way, to, settings)
    return found


def _kind(settings: Settings, name: str) -> str:
    if name not in settings.webhooks:
        raise BadConfig(f"there is no webhook {name!r}.", field="watchdog.tell")
    return "chat" if settings.webhooks[name].kind == "chat" else "webhook"


def _notice(
    ways: Mapping[str, ChannelTransport], channel: str, to: str, settings: Settings
) -> Teller:
    transport = ways.get(channel)
    if transport is None:
        raise BadConfig(f"no way to send {channel} is set up.", field="watchdog.tell")

    def tell(subject: str, text: str) -> None:
        payload = {"text": f"{subject}\n{text}", "language": settings.desk.language.value}
        asyncio.run(transport.deliver(to, payload, key=str(new_id())))

    return tell


def _mail(settings: Settings, clock: Clock, to: str, subject: str, text: str) -> None:
    name, box = next(iter(settings.mailboxes.items()), (None, None))
    if name is None or box is None:
        raise BadConfig("there is no mailbox to send from.", field="mailboxes")
    part = f"watchdog-{new_id().hex}"
    letter = Letter(
        from_address=box.address,
        from_name=settings.desk.name,
        to=(to,),
        subject=subject,
        text=text,
        html=None,
        message_id=message_id(settings.secret, number=0, part=part, address=box.address),
        date=clock.now(),
        auto_submitted="auto-generated",
    )

    async def send() -> None:
        transport = SmtpTransport(smtp_settings(name, box.smtp, clock))
        try:
            await transport.send(box.address, [to], compose(letter))
        finally:
            await transport.close()

    asyncio.run(send())
