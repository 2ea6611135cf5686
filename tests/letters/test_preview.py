"""An operator sees each letter before a customer does."""

import email
from pathlib import Path

import pytest

from app.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["svartid", "mail", "preview", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_letter_is_shown_with_its_subject(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "page", "--language", "en") == 0
    assert capsys.readouterr().out.startswith("Subject: Ticket 198 critical: first response due in")


def test_the_whole_mail_can_be_read_by_a_mail_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "acknowledgement", "--eml") == 0
    mail = email.message_from_string(capsys.readouterr().out)
    assert mail.get_content_type() == "multipart/alternative"


def test_html_is_shown_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "delay", "--html") == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


def test_without_a_name_all_letters_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    assert "acknowledgement" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nonsense"], ["page", "--language", "de"]])
def test_what_there_is_not_is_told_with_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(monkeypatch, *words) == 1
    assert "Choose from" in capsys.readouterr().err


def test_a_mistake_in_a_template_of_ones_own_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "--check") == 0
    assert "no mistakes" in capsys.readouterr().out
    assert run(monkeypatch, "--check", "--templates", str(tmp_path)) == 0
    wrong = tmp_path / "wrong"
    (wrong / "nn").mkdir(parents=True)
    (wrong / "nn" / "page.txt").write_text("Subject: {{ letter.tittel }}\n\nx\n", "utf-8")
    assert run(monkeypatch, "--check", "--templates", str(wrong)) == 1
    assert "nn/page" in capsys.readouterr().err
