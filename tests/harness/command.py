"""The ``svartid`` command, run in a story's world."""

from click.testing import Result
from typer.testing import CliRunner

from app.cli.commands import cli
from tests.harness.world import World


def run(world: World, *words: str) -> Result:
    """Run a command on the world's database, as an operator would."""
    settings = {
        "SVARTID_DATABASE__URL": world.db.url.render_as_string(hide_password=False),
        "SVARTID_DESK__SECRET": world.house.secret,
        "SVARTID_DESK__NAME": world.settings.desk.name,
        "SVARTID_POLICY__CATCH_ALL": world.settings.policy.catch_all or "",
    }
    return CliRunner().invoke(cli, list(words), env=settings)


def said(world: World, *words: str) -> str:
    """Run a command that must succeed, and return what it prints."""
    result = run(world, *words)
    assert result.exit_code == 0, f"{result.output}{result.exception!r}"
    return result.output
