"""A sieved pattern fits what it fits without the sieve; packed weights are the weights."""

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sla.severity.model import base_examples, shipped
from app.sla.severity.sieve import runs, sieved
from app.sla.severity.signals import Heard, compiled, read_data
from app.sla.severity.weights import Weights

TEXTS = [f"{one.subject or ''}\n{one.body}".lower() for one in base_examples()]


@pytest.mark.parametrize("name", ["signals.toml", "exclusions.toml"])
def test_a_sieve_leaves_each_shipped_signal_as_it_is(name: str) -> None:
    raw = files("app.sla.severity").joinpath("data", name).read_text("utf-8")
    plain = {key: compiled(entry["patterns"]) for key, entry in tomllib.loads(raw).items()}
    signals = read_data(name)
    assert signals.keys() == plain.keys()
    for text in TEXTS:
        heard = Heard(text)
        for key, pattern in plain.items():
            assert heard.tells(signals[key]) is bool(pattern.search(text)), (key, text)


def test_most_patterns_are_tried_on_few_texts() -> None:
    needs = [one.needs for signal in read_data("exclusions.toml").values() for one in signal]
    assert sum(map(bool, needs)) > len(needs) * 0.9


@pytest.mark.parametrize(
    "pattern",
    [
        *("plukk(robot|maskin)", "(nede|går ikke) (nå|i dag)?", r"\bned(e|i)\b", "(ned|opp){2}"),
        *("[kp]lukk", "(a|)bcde", "(?!plukk)robot", "(?:nede)*robot", "ro?bot+", "nede|", "(x|yz)"),
        *("robot.{0,5}nede", "(nede|r.bot)", "(?:robot)?nede"),
    ],
)
@given(parts=st.lists(st.sampled_from(["plukk", "robot", "nede", " ", "bcde", "x", "nå", "ned"])))
def test_a_sieve_never_hides_a_text_that_fits(pattern: str, parts: list[str]) -> None:
    text = "".join(parts)
    fits = any(one.fits(text, runs(text)) for one in sieved([pattern, "yz"]))
    assert fits is bool(re.search(f"{pattern}|yz", text))


@given(st.dictionaries(st.text(max_size=3), st.tuples(*[st.integers(-500_000, 500_000)] * 4)))
def test_packed_weights_are_the_weights_and_their_sums(rows: dict[str, tuple[int, ...]]) -> None:
    weights = Weights((name, [one / 1000 for one in row]) for name, row in rows.items())
    assert {name: tuple(round(one * 1000) for one in row) for name, row in weights.items()} == rows
    assert dict(Weights(weights.to_dict().items())) == dict(weights)
    sums = tuple(7 * sum(row[at] for row in rows.values()) for at in range(4))
    assert weights.total({"a": [*rows, "not among them"]}, {"a": 7}) == sums
    for at in range(4):
        for leaning, name in weights.leanings(rows, at):
            assert leaning == 4 * rows[name][at] - sum(rows[name])


@pytest.mark.parametrize(
    "row",
    [
        (1.0, 2.0),
        (1.0, 2.0, 3.0, float("nan")),
        (1.0, 2.0, 3.0, float("inf")),
        (1e9, 0.0, 0.0, 0.0),
        "",
        "1 2 3",
        "1 2 3 x",
        "1 2 3 10000000000",
    ],
)
def test_what_are_no_weights_is_refused(row: tuple[float, ...] | str) -> None:
    with pytest.raises(ValueError, match="not the weights"):
        Weights([("one", row)])


def test_the_shipped_model_is_read_whole() -> None:
    assert len(shipped().weights) > 1000
    assert "always" in shipped().weights
