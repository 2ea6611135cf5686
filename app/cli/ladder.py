"""``svartid ladder`` and ``svartid simulate``: Check a ladder, and try it on a year of tickets."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.kit.errors import BadInput
from app.sla.ladder import Ladder, default_ladder, silences
from app.sla.oncall import Schedule
from app.sla.policy import Policy, default_policy
from escalation.scenario import Scenario, a_small_desk
from escalation.simulate import simulate as run_simulation

commands = typer.Typer(help="Check a ladder of escalation.", no_args_is_help=True)

T = TypeVar("T")


@commands.callback()
def _group() -> None:
    """Check a ladder of escalation."""


@commands.command()
def check(file: Annotated[Path, typer.Argument(help="A ladder in TOML.")]) -> None:
    """Read a ladder; say what is wrong and on which line, or what it comes to."""
    ladder = read(file, Ladder.from_toml)
    print(f"{ladder.name}: {ladder.digest()}")
    for line in silences(ladder):
        print(f"  note: {line}")


@commands.command("check-schedule")
def check_schedule(file: Annotated[Path, typer.Argument(help="A schedule in TOML.")]) -> None:
    """Read an on-call schedule; say what is wrong and on which line, or whom it names."""
    schedule = read(file, Schedule.from_toml)
    print(f"{schedule.name}: {', '.join(sorted(schedule.everybody))}")


def simulate(
    scenario: Annotated[
        Path | None, typer.Option(help="A scenario in TOML; left out, a small desk.")
    ] = None,
    *,
    ladder: Annotated[
        Path | None, typer.Option(help="A ladder; left out, the shipped one.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="A policy; left out, the shipped one.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3660, help="How many days.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same year.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Run a year of tickets through a ladder: broken promises, pages, nights, time to take."""
    desk = read(scenario, Scenario.from_toml) if scenario else a_small_desk()
    if days is not None:
        desk = desk.model_copy(update={"days": days})
    began = time.perf_counter()
    outcome = run_simulation(
        desk,
        read(ladder, Ladder.from_toml) if ladder else default_ladder(),
        read(policy, Policy.from_toml) if policy else default_policy(),
        seed=seed,
    )
    took = time.perf_counter() - began
    if as_json:
        print(json.dumps(outcome.to_dict(), ensure_ascii=False))
        return
    print("\n".join(outcome.lines()))
    speed = desk.days * 86_400 / took
    print(
        f"\nA model, with the same decisions as the engine; {took:.1f} s, {speed:,.0f} times real."
    )


def read(file: Path, read: Callable[[str], T]) -> T:
    """Return what a file holds; BadInput names the file, the key and the line."""
    try:
        return read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot be read: {error}", field=str(file)) from None
    except BadInput as error:
        place = f"{file}: {error.field}" if error.field else str(file)
        raise BadInput(error.message, field=place, remedy=error.remedy) from None
