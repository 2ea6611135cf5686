"""``svartid policy import|export|list|replay|notices``: the versions that the database keeps."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.cli.customer import day_start
from app.cli.options import ConfigFile, open_database, open_house, settings_of
from app.cli.policy import commands as commands  # noqa: PLC0414 - these add to them
from app.cli.policy import effect_line, read_policy
from app.cli.versions import print_version, print_versions
from app.desk import policies
from app.desk.events import OPERATOR
from app.desk.house import House
from app.kit.clock import MachineClock
from app.models import NoticeState, PolicyVersion
from app.sla.policy import Policy
from app.store import agreements
from escalation.replay import Replay, replay

Since = Annotated[str, typer.Option("--from", help="A date, as 2027-01-01.")]


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A policy in TOML.")],
    since: Since,
    config: ConfigFile = None,
) -> None:
    """Let a policy count for what is received from a date on; tell who is promised less."""
    settings = settings_of(config)
    policy = read_policy(file)
    now = MachineClock().now()
    at = day_start(since, ZoneInfo(settings.desk.time_zone), field="--from")
    with open_database(settings) as db, db.writing() as session:
        house = House.open(session, settings, now=now)
        done = policies.import_policy(session, house, policy, at=at, now=now, actor=OPERATOR)
        print(
            f"{policy.name} version {done.version.version} counts from "
            f"{done.start.at:%Y-%m-%d %H:%M} UTC."
        )
        for effect in done.effects:
            print(f"  {effect_line(effect)}")
        for _notice, customer in done.notices:
            print(f"  to be told: {customer.name}")
        if done.notices:
            print("A notice to each of them waits for approval: GET /api/v1/notices.")


@commands.command("export")
def export(
    name: Annotated[str, typer.Argument(help="The policy's name.")],
    version: Annotated[int | None, typer.Option(help="The newest by itself.", min=1)] = None,
    config: ConfigFile = None,
) -> None:
    """Print a version as TOML, ready to be changed and imported."""
    print_version(
        config,
        PolicyVersion,
        lambda body: Policy.from_dict(body).to_dict(),
        what="policy",
        name=name,
        number=version,
    )


@commands.command("list")
def listing(config: ConfigFile = None) -> None:
    """List every version, and from when each counts."""
    print_versions(
        config,
        PolicyVersion,
        lambda session: [(one.policy_id, one.at) for one in agreements.policy_starts(session)],
    )


@commands.command("replay")
def replay_file(
    file: Annotated[Path, typer.Argument(help="A draft in TOML.")],
    since: Since,
    until: Annotated[str, typer.Option("--to", help="The first date that is left out.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    config: ConfigFile = None,
) -> None:
    """Recompute past tickets under a draft: what would have been missed; changes nothing."""
    settings = settings_of(config)
    draft = read_policy(file)
    zone = ZoneInfo(settings.desk.time_zone)
    now = MachineClock().now()
    with open_database(settings) as db:
        house = open_house(db, settings)
        with db.reading() as session:
            found = replay(
                session,
                house,
                draft,
                since=day_start(since, zone, field="--from"),
                until=day_start(until, zone, field="--to"),
                now=now,
            )
    print(json.dumps(_as_data(found)) if as_json else "\n".join(_lines(found)))


@commands.command("notices")
def notices(config: ConfigFile = None) -> None:
    """List the notices of lower promises that wait for approval."""
    with open_database(settings_of(config)) as db, db.reading() as session:
        for _notice, customer, start in agreements.notices(session, NoticeState.QUEUED):
            print(f"{customer.name}\t{start.name}\tfrom {start.at:%Y-%m-%d %H:%M}")


def _as_data(found: Replay) -> dict[str, object]:
    return {
        **found.counts(),
        "promises": [
            {
                key: value.isoformat() if isinstance(value, datetime) else value
                for key, value in {**asdict(one), "newly_missed": one.newly_missed}.items()
            }
            for one in found.outcomes
        ],
    }


def _lines(found: Replay) -> list[str]:
    sums = found.counts()
    return [
        f"{sums['tickets']} tickets, nothing changed.",
        (
            f"Promises missed: {sums['missed_before']} then, {sums['missed_after']} under the "
            f"draft ({sums['newly_missed']} newly missed, {sums['newly_kept']} newly kept)."
        ),
        f"Pages by the plan: {sums['pages_before']} then, {sums['pages_after']} under the draft.",
        *(
            f"  newly missed: #{one.number} {one.severity} {one.kind}, "
            f"limit {one.limit_after:%Y-%m-%d %H:%M} UTC"
            for one in found.outcomes
            if one.newly_missed and one.limit_after
        ),
    ]
