"""``svartid init`` writes a file that loads, names every setting, and tells its true defaults."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from typer.testing import CliRunner

from app.cli.commands import cli
from app.config import Settings, load

WORDS = (
    *("--name", 'Nord "Drift"', "--address", "support@desk.example", "--phone", "+47 22 00 00 00"),
    *("--imap-host", "imap.example", "--smtp-host", "smtp.example"),
    *("--username", "support@desk.example", "--catch-all", "boss@desk.example"),
)
_DEFAULT = re.compile(r"^# (\w+ = .+)$", re.MULTILINE)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    file = tmp_path / "svartid.toml"
    result = CliRunner().invoke(cli, ["init", str(file), *WORDS])
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return file


def test_what_was_asked_for_is_set_and_the_secret_is_private(written: Path) -> None:
    settings = load(written)
    assert settings.desk.name == 'Nord "Drift"'
    box = settings.mailboxes["support"]
    assert box.address == "support@desk.example"
    assert box.imap is not None
    assert (box.imap.host, box.smtp.host) == ("imap.example", "smtp.example")
    assert len(settings.secret) >= 32
    assert written.with_name("svartid.secret").stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_not_written_over(written: Path) -> None:
    before = written.read_text("utf-8")
    assert CliRunner().invoke(cli, ["init", str(written), *WORDS]).exit_code != 0
    assert written.read_text("utf-8") == before


def parts(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return each plain part of the settings by its name."""
    return {
        name: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def test_every_setting_that_is_no_secret_is_named(written: Path) -> None:
    text = written.read_text("utf-8")
    for name, part in parts(Settings).items():
        table = text.split(f"\n[{name}]\n", 1)[1].split("\n[", 1)[0]
        for key, field in part.model_fields.items():
            secret = SecretStr in getattr(field.annotation, "__args__", ())
            assert secret or re.search(rf"^(# )?(\[.*\.)?{key}( =|[.\]])", table, re.MULTILINE), (
                f"{name}.{key} is not in the file"
            )


def test_the_defaults_that_it_tells_are_the_true_ones(written: Path) -> None:
    told = load(written)
    # The tables that are a comment as a whole say nothing until somebody fills them in.
    text = re.sub(
        r"^# \[.*?(?=^\[|\Z)", "", written.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    said = _DEFAULT.sub(r"\1", text)
    assert said != text
    tomllib.loads(said)
    written.write_text(said, encoding="utf-8")
    assert load(written) == told
