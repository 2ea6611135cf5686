"""``svartid ladder diff``: whom a ticket reaches under another ladder, and when and how."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from app.cli.ladder import read
from app.cli.ladder_versions import commands as commands  # noqa: PLC0414 - this adds to them
from app.cli.options import ConfigFile
from app.cli.versions import file_or_version
from app.kit.errors import SvartidError
from app.models import LadderVersion
from app.sla.ladder import Ladder, RunSoFar
from app.sla.ladder.diff import CourseChange, compare
from app.sla.ladder.diff_words import diff_in_words
from app.sla.policy import Policy, default_policy
from app.sla.terms import ClockKind, Severity
from escalation.simulate import run_at_receipt

_DIFFERENT, _TROUBLE = 1, 2
# A Tuesday in the desk's hours, with no holiday in the weeks after it.
_RECEIVED = datetime(2027, 1, 12, 10)  # noqa: DTZ001 - in the policy's own zone, whichever it is


@commands.command("diff")
def diff_ladders(
    before: Annotated[str, typer.Argument(help="The ladder as it is: a file, or NAME@VERSION.")],
    after: Annotated[str, typer.Argument(help="The ladder as it shall be.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    config: ConfigFile = None,
) -> None:
    """Tell who is reached otherwise, with an example; exit 0 when nobody is, 1, or 2 on trouble."""
    try:
        old, new = (_file_or_version(one, config) for one in (before, after))
    except SvartidError as error:
        print(f"svartid: {error}", file=sys.stderr)
        raise typer.Exit(_TROUBLE) from None
    policy = default_policy()
    changes = compare(old, new, _examples(policy))
    if as_json:
        print(json.dumps([_plain(change) for change in changes], ensure_ascii=False))
    elif changes:
        received = f"{_RECEIVED:%A %d %B %Y at %H:%M}"
        print("\n".join(diff_in_words(changes, received, policy.calendar().tz)))
    else:
        print("No difference.")
    if changes:
        raise typer.Exit(_DIFFERENT)


def _examples(policy: Policy) -> Iterator[RunSoFar]:
    at = _RECEIVED.replace(tzinfo=policy.calendar().tz)
    for severity, kind in product(Severity, ClockKind):
        yield run_at_receipt(policy, severity, kind, at)


def _file_or_version(named: str, config: Path | None) -> Ladder:
    return file_or_version(
        named,
        config,
        LadderVersion,
        what="ladder",
        from_file=lambda file: read(file, Ladder.from_toml),
        from_body=Ladder.from_dict,
    )


def _plain(change: CourseChange) -> dict[str, object]:
    """Return a change as plain data; moments are ISO texts in UTC, lengths seconds."""
    steps = [
        {
            "before": step.before.model_dump(mode="json") if step.before else None,
            "after": step.after.model_dump(mode="json") if step.after else None,
            "before_at": step.before_at.isoformat() if step.before_at else None,
            "after_at": step.after_at.isoformat() if step.after_at else None,
            "moved_s": step.moved_s,
            "facets": step.facets,
            "last_resort": step.last_resort,
        }
        for step in change.steps
    ]
    return {
        "severity": change.severity.value,
        "clock": change.clock.value,
        "promised": change.promised,
        "steps": steps,
        "order": change.order,
    }
