"""Mails of our own making, each beside what is to be read of it (``tests/corpus``).

They show forms that the corpora of other projects lack: programs in the languages of our
customers, mail systems' notices in them, and charsets by the names that mail really uses.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.mail_parse import told_of
from intake.mail import parse
from tests.mail.agreement import agrees, is_stated, squeezed

CORPUS = Path(__file__).parents[1] / "corpus"
ENTRIES = [
    pytest.param(folder / entry["file"], entry["expected"], id=f"{folder.name}/{entry['file']}")
    for folder in sorted(CORPUS.iterdir())
    for entry in json.loads((folder / "expected.json").read_text("utf-8"))
]


@pytest.mark.parametrize(("file", "expected"), ENTRIES)
def test_a_mail_of_our_own_is_read_as_it_was_meant(file: Path, expected: dict[str, Any]) -> None:
    mail = parse(file.read_bytes())
    told = told_of(file, mail)
    assert expected
    assert all(is_stated(key, wanted) for key, wanted in expected.items())
    got = {
        key: wanted if agrees(told, key, wanted) else told.get(key)
        for key, wanted in expected.items()
    }
    assert got == expected
    shown = squeezed(f"{mail.reply_text} {mail.quoted_text}".replace(">", " "))
    assert sorted(shown.split()) == sorted(squeezed(mail.text.replace(">", " ")).split())


def test_every_file_has_its_expectation() -> None:
    listed = {param.values[0] for param in ENTRIES}
    assert listed == set(CORPUS.glob("*/*.eml"))


def test_a_bounce_in_words_names_the_mail_that_came_back() -> None:
    for name in ("qmail", "exim", "sendmail-old", "opensmtpd", "yahoo", "imail"):
        bounce = parse((CORPUS / "bounces" / f"{name}.eml").read_bytes()).bounce
        assert bounce is not None
        assert bounce.original_message_id == "4.receipt.abc@desk.example", name
