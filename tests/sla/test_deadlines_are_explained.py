"""What a person is told about a deadline is what it was counted from."""

from datetime import datetime

import pytest

from app.kit.errors import BadInput
from app.sla.clock import ClockEvent, ClockState, fold
from app.sla.explain import explain
from app.sla.explain_words import LANGUAGES, explain_in_words, length_in_words
from app.sla.policy import Policy, default_policy
from app.sla.terms import ClockEventKind as Kind
from app.sla.terms import ClockKind, ClockStatus, Exclusion, Severity


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


STARTED = ClockEvent(
    at("2026-05-13T15:30:00+02:00"), 1, Kind.STARTED, severity=Severity.MINOR, policy="standard"
)
COURSE = (
    STARTED,
    ClockEvent(at("2026-05-15T10:30:00+02:00"), 2, Kind.PAUSED, actor="Kari", reason="logg?"),
    ClockEvent(at("2026-05-18T09:30:00+02:00"), 3, Kind.RESUMED),
    ClockEvent(
        at("2026-05-18T11:30:00+02:00"), 4, Kind.RETARGETED, severity=Severity.SERIOUS, actor="O."
    ),
)
NOW = at("2026-05-18T12:00:05+02:00")


def folded(*more: ClockEvent, kind: ClockKind = ClockKind.FIRST_RESPONSE) -> ClockState:
    return fold(kind, (*COURSE, *more), {"standard": default_policy()})


def test_the_whole_course_is_told_in_norwegian() -> None:
    told = explain(folded(), NOW)
    assert explain_in_words(told, language="nb") == (
        "Første svar: meldingen kom onsdag 13. mai 2026 kl. 15:30.",
        "Endret til alvorlig mandag 18. mai 2026 kl. 11:30 av O.; fortsatt regnet fra mottak.",
        "Løftet for alvorlig (standard): mål 6 t, frist 8 t, arbeidstid (Europe/Oslo).",
        "Talt: onsdag 13. mai 2026 kl. 15:30 til onsdag 13. mai 2026 kl. 17:00: 1 t 30 min.",
        "Helligdag torsdag 14. mai 2026 (Kristi himmelfartsdag).",
        "Talt: fredag 15. mai 2026 kl. 09:00 til fredag 15. mai 2026 kl. 10:30: 1 t 30 min.",
        "Pause: fredag 15. mai 2026 kl. 10:30 til mandag 18. mai 2026 kl. 09:30 av Kari: logg?.",
        "Helligdag søndag 17. mai 2026 (Grunnlovsdag).",
        "Talt: mandag 18. mai 2026 kl. 09:30 til mandag 18. mai 2026 kl. 12:00:05: 2 t 30 min 5 s.",
        "Til sammen talt: 5 t 30 min 5 s.",
        "Målet er mandag 18. mai 2026 kl. 12:30.",
        "Fristen er mandag 18. mai 2026 kl. 14:30.",
    )


def test_the_machines_explanation_has_the_same_figures() -> None:
    told = explain(folded(), NOW, language="en").to_dict()
    assert told["elapsed_s"] == 5 * 3600 + 30 * 60 + 5
    assert told["target_at"] == "2026-05-18T10:30:00+00:00"
    assert told["limit_at"] == "2026-05-18T12:30:00+00:00"
    skipped = told["skipped_days"]
    assert isinstance(skipped, list)
    assert [day["name"] for day in skipped] == ["Ascension Day", "Constitution Day"]
    counted = told["counted"]
    assert isinstance(counted, list)
    assert sum(part["seconds"] for part in counted) == told["elapsed_s"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ClockEvent(at("2026-05-18T14:30:00+02:00"), 9, Kind.MET), ("innen", "within")),
        (ClockEvent(at("2026-05-18T14:30:01+02:00"), 9, Kind.MET), ("brutt", "broken")),
        (ClockEvent(at("2026-05-18T13:00:00+02:00"), 9, Kind.PAUSED), ("står", "stands still")),
        (ClockEvent(at("2026-05-18T13:00:00+02:00"), 9, Kind.CANCELLED), ("avslutt", "cancelled")),
        (ClockEvent(at("2026-05-18T11:59:00+02:00"), 9, Kind.EXCLUDED), ("Unntak", "Excluded")),
    ],
)
def test_each_ending_is_told_in_each_language(
    language: str, event: ClockEvent, words: tuple[str, str]
) -> None:
    told = explain(folded(event), at("2026-05-18T15:00:00+02:00"), language=language)
    assert words[LANGUAGES.index(language)] in " ".join(explain_in_words(told, language=language))


@pytest.mark.parametrize("because", Exclusion)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_exclusion_is_named(language: str, because: Exclusion) -> None:
    event = ClockEvent(at("2026-05-18T11:59:00+02:00"), 9, Kind.EXCLUDED, because=because)
    told = explain(folded(event), NOW, language=language)
    (sentence,) = [
        words
        for words in explain_in_words(told, language=language)
        if words.startswith(("Unntak (", "Excluded ("))
    ]
    assert because.value not in sentence.replace("force majeure", "")
    assert [halt.because for halt in told.stood] == [None, because]


def test_a_move_to_another_policy_says_to_which_by_its_name() -> None:
    moved = ClockEvent(at("2026-05-18T11:40:00+02:00"), 9, Kind.RETARGETED, policy="other")
    state = fold(
        ClockKind.FIRST_RESPONSE,
        (*COURSE, moved),
        {"standard": default_policy(), "other": default_policy()},
    )
    told = explain_in_words(explain(state, NOW), language="en", names={"other": "gold v2"})
    assert any(words.startswith("Changed to gold v2 Monday 18 May") for words in told)
    assert any(words.startswith("Promised for serious (gold v2): target 6 h") for words in told)


def test_a_clock_that_owes_nothing_or_has_not_begun_says_so() -> None:
    pending = fold(ClockKind.RESOLVE, (), {})
    assert pending.state is ClockStatus.PENDING
    told = explain_in_words(explain(pending, NOW), language="en")
    assert told == ("Resolution: the clock has not started.",)
    nothing = explain(folded(kind=ClockKind.RESOLVE), NOW)
    assert "Nothing is promised for this severity." in explain_in_words(nothing, language="en")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BadInput, match="there are no words in 'tlh'"):
        explain_in_words(explain(folded(), NOW), language="tlh")


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    started = ClockEvent(
        at("2026-10-25T02:30:00+02:00"), 1, Kind.STARTED, severity=Severity.CRITICAL, policy="p"
    )
    state = fold(ClockKind.FIRST_RESPONSE, [started], {"p": default_policy()})
    told = explain_in_words(explain(state, started.at), language="en")
    assert told[0].endswith("at 02:30 (UTC+0200).")


def test_calendar_days_are_told_in_days_and_end_at_a_midnight() -> None:
    document = default_policy().to_dict()
    targets = document["targets"]
    assert isinstance(targets, dict)
    targets["minor"]["resolve"] = {"target": "1d", "limit": "3d", "counting": "calendar_days"}
    policies = {"standard": Policy.from_dict(document)}
    events = COURSE[:1]
    state = fold(ClockKind.RESOLVE, events, policies)
    # Received on Wednesday 13 May: a day is over when Thursday is.
    assert state.target_at == at("2026-05-15T00:00:00+02:00")
    assert state.limit_at == at("2026-05-17T00:00:00+02:00")
    assert "target 1 day, limit 3 days" in explain_in_words(explain(state, NOW), language="en")[1]
    # The pause from 15 to 18 May holds three midnights, which are not counted.
    paused = fold(ClockKind.RESOLVE, COURSE[:3], policies)
    assert paused.limit_at == at("2026-05-20T00:00:00+02:00")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 min"), (59, "59 s"), (3_600, "1 h"), (90_061, "25 h 1 min 1 s")]
)
def test_lengths_are_told_in_hours_minutes_and_seconds(seconds: int, words: str) -> None:
    assert length_in_words(seconds, language="en") == words
