"""Real mails from other projects: what we read, beside what they read.

Every disagreement stands in the table of ``docs/mail-parsing.md`` with its reason, and every row
of that table is a disagreement: neither can change without the other.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.cli.mail_parse import told_of
from intake.mail import parse

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("SVARTID_SHARED", ROOT.parent / "shared")) / "corpora"
FOLDERS = ("parse", "replies", "auto", "bounces", "malformed", "i18n", "attachments")
_ROW = re.compile(r"^\| `([\w./+-]+)` \| `(\w+)` \| \S")
# A bounce reader's own numbers, which stand in no mail (sisimai: X.0.9XX).
_MADE_UP = re.compile(r"^[45]\.0\.9\d\d$")

pytestmark = pytest.mark.skipif(
    not CORPORA.is_dir(), reason="the corpora are not beside this checkout"
)


def squeezed(text: object) -> str:
    return " ".join(str(text or "").split())


def each(value: object) -> list[str]:
    return [squeezed(one) for one in (value if isinstance(value, list) else [value])]


def names(files: Any) -> set[str]:
    return {one["name"] for one in files if one.get("name")}


Agrees = Callable[[dict[str, Any], Any], bool]
EQUAL: tuple[str, ...] = (
    "from",
    "from_name",
    "to",
    "in_reply_to_first",
    "references",
    "is_auto_reply",
    "is_bounce",
    "is_complaint",
    "is_read_receipt",
    "bounce_is_temporary",
)
AGREES: dict[str, Agrees] = {
    "subject": lambda told, wanted: squeezed(told["subject"]) == squeezed(wanted),
    "text_contains": lambda told, wanted: all(one in all_text(told) for one in each(wanted)),
    "charset_snippet": lambda told, wanted: all(one in all_text(told) for one in each(wanted)),
    "attachments": lambda told, wanted: names(wanted) <= names(told["attachments"]),
    "attachment_count": lambda told, wanted: len(told["attachments"]) == wanted,
    "final_recipients": lambda told, wanted: set(told["final_recipients"]) == set(wanted),
    "bounce_status": lambda told, wanted: set(told["bounce_status"]) == set(wanted),
    "reply_text": lambda told, wanted: squeezed(told["reply_text"]) == squeezed(wanted),
    "reply_text_contains": lambda told, wanted: all(
        one in squeezed(told["reply_text"]) for one in each(wanted)
    ),
    "reply_text_not_contains": lambda told, wanted: all(
        one not in squeezed(told["reply_text"]) for one in each(wanted)
    ),
}


def all_text(told: dict[str, Any]) -> str:
    return f"{squeezed(told['text'])} {squeezed(told['html_text'])}"


@cache
def told_in(folder: str) -> dict[str, dict[str, Any]]:
    files = sorted((CORPORA / folder).glob("*.eml"))
    return {file.name: told_of(file, parse(file.read_bytes())) for file in files}


def expectations(folder: str) -> Iterator[tuple[str, str, Any]]:
    for entry in json.loads((CORPORA / folder / "expected.json").read_text("utf-8")):
        for key, wanted in (entry["expected"] or {}).items():
            if wanted is None or (key not in EQUAL and key not in AGREES):
                continue
            if key == "bounce_status" and any(_MADE_UP.match(one) for one in wanted):
                continue
            yield entry["file"], key, wanted


def documented() -> set[tuple[str, str]]:
    lines = (ROOT / "docs/mail-parsing.md").read_text("utf-8").splitlines()
    return {(row.group(1), row.group(2)) for row in map(_ROW.match, lines) if row}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_disagreement_is_written_down_with_its_reason(folder: str) -> None:
    told = told_in(folder)
    disagreements = set()
    count = 0
    for file, key, wanted in expectations(folder):
        count += 1
        agrees = AGREES.get(key) or (lambda got, want, key=key: got[key] == want)
        if not agrees(told[file], wanted):
            disagreements.add((f"{folder}/{file}", key))
    rows = {row for row in documented() if row[0].startswith(f"{folder}/")}
    assert disagreements == rows
    assert count > len(rows)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_real_mail_is_unreadable(folder: str) -> None:
    for file, told in told_in(folder).items():
        problems = told["problems"]
        assert isinstance(problems, list)
        assert not [one for one in problems if "not readable" in one], file
