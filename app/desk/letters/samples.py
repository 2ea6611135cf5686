"""One invented example of each letter, for `svartid mail preview` and for checking templates."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.desk.letters import (
    Acknowledgement,
    Breach,
    CanaryMissing,
    Change,
    Context,
    Delay,
    Excluded,
    Lowered,
    Mail,
    Notice,
    Page,
    Promise,
    Reply,
    StatusChange,
    Undelivered,
)
from app.sla.terms import ClockKind, Exclusion, Severity

# A Monday evening in November, when the desk is closed.
NOW: Final = datetime(2026, 11, 23, 19, 40, tzinfo=UTC)

_COMMON: Final[dict[str, Any]] = {
    "now": NOW,
    "time_zone": ZoneInfo("Europe/Oslo"),
    "brand": "Fjordvert",
    "signature": "Kundesenteret i Fjordvert",
}
_TICKET: Final = _COMMON | {"number": 198, "subject": "Nettbutikken er nede på mobil"}
_STAFF: Final = _TICKET | {"signature": None, "customer": "Kari Sko AS"}
_URL: Final = "https://desk.example.no/take/198"
_PROMISES: Final = (
    Promise(ClockKind.FIRST_RESPONSE, NOW + timedelta(minutes=30), NOW + timedelta(hours=1)),
    Promise(ClockKind.WORK_STARTED, NOW + timedelta(hours=1), NOW + timedelta(hours=2)),
    Promise(ClockKind.NEXT_UPDATE, None, NOW + timedelta(hours=3)),
)

SAMPLES: Final[Mapping[str, Context]] = {
    "acknowledgement": Acknowledgement(
        **_TICKET,
        severity=Severity.CRITICAL,
        promises=_PROMISES,
        received_at=NOW - timedelta(seconds=4),
        phone_line="+47 22 00 00 00",
        desk_open=False,
        opens_at=datetime(2026, 11, 24, 7, 0, tzinfo=UTC),
        looks_critical=True,
        customer_name="Kari",
    ),
    "reply": Reply(
        **_TICKET,
        text="Hei Kari,\n\nButikken svarer igjen. Feilen lå i et sertifikat som var utløpt.",
        agent_name="Ola",
    ),
    "status": StatusChange(
        **_TICKET,
        change=Change.SOLVED,
        note="Sertifikatet er fornyet, og vi varsles nå to uker før det neste utløper.",
        reopens_for=timedelta(days=7),
        customer_name="Kari",
    ),
    "delay": Delay(
        **_TICKET,
        kind=ClockKind.NEXT_UPDATE,
        promised_at=NOW - timedelta(minutes=10),
        new_at=NOW + timedelta(hours=1),
        customer_name="Kari",
    ),
    "exclusion": Excluded(
        **_TICKET,
        kind=Exclusion.THIRD_PARTY_APP,
        starts_at=NOW - timedelta(hours=2),
        ends_at=None,
        reason="Feilen ligger i frakttillegget, og leverandøren er varslet.",
        customer_name="Kari",
    ),
    "notice": Notice(
        **_COMMON,
        starts_at=datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
        lowered=(Lowered(Severity.SERIOUS, ClockKind.FIRST_RESPONSE, 8 * 3600, 12 * 3600),),
        customer="Kari Sko AS",
    ),
    "page": Page(
        **_STAFF,
        severity=Severity.CRITICAL,
        kind=ClockKind.FIRST_RESPONSE,
        due_at=NOW + timedelta(minutes=20),
        step=1,
        take_url=_URL,
        person_name="Ola",
        excerpt="Kundene får bare en hvit side når de skal betale.",
        phone="+47 99 00 00 00",
    ),
    "breach": Breach(
        **_STAFF,
        severity=Severity.CRITICAL,
        kind=ClockKind.FIRST_RESPONSE,
        promised_at=NOW - timedelta(minutes=5),
        take_url=_URL,
    ),
    "undelivered": Undelivered(
        **_TICKET,
        mail=Mail.ACKNOWLEDGEMENT,
        recipient="kari@kunde.example",
        error="550 5.1.1 no such user",
        ticket_url="https://desk.example.no/tickets/198",
    ),
    "canary": CanaryMissing(
        **_COMMON,
        mailbox="support@example.no",
        sent_at=NOW - timedelta(minutes=10),
        last_worked_at=NOW - timedelta(minutes=15),
        reason="the login was refused: the token has expired",
    ),
}
