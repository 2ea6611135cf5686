"""Each telephone system's own words come to the same call."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.desk.call_report import CallReport
from app.kit.errors import BadConfig, BadInput
from app.models import CallOutcome, Direction
from intake.phone.maps import get_map, maps_of, parse_map
from intake.phone.reading import read_report

NOW = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
STARTED = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANSWERED = datetime(2026, 11, 24, 9, 0, 10, tzinfo=UTC)
ENDED = datetime(2026, 11, 24, 9, 2, 10, tzinfo=UTC)
IN, OUT = Direction.INBOUND, Direction.OUTBOUND


def read(name: str, body: Mapping[str, object]) -> CallReport:
    zone = ZoneInfo("Europe/Oslo")
    return read_report(get_map(name, None), body, source=name, zone=zone, now=NOW)


ASTERISK = {
    "uniqueid": "1795510800.7",
    "linkedid": "1795510800.6",
    "src": "91234567",
    "dst": "600",
    "did": "22000000",
    "dcontext": "ext-queues",
    "channel": "PJSIP/trunk-0000001",
    "dstchannel": "PJSIP/201-0000002",
    "start": "2026-11-24 10:00:00",
    "answer": "2026-11-24 10:00:10",
    "end": "2026-11-24 10:02:10",
    "duration": "130",
    "billsec": "120",
    "disposition": "ANSWERED",
    "lastapp": "Queue",
}
THREE_CX = {
    "CallType": "Inbound",
    "Number": "91234567",
    "Agent": "201",
    "AgentEmail": "ola@desk.example",
    "Duration": "00:02:00",
    "CallStartTimeUTC": "2026-11-24 09:00:00",
    "CallEstablishedTimeUTC": "2026-11-24 09:00:10",
    "CallEndTimeUTC": "2026-11-24 09:02:10",
    "RecordingUrl": "[RecordingUrl]",
    "QueueExtension": "800",
}
AIRCALL = {
    "event": "call.ended",
    "resource": "call",
    "token": "secret",
    "data": {
        "id": 812,
        "direction": "inbound",
        "raw_digits": "+47 912 34 567",
        "number": {"digits": "+47 22 00 00 00", "name": "Support"},
        "started_at": 1795510800,
        "answered_at": 1795510810,
        "ended_at": 1795510930,
        "missed_call_reason": None,
        "user": {"email": "ola@desk.example", "name": "Ola"},
        "tags": [{"name": "vip"}],
    },
}
TELAVOX = {
    "list": "incoming",
    "callId": "t1",
    "numberE164": "+4791234567",
    "dateTimeISO": "2026-11-24T10:00:00.000+0100",
    "duration": 130,
    "extension": "201",
}


@pytest.mark.parametrize(
    ("name", "body", "external_id", "agent"),
    [
        ("asterisk", ASTERISK, "1795510800.6", "201"),
        ("3cx", THREE_CX, None, "ola@desk.example"),
        ("aircall", AIRCALL, "812", "ola@desk.example"),
    ],
)
def test_an_answered_call(
    name: str, body: Mapping[str, object], external_id: str | None, agent: str
) -> None:
    told = read(name, body)
    assert (told.direction, told.outcome) == (IN, CallOutcome.ANSWERED)
    assert (told.started_at, told.answered_at, told.ended_at) == (STARTED, ANSWERED, ENDED)
    assert told.from_number.replace(" ", "").removeprefix("+47") == "91234567"
    assert told.agent == agent
    assert external_id in {told.external_id, None}
    assert told.problems == ()


def test_telavox_tells_no_answer_but_its_list() -> None:
    told = read("telavox", TELAVOX)
    assert (told.direction, told.outcome, told.external_id) == (IN, CallOutcome.ANSWERED, "t1")
    assert (told.started_at, told.ended_at) == (STARTED, ENDED)
    assert read("telavox", {**TELAVOX, "list": "missed"}).outcome is CallOutcome.MISSED


def test_telavox_may_spell_its_time_in_either_way() -> None:
    # The plain field has no zone, and is another hour here on purpose.
    plain = {key: value for key, value in TELAVOX.items() if key != "dateTimeISO"}
    told = read(
        "telavox",
        {**plain, "datetimeISO": TELAVOX["dateTimeISO"], "datetime": "2026-11-24 12:00:00"},
    )
    assert (told.started_at, told.problems) == (STARTED, ())


@pytest.mark.parametrize(
    ("name", "body", "direction", "outcome"),
    [
        ("asterisk", {**ASTERISK, "disposition": "NO ANSWER"}, IN, CallOutcome.MISSED),
        ("asterisk", {**ASTERISK, "disposition": "BUSY"}, IN, CallOutcome.BUSY),
        ("asterisk", {**ASTERISK, "disposition": "CONGESTION"}, IN, CallOutcome.FAILED),
        ("asterisk", {**ASTERISK, "dstchannel": ""}, IN, CallOutcome.ABANDONED),
        ("asterisk", {**ASTERISK, "lastapp": "VoiceMail"}, IN, CallOutcome.VOICEMAIL),
        (
            "asterisk",
            {**ASTERISK, "did": "", "src": "201", "dst": "91234567", "dcontext": "from-internal"},
            OUT,
            CallOutcome.ANSWERED,
        ),
        (
            "asterisk",
            {**ASTERISK, "did": "", "src": "201", "dst": "202", "dcontext": "from-internal"},
            Direction.INTERNAL,
            CallOutcome.ANSWERED,
        ),
        ("3cx", {**THREE_CX, "CallType": "Missed"}, IN, CallOutcome.MISSED),
        ("3cx", {**THREE_CX, "CallType": "Notanswered"}, OUT, CallOutcome.MISSED),
        ("3cx", {**THREE_CX, "CallType": "Outbound"}, OUT, CallOutcome.ANSWERED),
        (
            "aircall",
            {"data": {**AIRCALL["data"], "answered_at": None, "voicemail": "https://a.example/v"}},  # type: ignore[dict-item]
            IN,
            CallOutcome.VOICEMAIL,
        ),
        (
            "aircall",
            {"data": {"id": 1, "direction": "inbound", "missed_call_reason": "abandoned_in_ivr"}},
            IN,
            CallOutcome.ABANDONED,
        ),
        (
            "aircall",
            {"data": {"id": 1, "missed_call_reason": "out_of_opening_hours"}},
            IN,
            CallOutcome.AFTER_HOURS,
        ),
        (
            "aircall",
            {"data": {"id": 1, "missed_call_reason": "agents_did_not_answer"}},
            IN,
            CallOutcome.MISSED,
        ),
    ],
)
def test_how_it_went(
    name: str, body: Mapping[str, object], direction: Direction, outcome: CallOutcome
) -> None:
    told = read(name, body)
    assert (told.direction, told.outcome) == (direction, outcome)


def test_only_the_leg_to_a_person_answers_a_call_of_vonages() -> None:
    leg = {
        "conversation_uuid": "CON-1",
        "uuid": "a",
        "from": "4791234567",
        "to": "4722000000",
        "timestamp": "2026-11-24T09:00:10.000Z",
        "status": "answered",
        "direction": "inbound",
    }
    assert read("vonage", leg).outcome is None
    told = read("vonage", {**leg, "uuid": "b", "direction": "outbound"})
    assert (told.external_id, told.outcome) == ("CON-1", CallOutcome.ANSWERED)
    assert told.answered_at == ANSWERED
    assert read("vonage", {**leg, "status": "completed"}).ended_at == ANSWERED


def test_what_no_map_names_is_kept_and_the_token_is_not() -> None:
    told = read("aircall", AIRCALL)
    assert told.extra["data.number.name"] == "Support"
    assert told.extra["data.tags.0.name"] == "vip"
    assert "secret" not in str(told)


def test_a_word_that_nobody_knows_is_kept_and_said() -> None:
    told = read("generic", {"external_id": "1", "outcome": "vanished", "started": "soon"})
    assert told.outcome is None
    assert told.extra == {"outcome": "vanished", "started": "soon"}
    assert len(told.problems) == 2


def test_a_system_without_ids_tells_its_calls_apart_by_what_does_not_change() -> None:
    first, again = read("3cx", THREE_CX), read("3cx", {**THREE_CX, "Duration": "00:03:00"})
    other = read("3cx", {**THREE_CX, "Number": "22334455"})
    assert first.external_id == again.external_id != other.external_id


def test_a_map_of_the_operators_own_comes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "3cx.toml").write_text('about = "Own"\n[fields]\nexternal_id = ["my_id"]\n')
    told = read_report(
        get_map("3cx", tmp_path), {"my_id": "x"}, source="3cx", zone=ZoneInfo("UTC"), now=NOW
    )
    assert told.external_id == "x"


@pytest.mark.parametrize(
    "toml",
    [
        'about = "x"\n[fields]\nnonsense = ["a"]\n',
        'about = "x"\n[fields]\nto = [{ path = "a", pattern = "(" }]\n',
        'about = "x"\n[fields]\nto = [{ path = "a", zone = "Europe/Olso" }]\n',
        "[fields]\n",
        "nonsense",
    ],
)
def test_a_map_that_is_none_is_refused(toml: str) -> None:
    with pytest.raises(BadConfig, match="mine"):
        parse_map(toml, "mine")


def test_a_map_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match="asterisk"):
        get_map("4cx", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({*ASTERISK, *THREE_CX, "data", "status", "direction", "outcome", "list"})


@given(
    name=st.sampled_from(sorted(maps_of(None))),
    body=st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), JSON, max_size=8),
)
def test_nothing_that_is_posted_raises(name: str, body: dict[str, object]) -> None:
    assert read(name, body).external_id
