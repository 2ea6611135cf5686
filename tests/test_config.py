from pathlib import Path

import pytest

from app.config import load
from app.kit.errors import BadConfig

GOOD = """
[desk]
name = "Nordbutikk"
[mailboxes.support]
address = "support@example.no"
[mailboxes.support.imap]
host = "imap.example.no"
username = "support"
[mailboxes.support.smtp]
host = "smtp.example.no"
"""


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "svartid.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_good_file_is_read(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD))
    assert settings.desk.name == "Nordbutikk"
    assert settings.mailboxes["support"].imap is not None
    assert settings.mailboxes["support"].imap.folders == ("INBOX",)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVARTID_DESK__NAME", "Fra miljøet")
    monkeypatch.setenv("SVARTID_MAILBOXES__SUPPORT__IMAP__PASSWORD", "hemmelig")
    settings = load(write(tmp_path, GOOD))
    assert settings.desk.name == "Fra miljøet"
    assert settings.mailboxes["support"].imap is not None
    password = settings.mailboxes["support"].imap.password
    assert password is not None
    assert password.get_secret_value() == "hemmelig"


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ("[desk]\nnmae = 'x'", "desk.nmae", "no such setting"),
        ("[api]\nport = 'many'", "api.port", "valid integer"),
        ("[api]\nport = 99999", "api.port", "less than or equal to 65535"),
        ("[desk]\ntime_zone = 'Europe/Olso'", "desk.time_zone", "not a time zone"),
        ("[database]\nurl = 'mysql://x'", "database.url", "not supported"),
        ("[nonsense]\nx = 1", "nonsense", "no such setting"),
        ("[intake]\nmax_bytes = 5", "intake.max_bytes", "100000"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_full_name(
    tmp_path: Path, more: str, key: str, says: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        load(write(tmp_path, more))
    assert key in str(caught.value)
    assert says in str(caught.value)


def test_a_secret_in_the_file_is_refused_and_the_remedy_named(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD + "[mailboxes.other.imap]\npassword = 'x'\n")
    with pytest.raises(BadConfig) as caught:
        load(file)
    assert "mailboxes.other.imap.password" in str(caught.value)
    assert "SVARTID_MAILBOXES__OTHER__IMAP__PASSWORD" in str(caught.value)


def test_an_empty_username_is_none(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD + 'username = ""\n')
    assert load(file).mailboxes["support"].smtp.username is None


def test_moving_mail_needs_a_folder_to_move_to(tmp_path: Path) -> None:
    text = GOOD.replace('username = "support"', 'username = "support"\nafter_commit = "move"')
    with pytest.raises(BadConfig, match="move_to"):
        load(write(tmp_path, text))


def test_files_are_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "desk.secret").write_text("s" * 40 + "\n")
    settings = load(write(tmp_path, "[desk]\nsecret_file = 'desk.secret'\n"))
    assert settings.secret == "s" * 40


def test_a_weak_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "desk.secret").write_text("short")
    settings = load(write(tmp_path, "[desk]\nsecret_file = 'desk.secret'\n"))
    with pytest.raises(BadConfig, match="32 characters"):
        _ = settings.secret


def test_a_file_that_is_not_toml_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="line 1"):
        load(write(tmp_path, "this is not toml"))


def test_a_missing_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="svartid init"):
        load(tmp_path / "nowhere.toml")


def test_a_webhook_is_somewhere(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"webhooks\.room.*url"):
        load(write(tmp_path, GOOD + '[webhooks.room]\nkind = "chat"\n'))


def test_networks_of_ours_are_written_as_networks(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"network\.private_targets"):
        load(write(tmp_path, GOOD + '[network]\nprivate_targets = ["everything"]\n'))
