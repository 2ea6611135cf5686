"""``svartid severity``: try, measure and train the judging of severity."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from app.sla.severity import Model, Report, judge, kept, read_examples
from app.sla.severity import train as train_model
from app.sla.severity.measure import CURVE, Labelled, measure
from app.sla.severity.model import CLASSES
from app.sla.severity.model import base_examples as shipped_examples
from app.sla.terms import Severity

commands = typer.Typer(help="Try and measure the judging of severity.", no_args_is_help=True)

Messages = Annotated[Path, typer.Argument(help="JSON lines; “-” reads them from standard input.")]
ModelFile = Annotated[
    Path | None, typer.Option("--model", help="A model of your own in place of the shipped one.")
]


@commands.callback()
def _group() -> None:
    """Try and measure the judging of severity."""


@commands.command("try")
def try_messages(file: Messages, model: ModelFile = None) -> None:
    """Judge messages {id, channel, subject, body}, a line of JSON each; nothing is changed."""
    own = kept(model) if model else None
    failed = False
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        told = _told(line, number, own)
        failed = failed or "error" in told
        print(json.dumps(told, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


def _told(line: str, number: int, model: Model | None) -> dict[str, Any]:
    entry: Any = None
    try:
        entry = json.loads(line)
        judged = judge(_report(entry), model=model)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        name = entry.get("id") if isinstance(entry, dict) else None
        return {"id": name, "error": f"line {number}: {type(error).__name__}: {error}"}
    return {
        "id": entry.get("id"),
        "severity": judged.severity.value,
        "confidence": judged.confidence,
        "reasons": list(judged.reasons),
        "excluded": judged.excluded.value if judged.excluded else None,
    }


def _report(entry: dict[str, Any]) -> Report:
    subject, body = entry.get("subject"), entry["body"]
    if not isinstance(body, str) or not (subject is None or isinstance(subject, str)):
        raise TypeError("subject and body must be text")
    return Report(channel=str(entry.get("channel", "email")), subject=subject, text=body)


@commands.command("eval")
def evaluate(file: Messages, model: ModelFile = None) -> None:
    """Compare with the labels in the file: {…, severity}, and where given lang and hard."""
    own = kept(model) if model else None
    rows = [_labelled(line, number) for number, line in enumerate(_lines(file), 1) if line.strip()]
    if not rows:
        raise typer.BadParameter("there is no message in the file.")
    _print_figures("all", rows, own)
    for group in sorted({one for row in rows for one in row.groups}):
        _print_figures(group, [row for row in rows if group in row.groups], own)
    print("\nlabelled ↓ judged →  " + "  ".join(f"{one.value:>8}" for one in CLASSES))
    counts = measure(rows, model=own).counts
    for label in CLASSES:
        cells = "  ".join(f"{counts.get((label, one), 0):>8}" for one in CLASSES)
        print(f"{label.value:20} {cells}")
    print("\ncritical from   found    false alarms   accuracy")
    for threshold in CURVE:
        one = measure(rows, model=own, critical_from=threshold)
        print(
            f"{threshold:13.1f} {one.critical_found.value:7.1%} {one.false_alarms.value:15.1%}"
            f" {one.accuracy.value:10.1%}"
        )


def _labelled(line: str, number: int) -> Labelled:
    try:
        entry = json.loads(line)
        groups = [f"language {entry['lang']}"] if "lang" in entry else []
        if "hard" in entry:
            groups.append("hard" if entry["hard"] else "easy")
        return Labelled(_report(entry), Severity(entry["severity"]), groups)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise typer.BadParameter(f"line {number}: {type(error).__name__}: {error}") from error


def _print_figures(name: str, rows: Sequence[Labelled], model: Model | None) -> None:
    figures = measure(rows, model=model)
    print(
        f"{name:12} accuracy {figures.accuracy}\n"
        f"{'':12} critical found {figures.critical_found}\n"
        f"{'':12} false alarms   {figures.false_alarms}"
    )


@commands.command("train")
def train_on(
    files: Annotated[list[Path], typer.Argument(help="Labelled examples, JSON lines.")],
    to: Annotated[Path, typer.Option("--to", help="Where the model is written.")],
    alone: Annotated[bool, typer.Option("--alone", help="Leave the shipped examples out.")] = False,
) -> None:
    """Train a model on the shipped examples and yours; name it in `severity.model` to use it."""
    examples = [] if alone else list(shipped_examples())
    for file in files:
        try:
            examples += read_examples(file.read_text("utf-8").splitlines())
        except (OSError, ValueError) as error:
            raise typer.BadParameter(f"{file}: {error}") from error
    if not examples:
        raise typer.BadParameter("there is no example to learn from.")
    model = train_model(examples)
    to.write_text(model.to_json() + "\n", "utf-8")
    print(f"{to}: {len(examples)} examples, {len(model.weights)} weights, {model.trained_on[:12]}")


def _lines(file: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from error
    return text.split("\n")
