"""Real mails from other projects: what we read, beside what they read.

Every disagreement stands in the table of ``docs/mail-parsing.md`` with its reason, and every row
of that table is a disagreement: neither can change without the other.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.cli.mail_parse import told_of
from intake.mail import parse
from tests.mail.agreement import agrees, is_stated

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("SVARTID_SHARED", ROOT.parent / "shared")) / "corpora"
FOLDERS = ("parse", "replies", "auto", "bounces", "malformed", "i18n", "attachments")
_ROW = re.compile(r"^\| `([\w./+-]+)` \| `(\w+)` \| \S")
# A bounce reader's own numbers, which stand in no mail (sisimai: X.0.9XX).
_MADE_UP = re.compile(r"^[45]\.0\.9\d\d$")

pytestmark = pytest.mark.skipif(
    not CORPORA.is_dir(), reason="the corpora are not beside this checkout"
)


@cache
def told_in(folder: str) -> dict[str, dict[str, Any]]:
    files = sorted((CORPORA / folder).glob("*.eml"))
    return {file.name: told_of(file, parse(file.read_bytes())) for file in files}


def expectations(folder: str) -> Iterator[tuple[str, str, Any]]:
    for entry in json.loads((CORPORA / folder / "expected.json").read_text("utf-8")):
        for key, wanted in (entry["expected"] or {}).items():
            if not is_stated(key, wanted):
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
        if not agrees(told[file], key, wanted):
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
