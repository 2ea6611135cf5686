"""Letters: what the desk writes to customers and staff, in their language.

A letter is a template and a context. The text is written once a language
(``templates/nb/acknowledgement.txt``, whose first line is the subject); its HTML is made from the
text and set into ``acknowledgement.html`` or, where there is none, ``layout.html``. A folder of
the operator's may hold any of these files in place of ours; one that is broken never keeps a
letter from leaving: ours is used, and the mistake is told.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)

from app.desk.letters.contexts import (
    AboutTicket,
    Acknowledgement,
    Breach,
    CanaryMissing,
    Change,
    Context,
    Delay,
    Excluded,
    Lowered,
    Mail,
    Notice,
    Page,
    Promise,
    Reply,
    StatusChange,
    Undelivered,
    Waiting,
)
from app.desk.letters.markup import to_html
from app.desk.letters.words import Words
from app.kit import i18n

__all__ = [
    "LETTERS",
    "SHIPPED",
    "AboutTicket",
    "Acknowledgement",
    "Breach",
    "CanaryMissing",
    "Change",
    "Context",
    "Delay",
    "Excluded",
    "Lowered",
    "Mail",
    "Notice",
    "Page",
    "Promise",
    "Rendered",
    "Reply",
    "StatusChange",
    "Undelivered",
    "Waiting",
    "render",
]

SHIPPED: Final = Path(__file__).parent / "templates"

# Every letter and what it needs to know.
LETTERS: Final[Mapping[str, type[Context]]] = {
    # To customers.
    "acknowledgement": Acknowledgement,
    "reply": Reply,
    "status": StatusChange,
    "delay": Delay,
    "exclusion": Excluded,
    "notice": Notice,
    # To staff.
    "page": Page,
    "breach": Breach,
    "undelivered": Undelivered,
    "canary": CanaryMissing,
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter that is written."""

    subject: str
    text: str
    html: str
    # What is wrong with a template of the operator's; ours was used in its place.
    problem: str | None = None


def render(
    name: str, language: str | None, context: Context, *, folder: Path | None = None
) -> Rendered:
    """Write a letter in the reader's language; English where we do not write theirs.

    ``folder`` holds the operator's own templates. They are read once: a change shows after a
    restart.
    """
    if not isinstance(context, LETTERS[name]):
        raise TypeError(f"the letter {name!r} is written from a {LETTERS[name].__name__}")
    words = Words(i18n.closest(language, default="en"), context)
    if folder is None:
        return _written(_environment(None), name, words, context)
    try:
        return _written(_environment(folder), name, words, context)
    except Exception as error:  # noqa: BLE001 - a template may raise anything, and the letter must leave
        ours = _written(_environment(None), name, words, context)
        where = f"{words.language}/{name}"
        if isinstance(error, TemplateSyntaxError):
            where = f"{error.name}, line {error.lineno}"
        problem = f"{where}: {error}"
        return Rendered(ours.subject, ours.text, ours.html, problem)


def _written(environment: Environment, name: str, words: Words, context: Context) -> Rendered:
    by_text, by_html = _templates(environment, name, words.language)
    text = by_text.render(t=words, letter=context)
    first, _, body = text.partition("\n")
    label, colon, subject = first.partition(":")
    if not colon or label.strip().lower() != "subject":
        raise TemplateError(f'{words.language}/{name}.txt must begin with "Subject: "')
    body = body.strip("\n") + "\n"
    html = by_html.render(t=words, letter=context, body=to_html(body))
    return Rendered(" ".join(subject.split()), body, html)


@functools.lru_cache(maxsize=256)
def _templates(environment: Environment, name: str, language: str) -> tuple[Template, Template]:
    """Return a letter's text and the HTML that it is set into; looking them up costs a tenth."""
    return environment.get_template(f"{language}/{name}.txt"), environment.select_template(
        [f"{language}/{name}.html", f"{name}.html", "layout.html"]
    )


@functools.lru_cache(maxsize=8)
def _environment(folder: Path | None) -> Environment:
    folders = [SHIPPED] if folder is None else [folder, SHIPPED]
    return Environment(
        loader=FileSystemLoader(folders),
        # A customer's words are text in every letter, and never markup.
        autoescape=_is_html,  # noqa: S701 - it is on for every template of HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Looking at the file's date costs more than writing the letter.
        auto_reload=False,
    )


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")
