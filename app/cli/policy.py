"""``svartid policy``: Check and compare what is promised."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import ConfigFile
from app.cli.versions import file_or_version
from app.kit.clock import MachineClock
from app.kit.errors import BadInput
from app.models import PolicyVersion
from app.sla.explain_words import length_in_words
from app.sla.policy import Policy
from app.sla.policy_diff import Change, Effect, diff, effects

commands = typer.Typer(help="Check and compare what is promised.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Check and compare what is promised."""


@commands.command()
def check(file: Annotated[Path, typer.Argument(help="A policy in TOML.")]) -> None:
    """Read a policy; say what is wrong and on which line, or what it comes to."""
    policy = read_policy(file)
    print(f"{policy.name}: {policy.digest()}")


@commands.command("diff")
def diff_files(
    before: Annotated[str, typer.Argument(help="The policy as it is: a file, or NAME@VERSION.")],
    after: Annotated[str, typer.Argument(help="The policy as it shall be.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    year: Annotated[
        int | None, typer.Option(help="The year in which receipts are tried; this year by itself.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Tell what differs, and which promises are lowered for which receipts."""
    old, new = (_file_or_version(one, config) for one in (before, after))
    tried = effects(old, new, year=year or MachineClock().now().year)
    changes = diff(old, new)
    if as_json:
        lowered = [{**asdict(effect), "lowers": effect.lowers} for effect in tried]
        print(json.dumps({"changes": [asdict(c) for c in changes], "effects": lowered}))
        return
    for change in changes:
        print(_change_line(change))
    for effect in tried:
        print(effect_line(effect))
    if not changes:
        print("No difference.")


def read_policy(file: Path) -> Policy:
    """Return the policy of a file; BadInput names the file, the key and the line."""
    try:
        return Policy.from_toml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot be read: {error}", field=str(file)) from None
    except BadInput as error:
        raise BadInput(
            error.message, field=f"{file}: {error.field or 'policy'}", remedy=error.remedy
        ) from None


def _file_or_version(named: str, config: Path | None) -> Policy:
    return file_or_version(
        named,
        config,
        PolicyVersion,
        what="policy",
        from_file=read_policy,
        from_body=Policy.from_dict,
    )


def _change_line(change: Change) -> str:
    old, new = (
        "(none)" if value is None else json.dumps(value, ensure_ascii=False)
        for value in (change.before, change.after)
    )
    return f"{change.key}: {old} -> {new}"


def effect_line(effect: Effect) -> str:
    """Return in a line what a change does to one promise."""
    verdict = "LOWERED" if effect.lowers else "raised"
    text = (
        f"{verdict} {effect.severity} {effect.kind}: the limit is later for {effect.later:,} and "
        f"sooner for {effect.sooner:,} of {effect.tried:,} receipts"
    )
    if effect.worst_s:
        text += f", at worst by {length_in_words(effect.worst_s, language='en')}"
    return text
