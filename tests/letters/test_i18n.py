"""Times are said as people say them, in the reader's zone and language."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.i18n import LANGUAGES, closest, deadline, duration, joined, moment, zone_in_words

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "mandag 23. november kl. 14.05"),
        ("nn", "måndag 23. november kl. 14.05"),
        ("en", "Monday 23 November at 14:05"),
    ],
)
def test_a_moment_is_said_in_local_time(language: str, said: str) -> None:
    at = datetime(2026, 11, 23, 13, 5, 59, tzinfo=UTC)
    assert moment(at, zone=OSLO, language=language, now=NOW) == said


def test_another_year_is_spelled_out() -> None:
    at = datetime(2027, 1, 1, 7, 0, tzinfo=UTC)
    assert moment(at, zone=OSLO, language="nb", now=NOW) == "fredag 1. januar 2027 kl. 08.00"


@pytest.mark.parametrize(
    ("at", "said"),
    [
        # Clocks go forward at 01:00 UTC on 28 March 2027, and back on 31 October.
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "søndag 28. mars kl. 01.59"),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "søndag 28. mars kl. 03.00"),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "søndag 31. oktober kl. 02.30"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "søndag 31. oktober kl. 02.30"),
        (datetime(2027, 10, 31, 2, 0, tzinfo=UTC), "søndag 31. oktober kl. 03.00"),
    ],
)
def test_summer_time_is_told_from_winter_time(at: datetime, said: str) -> None:
    assert moment(at, zone=OSLO, language="nb", now=at) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "innen utgangen av fredag 27. november"),
        ("nn", "innan utgangen av fredag 27. november"),
        ("en", "by the end of Friday 27 November"),
    ],
)
def test_midnight_is_the_end_of_the_day_before(language: str, said: str) -> None:
    midnight = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    for at in (midnight, midnight - timedelta(seconds=1)):
        assert deadline(at, zone=OSLO, language=language, now=NOW) == said


def test_midnight_at_new_year_belongs_to_the_old_year() -> None:
    at = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    assert deadline(at, zone=OSLO, language="nb", now=NOW) == (
        "innen utgangen av torsdag 31. desember"
    )


@pytest.mark.parametrize(
    ("span", "nb", "nn", "en"),
    [
        (timedelta(seconds=59), "under ett minutt", "under eitt minutt", "less than a minute"),
        (timedelta(minutes=1), "1 minutt", "1 minutt", "1 minute"),
        (timedelta(minutes=20, seconds=59), "20 minutter", "20 minutt", "20 minutes"),
        (timedelta(hours=1), "1 time", "1 time", "1 hour"),
        (timedelta(minutes=125), "2 timer og 5 minutter", "2 timar og 5 minutt", None),
        (timedelta(days=1, minutes=5), "1 døgn", "1 døgn", "1 day"),
        (timedelta(days=7), "7 døgn", "7 døgn", "7 days"),
        (timedelta(days=2, hours=3, minutes=9), "2 døgn og 3 timer", None, "2 days and 3 hours"),
        (-timedelta(minutes=5), "5 minutter", "5 minutt", "5 minutes"),
    ],
)
def test_a_stretch_of_time_is_said_in_its_two_largest_units(
    span: timedelta, nb: str, nn: str | None, en: str | None
) -> None:
    for language, said in (("nb", nb), ("nn", nn), ("en", en)):
        if said is not None:
            assert duration(span, language=language) == said


@given(st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=400)))
def test_a_stretch_of_time_is_never_said_too_long(span: timedelta) -> None:
    minutes = {"day": 1440, "hour": 60, "minute": 1}
    words = duration(span, language="en").replace(" and ", " ").split()
    said = sum(
        int(count) * minutes[unit.removesuffix("s")]
        for count, unit in zip(words[::2], words[1::2], strict=True)
    )
    assert timedelta(minutes=said) <= span
    # At most one unit is left out after the two, or the hours where there are none.
    assert span - timedelta(minutes=said) < timedelta(hours=1)


@pytest.mark.parametrize(
    ("called", "meant"),
    [
        ("nb", "nb"),
        ("no", "nb"),
        ("nb-NO", "nb"),
        ("NN_no", "nn"),
        ("en-GB", "en"),
        ("de", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_a_language_is_known_by_its_other_names(called: str | None, meant: str) -> None:
    assert closest(called, default="en") == meant


def test_a_list_is_joined_as_it_is_said() -> None:
    assert joined([], language="nb") == ""
    assert joined(["a"], language="nb") == "a"
    assert joined(["a", "b", "c"], language="nn") == "a, b og c"
    assert joined(["a", "b"], language="en") == "a and b"


def test_a_zone_is_named_as_it_counts_at_the_time() -> None:
    assert zone_in_words(OSLO, at=NOW) == "Europe/Oslo (CET)"
    assert zone_in_words(OSLO, at=NOW.replace(month=7)) == "Europe/Oslo (CEST)"
    assert zone_in_words(ZoneInfo("America/Sao_Paulo"), at=NOW) == "America/Sao_Paulo"


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_moment_can_be_said_in_every_language(at: datetime) -> None:
    for language in LANGUAGES:
        assert moment(at, zone=OSLO, language=language, now=NOW)
        assert deadline(at, zone=OSLO, language=language, now=NOW)
