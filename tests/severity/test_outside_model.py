"""A language model outside is asked about mails, and no mail waits for it or breaks on it."""

import json
import socket
import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlmodel import select
from typer.testing import CliRunner

from app.checks import checks
from app.cli.commands import cli
from app.cli.init import document
from app.config import Settings, load
from app.desk.second_opinion import SecondOpinion
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.kit.errors import BadConfig
from app.models import Ticket
from app.sla.severity import Report, judge
from app.sla.terms import Severity
from tests.harness.language_models import KEY, ModelServer, model_server, says
from tests.harness.world import World, make_mail, make_settings

SLOW = "Kassen er treg for noen av kundene, men de fleste får handlet.\n"
ADMIN = "Ordrelista i admin sorterer feil.\n"


@pytest.fixture
def server() -> Generator[ModelServer]:
    with model_server() as one:
        yield one


def settings(server: ModelServer, **changes: Any) -> Settings:
    outside = {"url": server.url, "model": "small-1", "api_key": KEY, "timeout_s": 5, **changes}
    return make_settings(severity={"outside": outside})


def ticket(world: World) -> Ticket:
    with world.db.reading() as session:
        return session.exec(select(Ticket)).one()


def outcomes(name: str) -> float:
    labels = {"outcome": name}
    return REGISTRY.get_sample_value("svartid_severity_opinions_total", labels) or 0.0


def opened(world: World, text: str, **about: Any) -> Ticket:
    world.mail(text, **about)
    world.postman.taken.clear()  # The receipt is another story's.
    return ticket(world)


def test_an_opinion_raises_a_mail_and_the_agent_is_told(db: Database, server: ModelServer) -> None:
    server.answer = lambda _: says("critical", 0.9, "sorterer feil")
    before = outcomes("worse")
    world = World(db, settings(server))
    one = opened(world, ADMIN, subject="Ordrelista")
    assert one.severity is Severity.CRITICAL
    assert one.severity_reasons[0] == "a language model said critical: “sorterer feil”"
    assert outcomes("worse") == before + 1
    [body] = server.bodies
    assert body["response_format"]["type"] == "json_schema"


def test_nothing_that_is_a_persons_is_told(db: Database, server: ModelServer) -> None:
    world = World(db, settings(server))
    opened(
        world,
        "Hei Ola,\n\nBildet av logoen er skjevt. Ring +47 900 00 001, eller skriv til "
        "per@fjellbod.example. Se https://fjellbod.example/kasse?kunde=17\n\nHilsen\nKari Fjeld\n",
        subject="Kari spør: feil for kari@fjellbod.example",
    )
    [told] = server.texts
    assert "Bildet av logoen er skjevt." in told
    for secret in ("Ola", "Kari", "Fjeld\n", "900", "per@", "kari@", "kunde=17"):
        assert secret not in told


@pytest.mark.parametrize(
    ("knows", "shape"),
    [(("json_object", None), "json_object"), ((None,), "words alone")],
)
def test_a_server_that_knows_no_schemas_is_asked_otherwise_and_that_is_remembered(
    db: Database, server: ModelServer, knows: tuple[str | None, ...], shape: str
) -> None:
    server.knows = knows
    thinks = "<think>{is it?} Hmm.</think>\n```json\n"
    server.answer = lambda _: thinks + says("critical", 1, "sorterer feil") + "\n```"
    world = World(db, settings(server))
    assert opened(world, ADMIN).severity is Severity.CRITICAL
    asked = len(server.bodies)
    world.mail(ADMIN + "Det samme i går.", message_id="<2@fjellbod.example>", subject="En til")
    assert len(server.bodies) == asked + 1
    assert world.processor._second is not None
    assert world.processor._second.shape == shape
    world.postman.taken.clear()


LIES: list[tuple[str, Any]] = [
    ("no key", {"answer": lambda _: 401}),
    ("overloaded", {"answer": lambda _: 503}),
    ("too many", {"answer": lambda _: 429}),
    ("no json", {"answer": lambda _: "critical!!"}),
    ("a word we do not know", {"answer": lambda _: says("catastrophic")}),
    ("a list", {"answer": lambda _: '["critical"]'}),
    ("braces without end", {"answer": lambda _: '{"a":' * 30_000}),
    ("no completion", {"raw": b'{"choices": []}'}),
    ("nothing", {"raw": b""}),
    ("endless", {"raw": b"\xff" * 3_000_000}),
    ("deep", {"raw": b"[" * 100_000}),
]


@pytest.mark.parametrize("lie", [lie for _, lie in LIES], ids=[name for name, _ in LIES])
def test_an_answer_that_is_none_changes_nothing(
    db: Database, server: ModelServer, lie: dict[str, Any]
) -> None:
    for name, value in lie.items():
        setattr(server, name, value)
    before = outcomes("failed")
    world = World(db, settings(server))
    one = opened(world, SLOW)
    assert outcomes("failed") == before + 1
    assert one.severity is judge(Report("email", "Feil i butikken", SLOW)).severity
    assert not any("language model" in reason for reason in one.severity_reasons)


def test_a_model_that_is_slow_holds_no_mail_beyond_the_budget(
    db: Database, server: ModelServer
) -> None:
    server.go_on.clear()
    before = outcomes("late")
    world = World(db, settings(server, budget_s=0.3))
    began = time.monotonic()
    one = opened(world, SLOW)
    assert time.monotonic() - began < 3
    assert outcomes("late") == before + 1
    assert not any("language model" in reason for reason in one.severity_reasons)


def test_a_name_server_that_hangs_holds_no_mail(
    db: Database, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def hangs(host: str, *rest: Any, **more: Any) -> Any:
        if host == "llm.internal":
            server.go_on.wait(5)
        return real("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    server.go_on.clear()
    world = World(db, settings(server, budget_s=0.3, url="http://llm.internal:1/v1"))
    began = time.monotonic()
    opened(world, SLOW)
    assert time.monotonic() - began < 3
    server.go_on.set()


def test_a_model_that_is_away_is_left_alone_for_a_minute_and_then_tried_once(
    db: Database, server: ModelServer
) -> None:
    server.answer = lambda _: 503
    world = World(db, settings(server))

    def write(number: int) -> None:
        world.mail(f"{SLOW}{number}", subject=f"Sak {number}", message_id=f"<{number}@f.example>")

    for number in range(3):
        write(number)
    assert len(server.bodies) == 3
    away = outcomes("away")
    write(3)
    assert (len(server.bodies), outcomes("away")) == (3, away + 1)
    world.clock.move(timedelta(seconds=61))
    write(4)
    assert len(server.bodies) == 4
    server.answer = lambda _: says("serious", 0.9, "treg for noen")
    write(5)
    assert len(server.bodies) == 4
    world.clock.move(timedelta(seconds=61))
    write(6)
    write(7)
    assert len(server.bodies) == 6
    world.postman.taken.clear()


def test_what_could_not_change_is_not_asked(db: Database, server: ModelServer) -> None:
    world = World(db, settings(server))
    mails = [
        ("[Pinger] DOWN shop.example", "Checked from 5 locations."),
        ("Nede", "Hele nettbutikken er nede for alle kunder, ingen får betalt."),
        ("Automatisk svar: Ferie", "Jeg er borte til mandag."),
    ]
    for number, (subject, text) in enumerate(mails):
        world.mail(text, subject=subject, message_id=f"<{number}@f.example>")
    assert server.bodies == []
    world.postman.taken.clear()


def test_a_batch_is_asked_for_at_the_same_time(db: Database, server: ModelServer) -> None:
    server.go_on.clear()

    def last_lets_all_go(_: str) -> str:
        if len(server.bodies) == 4:
            server.go_on.set()
        return says("serious", 0.9, "treg for noen")

    server.answer = last_lets_all_go
    world = World(db, settings(server, budget_s=20))
    for number in range(4):
        name = f"<{number}@fjellbod.example>"
        world.put(make_mail(f"{SLOW}{number}", subject=f"Sak {number}", message_id=name))
    agreed = outcomes("agreed") + outcomes("worse")
    assert world.processor.pass_once() == 4
    assert outcomes("agreed") + outcomes("worse") == agreed + 4
    world.postman.taken.clear()


def test_doctor_asks_it_and_says_what_is_wrong(server: ModelServer) -> None:
    def asked(**changes: Any) -> str:
        found = dict(checks(settings(server, **changes), MachineClock()))
        return found["severity.outside"]()

    server.answer = lambda _: says("critical", 1, "down")
    assert "json_schema" in asked()
    with pytest.raises(BadConfig, match="401"):
        asked(api_key="another")
    server.answer = lambda _: says("request", 1, "down")
    with pytest.raises(BadConfig, match="better model"):
        asked()
    with pytest.raises(BadConfig, match="in the clear"):
        asked(url="http://93.184.215.14/v1")
    with pytest.raises(BadConfig, match="private network"):
        asked(url="https://169.254.169.254/v1")


def test_eval_measures_with_it(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"channel": "email", "subject": f"Sak {n}", "body": f"{ADMIN}{n}", "severity": "critical"}
        for n in range(3)
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    config = f'[severity.outside]\nurl = "{server.url}"\nmodel = "small-1"\n'
    (tmp_path / "svartid.toml").write_text(config, "utf-8")
    monkeypatch.chdir(tmp_path)
    server.answer = lambda text: 503 if "2" in text else says("critical", 0.9, "sorterer feil")
    monkeypatch.setenv("SVARTID_SEVERITY__OUTSIDE__API_KEY", KEY)
    done = CliRunner().invoke(cli, ["severity", "eval", "in.jsonl", "--outside"])
    assert done.exit_code == 0, done.output
    assert "asked about 3 of 3; 1 without an answer" in done.stdout
    assert "1 times: the language model's server answers 503" in done.stdout
    assert "66.7% (2 of 3;" in done.stdout
    plain = CliRunner().invoke(cli, ["severity", "eval", "in.jsonl"])
    assert " 0.0% (0 of 3;" in plain.stdout


def test_the_key_stands_in_no_file_that_is_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n", "utf-8")
    file = tmp_path / "svartid.toml"
    with_file = '[severity.outside]\nurl = "http://127.0.0.1:1/v1"\nmodel = "small-1"\n'
    file.write_text(with_file + 'api_key_file = "key"\n', "utf-8")
    outside = load(file).severity.outside
    assert outside is not None
    assert outside.api_key_file == tmp_path / "key"
    file.write_text(with_file + 'api_key = "sk-1"\n', "utf-8")
    with pytest.raises(BadConfig, match="SVARTID_SEVERITY__OUTSIDE__API_KEY"):
        load(file)


def test_init_writes_it_as_a_comment() -> None:
    written = document({}, {})
    assert "# [severity.outside]" in written
    assert "\n# url =\n" in written
    assert "api_key =" not in written


def test_without_the_setting_there_is_nobody_to_ask() -> None:
    assert SecondOpinion.of(make_settings(), MachineClock()) is None
