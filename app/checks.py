"""What ``svartid doctor`` tries: one function a thing that the service stands on.

Each returns a sentence when all is well and raises one of our errors, which names the setting and
the remedy, when it is not.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial

from app.config import Mailbox, Settings
from app.connections import imap_settings, signer, smtp_settings
from app.desk.house import read_ladder, read_policy
from app.desk.reachability import dead_steps, in_words
from app.desk.second_opinion import Judged, SecondOpinion
from app.kit import schema
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import BadConfig, OutsideError
from app.outbox.smtp import SmtpTransport
from app.phone_checks import phone_checks
from app.sla.severity import Report, encode, judge
from app.sla.terms import FAULTS, ClockKind, Severity
from app.store import people
from app.store.moment import database_now
from intake.imap.connection import Connection

Check = tuple[str, Callable[[], str]]
# A clock that is off by more than this makes wrong receipt times and wrong pages.
MOST_DRIFT_S = 2.0


def checks(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Yield every check of this configuration, by name."""
    yield "secret", lambda: _secret(settings)
    yield "database", lambda: _database(settings)
    yield "clock", lambda: _clock(settings, clock)
    yield "policy", lambda: _policy(settings)
    yield "ladder", lambda: _ladder(settings)
    yield "staff", lambda: _staff(settings)
    yield "reach", lambda: _reach(settings, clock)
    for name, box in settings.mailboxes.items():
        for folder in box.imap.folders if box.imap else ():
            yield f"mailbox {name}, folder {folder}", partial(_imap, name, box, folder, clock)
        yield f"mailbox {name}, sending", partial(_smtp, name, box, clock)
        if box.smtp.dkim is not None:
            yield f"mailbox {name}, DKIM", partial(_dkim, name, box)
    if not settings.mailboxes:
        yield "mailboxes", _no_mailbox
    if settings.severity.encoder:
        yield "severity.encoder", _encoder
    if settings.severity.outside is not None:
        yield "severity.outside", lambda: _language_model(settings, clock)
    if settings.twilio.account_sid:
        yield from phone_checks(settings)


def _secret(settings: Settings) -> str:
    return f"{len(settings.secret)} characters"


def _database(settings: Settings) -> str:
    db = Database(settings.database_url)
    try:
        schema.check_current(db)
        return f"answers, at revision {schema.newest()}"
    finally:
        db.close()


def _clock(settings: Settings, clock: Clock) -> str:
    db = Database(settings.database_url)
    try:
        with db.reading() as session:
            theirs = database_now(session)
    finally:
        db.close()
    drift = abs((clock.now() - theirs).total_seconds())
    if drift > MOST_DRIFT_S:
        raise BadConfig(
            f"this machine's clock and the database's differ by {drift:.1f} s.",
            remedy="Keep both in step with a time server (chrony, systemd-timesyncd).",
        )
    return f"in step with the database to {drift:.2f} s"


def _policy(settings: Settings) -> str:
    policy = read_policy(settings.policy.file)
    for severity in sorted(FAULTS, key=lambda one: one.rank):
        for kind in (ClockKind.FIRST_RESPONSE, ClockKind.WORK_STARTED):
            if policy.target(severity, kind) is None:
                raise BadConfig(
                    f"nothing is promised for {kind.value} of {severity.value} faults.",
                    field="policy.file",
                    remedy=f"Give targets.{severity.value}.{kind.value} a target and a limit.",
                )
    return f"“{policy.name}” covers every severity"


def _ladder(settings: Settings) -> str:
    ladder = read_ladder(settings.policy.ladder_file)
    if settings.policy.catch_all is None:
        raise BadConfig(
            "nobody is told when a step finds nobody or the last step is exhausted.",
            field="policy.catch_all",
            remedy="Name an address that somebody always reads.",
        )
    return f"“{ladder.name}”, with {settings.policy.catch_all} behind it"


def _staff(settings: Settings) -> str:
    db = Database(settings.database_url)
    try:
        schema.check_current(db)
        with db.reading() as session:
            count = len(people.active_agents(session))
    finally:
        db.close()
    if not count:
        raise BadConfig(
            "nobody works here, so nobody can be paged.",
            remedy="Add somebody with `svartid staff add`.",
        )
    return f"{count} active"


def _reach(settings: Settings, clock: Clock) -> str:
    ladder = read_ladder(settings.policy.ladder_file)
    db = Database(settings.database_url)
    try:
        schema.check_current(db)
        with db.reading() as session:
            dead = dead_steps(session, settings, ladder, now=clock.now())
    finally:
        db.close()
    if dead:
        raise BadConfig(
            "; ".join(in_words(one) for one in dead) + ".",
            field="policy.ladder_file",
            remedy="Fill the schedule, verify a phone, or name a fallback.",
        )
    return f"every step of “{ladder.name}” reaches somebody"


def _imap(name: str, box: Mailbox, folder: str, clock: Clock) -> str:
    assert box.imap is not None  # noqa: S101 - asked only for mailboxes that have it
    with Connection(imap_settings(name, box.imap, clock)) as connection:
        state = connection.select(folder)
        how = "tells of new mail by itself" if "IDLE" in connection.capabilities else "is polled"
        return f"signed in, {state.exists} messages there, {how}"


def _smtp(name: str, box: Mailbox, clock: Clock) -> str:
    async def sign_in() -> str:
        transport = SmtpTransport(smtp_settings(name, box.smtp, clock))
        try:
            await transport.check()
        finally:
            await transport.close()
        return "signed in" if box.smtp.username else "connected"

    return asyncio.run(sign_in())


def _dkim(name: str, box: Mailbox) -> str:
    signs = signer(name, box.smtp)
    assert signs is not None  # noqa: S101 - asked only for mailboxes that have it
    return f"signs as {signs.selector}._domainkey.{signs.domain}"


def _no_mailbox() -> str:
    raise BadConfig(
        "there is none, so no mail comes in and none can go out.",
        field="mailboxes",
        remedy="Add one; `svartid init` asks for what it needs.",
    )


def _encoder() -> str:
    text = "Our shop is down since this morning, and nobody can buy anything in it."
    encode("email", "Is it loaded?", text)
    began = time.monotonic()
    encode("email", "Down", text)
    return f"loaded, and takes {(time.monotonic() - began) * 1000:.0f} ms for a sentence"


def _language_model(settings: Settings, clock: Clock) -> str:
    second = SecondOpinion.of(settings, clock)
    assert second is not None  # noqa: S101 - asked only where there is one
    report = Report("email", "Down", "Our shop is down. Nobody can buy anything.")
    began = time.monotonic()
    try:
        opinion = asyncio.run(second.ask(Judged(report, judge(report))))
    except (OutsideError, ValueError) as error:
        raise BadConfig(
            str(error),
            field="severity.outside",
            remedy="Check the address, the model's name and the key. Until it is mended, mail is "
            "judged without it.",
        ) from error
    if opinion.severity is not Severity.CRITICAL:
        raise BadConfig(
            f"it calls a shop that is down {opinion.severity.value}.",
            field="severity.outside.model",
            remedy="Name a better model, and measure it: `svartid severity eval --outside`.",
        )
    took = time.monotonic() - began
    return f"answers in {took:.1f} s, asked by {second.shape}"
