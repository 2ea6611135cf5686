"""``svartid calendar``: Try a calendar."""

import functools
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.kit.errors import BadInput
from app.sla.hours import Calendar

commands = typer.Typer(help="Try a calendar.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Try a calendar."""


@commands.command()
def compute(
    file: Annotated[
        Path | None, typer.Argument(help="Lines of JSON; standard input when left out.")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON, a line for each line.")
    ] = False,
) -> None:
    """Add working time to a start, or count it up to an end.

    Each line is {"calendar": {...}, "start": "...", "add_working_seconds": N}, answered by
    {"end": "..."}, or has "end" in place of "add_working_seconds", answered by
    {"working_seconds": N}. A line that is wrong is answered by {"error": "..."}, and the exit
    status is 1 in the end. Empty lines are passed over.
    """
    failed = False
    for line in _lines(file):
        if line.strip():
            answer = answer_line(line)
            failed = failed or "error" in answer
            shown = json.dumps(answer) if as_json else "  ".join(str(v) for v in answer.values())
            # At once, so that a program may ask, read the answer, and ask again.
            print(shown, flush=True)
    if failed:
        raise typer.Exit(1)


def _lines(file: Path | None) -> Iterator[bytes]:
    """Yield the lines as they come; bytes, so that one in a wrong encoding spoils no other."""
    try:
        with nullcontext(sys.stdin.buffer) if file is None else file.open("rb") as source:
            yield from source
    except OSError as error:
        raise BadInput(f"cannot be read: {error}", field=str(file or "standard input")) from None


def answer_line(line: str | bytes) -> dict[str, object]:
    """Return the answer to one question; ``error`` says what is wrong with it."""
    try:
        question = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"this line is no JSON: {error}"}
    try:
        return _answer(question)
    except BadInput as error:
        return {"error": str(error)}


def _answer(question: object) -> dict[str, object]:
    """Return the answer; keys other than the known ones are notes of the asker's."""
    if not isinstance(question, dict):
        raise BadInput("a question is an object with a calendar, a start, and what to compute.")
    asks = [key for key in ("add_working_seconds", "end") if key in question]
    if len(asks) != 1:
        raise BadInput(
            f"give one of add_working_seconds and end, not {'both' if asks else 'none'}."
        )
    calendar = _calendar(question.get("calendar"))
    start = _instant(question.get("start"), "start")
    if asks == ["end"]:
        return {"working_seconds": calendar.between(start, _instant(question["end"], "end"))}
    seconds = question["add_working_seconds"]
    if isinstance(seconds, float) and seconds.is_integer():
        seconds = int(seconds)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise BadInput("this must be a whole number.", field="add_working_seconds")
    return {"end": calendar.add(start, seconds).isoformat()}


def _calendar(document: object) -> Calendar:
    try:
        return _read_once(json.dumps(document))
    except BadInput as error:
        field = f"calendar.{error.field}" if error.field else "calendar"
        raise BadInput(error.message, field=field, remedy=error.remedy) from None


@functools.lru_cache(maxsize=32)
def _read_once(text: str) -> Calendar:
    """Return the calendar of a document; many lines in a row mostly ask about the same one."""
    return Calendar.from_dict(json.loads(text))


def _instant(text: object, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadInput(
            f"{str(text)[:60]!r} is no instant.",
            field=field,
            remedy='Write it as "2026-05-15T13:30:00+00:00", with its offset.',
        )
    return at
