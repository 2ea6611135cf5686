"""A ladder's document: what is refused, where it says so, and what it is made into."""

from typing import Any

import pytest

from app.kit.errors import BadInput
from app.sla.ladder import Ladder, check_reachability, default_ladder
from tests.ladder.climbing import make_ladder, make_step

HEAD = 'name = "ours"\n\n[[steps]]\nname = "first"\n'


def test_what_was_written_down_reads_back_as_the_same_ladder() -> None:
    ladder = default_ladder()
    again = Ladder.from_dict(ladder.to_dict())
    assert again == ladder
    assert again.digest() == ladder.digest()


def test_a_default_written_out_is_the_same_ladder_and_a_change_is_another() -> None:
    short = make_ladder(make_step("a"))
    written_out = make_ladder(make_step("a", only="always", fallback=[], repeat_times=0))
    changed = make_ladder(make_step("a", only="desk_hours"))
    assert short.digest() == written_out.digest()
    assert short.digest() != changed.digest()


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ('when = { of = "target", share = 9.0 }\nwhom = ["assignee"]', "when.share", 5),
        ('when = { of = "start", share = 0.5 }\nwhom = ["assignee"]', "when", 5),
        ('when = { anchor = "start", offset_s = -5 }\nwhom = ["assignee"]', "when", 5),
        ('when = { anchor = "noon" }\nwhom = ["assignee"]', "when.anchor", 5),
        ('when = { anchor = "limit", offset = "soon" }\nwhom = ["assignee"]', "when", 5),
        ('when = { anchor = "limit" }\nwhom = []', "whom", 6),
        ('when = { anchor = "limit" }\nwhom = [\n  "boss",\n]', "whom[0]", 6),
        ('when = { anchor = "limit" }\nwhom = ["on_call"]', "whom[0]", 6),
        ('when = { anchor = "limit" }\nwhom = ["assignee:kari"]', "whom[0]", 6),
        ('when = { anchor = "limit" }\n\nwho = ["assignee"]\nwhom = ["assignee"]', "who", 7),
        ('when = { anchor = "limit" }\nwhom = ["assignee"]\nhow = ["fax"]', "how[0]", 7),
        (
            'when = { anchor = "limit" }\nwhom = ["assignee"]\nrepeat_every_s = 5\nrepeat_times=1',
            "repeat_every_s",
            7,
        ),
    ],
)
def test_a_wrong_word_is_refused_with_its_key_and_its_line(text: str, key: str, line: int) -> None:
    with pytest.raises(BadInput) as refused:
        Ladder.from_toml(HEAD + text)
    assert refused.value.field == f"steps[0].{key} (line {line})"


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ([make_step("a"), make_step("a")], "two steps are called 'a'"),
        ([make_step("a", when={"anchor": "previous"})], "is the first for"),
        (
            [
                make_step("a", severities=["critical"]),
                make_step("b", when={"anchor": "previous", "offset_s": 60}),
            ],
            "is the first for first_response of a serious ticket",
        ),
        ([make_step("a", repeat_times=3)], "together"),
        ([], "at least 1"),
    ],
)
def test_steps_that_cannot_be_climbed_are_refused(steps: list[dict[str, Any]], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        make_ladder(*steps)


def test_a_last_resort_of_the_assignee_alone_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        make_ladder(make_step("a"), catch_all={"whom": ["assignee"]})
    assert refused.value.field == "catch_all"


def test_a_text_that_is_no_toml_says_where() -> None:
    with pytest.raises(BadInput) as refused:
        Ladder.from_toml('name = "x"\nsteps = = 3\n')
    assert refused.value.field == "line 2"


def test_a_length_of_time_may_be_written_in_words() -> None:
    words = make_step(
        "a", when={"anchor": "limit", "offset": "-1h30m"}, repeat_every="5m", repeat_times=2
    )
    seconds = make_step(
        "a", when={"anchor": "limit", "offset_s": -5400}, repeat_every_s=300, repeat_times=2
    )
    assert make_ladder(words).digest() == make_ladder(seconds).digest()


def test_a_step_that_reaches_nobody_is_found_with_every_reason() -> None:
    ladder = make_ladder(
        make_step("alone", whom=["assignee"]),
        make_step("well", whom=["assignee"], fallback=["on_call:desk"]),
        make_step("empty", whom=["on_call:night"], fallback=["agent:kari"]),
    )
    dead = check_reachability(
        ladder, lambda receiver, how: "" if str(receiver) == "on_call:desk" else "nobody"
    )
    assert [step.name for step in dead] == ["alone", "empty", "Catch-all"]
    assert dead[1].reasons == ("on_call:night: nobody", "agent:kari: nobody")
