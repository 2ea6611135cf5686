import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import cli
from app.kit.db import Database
from app.kit.errors import BadInput, Conflict
from app.models import InboundMail, LedgerState
from tests.harness.world import World, make_mail


@pytest.fixture
def here(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    file = tmp_path / "svartid.db"
    shutil.copyfile(sqlite_template, file)
    monkeypatch.setenv("SVARTID_DATABASE__URL", f"sqlite:///{file}")
    monkeypatch.chdir(tmp_path)
    return World(Database(f"sqlite:///{file}"))


def run(*words: str) -> str:
    result = CliRunner().invoke(cli, ["mail", *words])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_ledger_is_listed_a_line_a_message(here: World) -> None:
    here.mail()
    here.process(here.put(make_mail()))
    newest, oldest = run("ledger").splitlines()
    assert newest.endswith("duplicate (same_message)")
    assert oldest.endswith("opened (new)")
    assert run("ledger", "--state", "opened").splitlines() == [oldest]
    assert run("ledger", "--mailbox", "sales") == ""


def test_what_is_quarantined_is_put_back(here: World) -> None:
    row = here.mail()
    with here.db.writing() as session:
        kept = session.get(InboundMail, row.id)
        assert kept is not None
        kept.state = LedgerState.QUARANTINED
    assert run("retry", "--quarantined") == "1 to be processed again.\n"
    assert here.row(row.uid).state is LedgerState.RECEIVED


def test_a_message_that_ended_well_is_left_alone(here: World) -> None:
    row = here.mail()
    with pytest.raises(Conflict, match="opened"):
        run("retry", str(row.id))
    with pytest.raises(BadInput, match="--quarantined"):
        run("retry")
    assert here.row(row.uid).state is LedgerState.OPENED
