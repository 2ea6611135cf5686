"""The calendar feed."""

import re
from datetime import UTC, datetime, timedelta

from app.sla.oncall import calendar_feed, duty_events
from tests.oncall.rotas import make_layer, make_schedule, oslo

STAMP = datetime(2027, 1, 1, tzinfo=UTC)
SPAN = (oslo("2027-01-11T08:00"), oslo("2027-01-25T08:00"))


def feed(name: str = "desk", **changes):
    schedule = make_schedule(make_layer(), name=name)
    events = duty_events(schedule, *SPAN, domain="desk.example.no", **changes)
    return calendar_feed(events, name=name, stamp=STAMP)


def test_a_feed_of_everybody_names_each_and_has_utc_times() -> None:
    text = feed()
    assert re.findall(r"SUMMARY:(.*)\r\n", text) == ["Vakt: desk (ola)", "Vakt: desk (siri)"]
    assert "DTSTART:20270111T070000Z\r\nDTEND:20270118T070000Z\r\n" in text
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")


def test_a_persons_feed_has_only_that_persons_shifts() -> None:
    assert re.findall(r"SUMMARY:(.*)\r\n", feed(person="siri", language="en")) == ["On call: desk"]


def test_a_gap_is_shown_to_everybody_and_to_no_one_person() -> None:
    schedule = make_schedule(make_layer(ends="2027-01-12T00:00:00"))
    everybody = duty_events(schedule, *SPAN, domain="x.example")
    assert [event.title for event in everybody] == ["Vakt: desk (ola)", "INGEN PÅ VAKT: desk"]
    assert len(duty_events(schedule, *SPAN, domain="x.example", person="ola")) == 1


def test_the_same_shift_has_the_same_id_whenever_the_feed_is_read() -> None:
    schedule = make_schedule()
    first = duty_events(schedule, *SPAN, domain="x.example")
    later = duty_events(
        schedule, SPAN[0] + timedelta(days=2), SPAN[1] + timedelta(days=9), domain="x.example"
    )
    assert {event.uid for event in first} <= {event.uid for event in later}
    assert len({event.uid for event in later}) == len(later)


def test_no_line_is_longer_than_75_octets_and_unfolding_gives_the_text_back() -> None:
    name = "Døgnvakt, nettbutikkene; " * 3 + "æå\\"
    text = feed(name=name.strip())
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    whole = text.replace("\r\n ", "")
    escaped = name.strip().replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
    assert f"X-WR-CALNAME:{escaped}\r\n" in whole
