"""``svartid severity``: try, measure and train the judging of severity."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from app.cli.options import ConfigFile, open_database, settings_of
from app.config import Settings
from app.desk.second_opinion import Judged, SecondOpinion
from app.kit.clock import MachineClock
from app.sla.severity import (
    Example,
    Judgement,
    Report,
    encode,
    judge,
    kept,
    own_of,
    read_examples,
)
from app.sla.severity import train as train_model
from app.sla.severity.measure import CURVE, NOT_SAID, Labelled, measure
from app.sla.severity.model import base_examples as shipped_examples
from app.sla.severity.model import put_model, versions
from app.sla.severity.model import shipped as shipped_model
from app.sla.severity.opinion import Opinion, heed
from app.sla.severity.reason_words import LANGUAGES, reasons_in
from app.sla.severity.shares import CLASSES
from app.sla.terms import Exclusion, Severity
from app.store import tickets

commands = typer.Typer(help="Try and measure the judging of severity.", no_args_is_help=True)

Messages = Annotated[Path, typer.Argument(help="JSON lines; “-” reads them from standard input.")]
ModelFile = Annotated[
    Path | None, typer.Option("--model", help="A model of your own in place of the shipped one.")
]
OwnFile = Annotated[
    Path | None, typer.Option("--own", help="Words and patterns of your own, in TOML.")
]


Encoder = Annotated[
    bool, typer.Option("--encoder/--no-encoder", help="Whether the encoder has its say.")
]


# A command judges a message again by other words or another threshold; what the encoder makes of it
# stays the same, and takes longer than all the rest.
_encode = lru_cache(maxsize=None)(encode)


class Judge(Protocol):
    """A judge with its model and words."""

    def __call__(self, report: Report, *, critical_from: float | None = ...) -> Judgement:
        """Judge a report."""


def _judge(model: Path | None, own: Path | None, *, encoder: bool = True) -> Judge:
    return partial(
        judge,
        model=kept(model) if model else None,
        own=own_of(own) if own else None,
        encode=_encode if encoder else None,
    )


@commands.callback()
def _group() -> None:
    """Try and measure the judging of severity."""


@commands.command("try")
def try_messages(
    file: Messages,
    model: ModelFile = None,
    own: OwnFile = None,
    *,
    encoder: Encoder = True,
    language: Annotated[str, typer.Option("--lang", help="Of the reasons: nb or en.")] = "en",
) -> None:
    """Judge messages {id, channel, subject, body}; nothing is changed.

    Each line is answered by one line, in its order: {id, severity, confidence, reasons, excluded}.
    A line that cannot be read is judged as one that says nothing, and has "error" besides.
    """
    if language not in LANGUAGES:
        raise typer.BadParameter("reasons are told in nb or en.", param_hint="--lang")
    judges = _judge(model, own, encoder=encoder)
    failed = False
    for number, line in enumerate(_lines(file), 1):
        told = _told(line, number, judges, language)
        failed = failed or "error" in told
        print(json.dumps(told, ensure_ascii=False))
    if failed:
        raise typer.Exit(1)


def _told(line: str, number: int, judges: Judge, language: str = "en") -> dict[str, Any]:
    entry: Any = {}
    error = None
    try:
        entry = json.loads(line)
        report = _report(entry)
    except (ValueError, TypeError, RecursionError) as wrong:
        error = f"line {number}: {type(wrong).__name__}: {wrong}"
        report = Report("email", None, "")
    judged = judges(report)
    told = {
        "id": entry.get("id") if isinstance(entry, dict) else None,
        "severity": judged.severity.value,
        "confidence": judged.confidence,
        "reasons": [_printable(one) for one in reasons_in(judged.reasons, language)],
        "excluded": judged.excluded.value if judged.excluded else None,
    }
    if isinstance(told["id"], str):
        told["id"] = _printable(told["id"])
    return told if error is None else told | {"error": _printable(error)}


def _report(entry: Any) -> Report:
    """Read a message; what is missing or null counts as empty. TypeError where it is none."""
    if not isinstance(entry, dict):
        raise TypeError("a message is an object")
    texts = {}
    for name, otherwise in (("channel", "email"), ("subject", None), ("body", "")):
        value = entry.get(name)
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be text")
        texts[name] = otherwise if value is None else _printable(value)
    return Report(
        channel=str(texts["channel"]), subject=texts["subject"], text=str(texts["body"] or "")
    )


def _printable(text: str) -> str:
    """Replace half a surrogate pair, which JSON can hold and no terminal can show."""
    return text.encode("utf-8", "replace").decode("utf-8")


@commands.command("eval")
def evaluate(
    file: Messages,
    model: ModelFile = None,
    own: OwnFile = None,
    *,
    encoder: Encoder = True,
    outside: Annotated[
        bool,
        typer.Option("--outside", help="Ask the language model of `severity.outside` as well."),
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Compare with the labels in the file: {…, severity}, and where given lang, hard, excluded.

    Each share stands with Wilson's interval of 95 %: between the two the true share lies in 95 of
    100 such measurements. With --outside, every message that an opinion could change leaves the
    house, masked.
    """
    judges = _judge(model, own, encoder=encoder)
    rows = [_labelled(line, number) for number, line in enumerate(_lines(file), 1) if line.strip()]
    if not rows:
        raise typer.BadParameter("there is no message in the file.")
    if outside:
        judges = _with_opinions(judges, rows, settings_of(config))
    measured = measure(rows, judges)
    print(measured.figures("all"))
    for group in sorted({one for row in rows for one in row.groups}):
        print(measured.of(group).figures(group))
    print("\nlabelled ↓ judged →  " + "  ".join(f"{one.value:>8}" for one in CLASSES))
    for label in CLASSES:
        cells = "  ".join(f"{measured.count(label, one):>8}" for one in CLASSES)
        print(f"{label.value:20} {cells}")
    told = measured.exclusions()
    if told is not None:
        print(f"\nexclusions: right where one is labelled {told.found}")
        print(f"{'':12}wrong among those told  {told.false}")
    print("\ncritical from   missed of the critical       false of the alarms       accuracy")
    for threshold in CURVE:
        one = measure(rows, partial(judges, critical_from=threshold))
        missed, false = 1 - one.critical_found.value, one.false_alarms.value
        print(
            f"{threshold:13.2f} {missed:8.1%} {'#' * round(missed * 40):20}"
            f"{false:7.1%} {'#' * round(false * 40):18}{one.accuracy.value:8.1%}"
        )


def _with_opinions(judges: Judge, rows: Sequence[Labelled], settings: Settings) -> Judge:
    """Ask the language model about each message once; return a judge that heeds its opinions."""
    second = SecondOpinion.of(settings, MachineClock())
    if second is None:
        raise typer.BadParameter("the configuration names no language model in severity.outside.")
    asked = [one for row in rows if (one := Judged(row.report, judges(row.report))).is_worth_asking]
    answers = asyncio.run(second.ask_each(asked))
    opinions = {
        one.report: (answer, second.shown(one))
        for one, answer in zip(asked, answers, strict=True)
        if isinstance(answer, Opinion)
    }
    failed = [answer for answer in answers if isinstance(answer, str)]
    print(f"asked about {len(asked)} of {len(rows)}; {len(failed)} without an answer")
    for why, times in Counter(failed).most_common(3):
        print(f"  {times} times: {why}")

    def heeding(report: Report, *, critical_from: float | None = None) -> Judgement:
        ours = judges(report, critical_from=critical_from)
        if report not in opinions or not Judged(report, ours).is_worth_asking:
            return ours
        return heed(ours, *opinions[report])[0]

    return heeding


def _labelled(line: str, number: int) -> Labelled:
    try:
        entry = json.loads(line)
        report = _report(entry)
        groups = [f"language {entry['lang']}"] if "lang" in entry else []
        if "hard" in entry:
            groups.append("hard" if entry["hard"] else "easy")
        # Without the field nobody has looked for an exclusion; null says that there is none.
        excluded = entry.get("excluded", NOT_SAID)
        return Labelled(
            report,
            Severity(entry["severity"]),
            tuple(groups),
            excluded if excluded in {None, NOT_SAID} else Exclusion(excluded),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise typer.BadParameter(f"line {number}: {type(error).__name__}: {error}") from error


@commands.command("effect")
def effect(
    file: Messages,
    own: Annotated[Path, typer.Option("--own", help="Words and patterns of your own, in TOML.")],
    model: ModelFile = None,
) -> None:
    """Show what words and patterns of your own would change, before they are put to use."""
    before, after = _judge(model, None), _judge(model, own)
    changed = total = 0
    for number, line in enumerate(_lines(file), 1):
        old, new = _told(line, number, before), _told(line, number, after)
        total += 1
        if old["severity"] != new["severity"]:
            changed += 1
            name = old["id"] if old["id"] is not None else f"line {number}"
            print(f"{name}: {old['severity']} → {new['severity']}: {new['reasons'][0]}")
    print(f"{changed} of {total} messages would be judged otherwise.")


@commands.command("train")
def train_on(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Labelled examples, JSON lines.")
    ] = None,
    *,
    to: Annotated[Path, typer.Option("--to", help="Where the model is written.")],
    alone: Annotated[
        bool, typer.Option("--alone", help="Begin from nothing, without the shipped model.")
    ] = False,
    corrections: Annotated[
        bool, typer.Option("--corrections", help="Learn from what agents have corrected as well.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Teach the shipped model your examples; name what comes of it in `severity.model` to use it.

    A model that stands there already is kept beside it: see `versions` and `roll-back`.
    """
    start = None if alone else shipped_model()
    # Rehearsed, so that what it has learned of them is not forgotten.
    examples = [] if alone else list(shipped_examples())
    for file in files or ():
        try:
            examples += read_examples(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise typer.BadParameter(f"{file}: {error}") from error
    if corrections:
        learned = _corrections(config)
        print(f"{len(learned)} corrections by agents")
        examples += learned
    if not examples:
        raise typer.BadParameter("there is no example to learn from.")
    model = train_model(examples, start=start)
    shelf = put_model(to, model)
    if shelf:
        print(f"{shelf}: the one before")
    print(f"{to}: {len(examples)} examples, {len(model.weights)} weights, {model.trained_on[:12]}")


def _corrections(config: Path | None) -> list[Example]:
    with open_database(settings_of(config)) as db, db.reading() as session:
        return [
            Example(
                channel=ticket.channel.value,
                subject=message.subject or None,
                body=message.reply_text or message.text,
                severity=ticket.severity,
            )
            for ticket, message in tickets.corrected_severities(session)
        ]


ModelPlace = Annotated[Path, typer.Argument(help="The model that `severity.model` names.")]


@commands.command("versions")
def list_versions(model: ModelPlace) -> None:
    """List the models that were kept, the newest first; the first is in use."""
    for path, one in versions(model):
        print(f"{one.trained_on[:12]}  {len(one.weights)} weights  {path}")


@commands.command("roll-back")
def roll_back(
    model: ModelPlace,
    version: Annotated[
        str | None, typer.Option("--to", help="Its number; the one before by itself.")
    ] = None,
) -> None:
    """Put a model back that was in use before; the present one is kept as well."""
    kept_ones = versions(model)[1:]
    fitting = [one for _, one in kept_ones if one.trained_on.startswith(version or "")]
    if not fitting:
        raise typer.BadParameter("there is no such version; see `svartid severity versions`.")
    put_model(model, fitting[0])
    print(f"{model}: {fitting[0].trained_on[:12]}")


def _lines(file: Path) -> list[str]:
    """Return the lines; bytes that are no UTF-8 are replaced, and the last newline ends a line."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}") from error
    lines = raw.decode("utf-8-sig", "replace").split("\n")
    return lines if lines[-1].strip() else lines[:-1]
