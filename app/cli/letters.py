"""``svartid mail preview``: See a letter as a customer would, and check one's own templates."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from app.kit.errors import BadInput
from app.kit.i18n import LANGUAGES


def preview(
    name: Annotated[str, typer.Argument(help="The letter; left out, all are listed.")] = "",
    *,
    language: Annotated[str, typer.Option(help="nb, nn or en.")] = "nb",
    templates: Annotated[
        Path | None, typer.Option(help="A folder of your own templates, tried before ours.")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Show the HTML.")] = False,
    eml: Annotated[bool, typer.Option("--eml", help="Show the whole mail as it is sent.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write every letter in every language, tell mistakes.")
    ] = False,
) -> None:
    """Write a letter from invented facts and show it."""
    from app.desk.letters import LETTERS, render
    from app.desk.letters.samples import SAMPLES

    if templates is not None and not templates.is_dir():
        raise BadInput(f"there is no folder {templates}.", field="--templates")
    if check:
        _check(templates)
        return
    if not name:
        for letter, context in LETTERS.items():
            print(f"{letter:16} {(context.__doc__ or '').splitlines()[0]}")
        return
    if name not in LETTERS:
        raise BadInput(f"there is no letter {name!r}.", remedy=f"Choose from {', '.join(LETTERS)}.")
    if language not in LANGUAGES:
        raise BadInput(f"we write no {language!r}.", remedy=f"Choose from {', '.join(LANGUAGES)}.")
    written = render(name, language, SAMPLES[name], folder=templates)
    if written.problem:
        raise BadInput(f"{written.problem}.", field="--templates")
    if eml:
        print(_as_mail(written.subject, written.text, written.html), end="")
    elif html:
        print(written.html, end="")
    else:
        print(f"Subject: {written.subject}\n\n{written.text}", end="")


def _check(folder: Path | None) -> None:
    from app.desk.letters import render
    from app.desk.letters.samples import SAMPLES

    problems = [
        problem
        for language in LANGUAGES
        for name, context in SAMPLES.items()
        if (problem := render(name, language, context, folder=folder).problem)
    ]
    if problems:
        raise BadInput("; ".join(dict.fromkeys(problems)) + ".", field="--templates")
    print(f"{len(SAMPLES)} letters in {len(LANGUAGES)} languages: no mistakes.")


def _as_mail(subject: str, text: str, html: str) -> str:
    from app.desk.letters.samples import NOW
    from app.outbox.compose import Letter, compose, message_id

    letter = Letter(
        from_address="support@example.no",
        from_name="Fjordvert",
        to=("kari@kunde.example",),
        subject=subject,
        text=text,
        html=html,
        message_id=message_id(f"preview:{subject}", "example.no"),
        date=NOW.astimezone(UTC),
        auto_submitted="auto-generated",
    )
    return compose(letter).decode("ascii").replace("\r\n", "\n")
