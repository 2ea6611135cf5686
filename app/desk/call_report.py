"""What somebody tells of a call, and how several reports of one call become one row.

Telephone systems post the same call again and again, completed by and by and in any order: each
report adds what it knows, and takes nothing back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.kit.phone_numbers import parse_number
from app.kit.text import storable
from app.models import Call, CallOutcome, Direction
from app.models.base import Id
from app.sla.terms import Severity

# Enough for an hour of speech; what is longer is cut.
LONGEST_TEXT = 100_000
# Where the parts of a transcript are kept with a call.
_PARTS = "transcript_parts"


@dataclass(frozen=True, slots=True)
class CallReport:
    """One report of a call; None and empty for what it does not tell."""

    source: str
    external_id: str
    direction: Direction = Direction.INBOUND
    # As they were written.
    from_number: str = ""
    to_number: str = ""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: CallOutcome | None = None
    # Who of ours took it or made it, as the telephone system has it, and who that is here.
    agent: str = ""
    agent_id: Id | None = None
    note: str = ""
    transcript: str = ""
    # One part of a transcript that comes in parts: its place among them, and its text.
    transcript_part: tuple[int, str] | None = None
    severity: Severity | None = None
    # One of ours chose the severity, and not the caller.
    by_agent: bool = False
    recording_url: str = ""
    # The recording is ours to fetch.
    fetch: bool = False
    # Which ticket it is about, where whoever reports it knows.
    ticket_number: int | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    problems: Sequence[str] = ()


def new_call(report: CallReport, *, region: str, now: datetime) -> Call:
    """Return the row of a call that nothing was known of."""
    call = Call(
        source=report.source,
        external_id=report.external_id,
        direction=report.direction,
        from_number=_kept(report.from_number, region),
        to_number=_kept(report.to_number, region),
        started_at=_start(report, now),
        extra={},
        problems=[],
        created_at=now,
        updated_at=now,
    )
    complete(call, report, region=region, now=now)
    return call


def complete(call: Call, report: CallReport, *, region: str, now: datetime) -> None:
    """Add what a report knows to the call.

    1. The earliest start and answer and the latest end count.
    2. Of two outcomes the one that tells more counts; an ended call without one was answered if
       somebody answered it, and else missed.
    3. The worst severity that was chosen counts.
    4. A number, name or text that was not known is filled in; another text is added below.
    """
    call.updated_at = now
    call.from_number = call.from_number or _kept(report.from_number, region)
    call.to_number = call.to_number or _kept(report.to_number, region)
    if report.started_at or report.answered_at:
        call.started_at = min(call.started_at, _start(report, now))
    call.answered_at = min(_known(call.answered_at, report.answered_at, now), default=None)
    call.ended_at = max(_known(call.ended_at, report.ended_at, now), default=None)
    _settle_outcome(call, report)
    chosen = [one for one in (call.severity, report.severity) if one is not None]
    call.severity = min(chosen, key=lambda one: one.rank) if chosen else None
    if report.agent and (not call.agent or report.outcome is CallOutcome.ANSWERED):
        call.agent = storable(report.agent)
    call.agent_id = call.agent_id or report.agent_id
    call.note = _together(call.note, report.note)
    call.transcript = _together(call.transcript, report.transcript)
    if report.recording_url and report.recording_url != call.recording_url:
        call.recording_url = storable(report.recording_url)
        call.fetch_at = now if report.fetch else call.fetch_at
    call.extra = {**call.extra, **report.extra}
    if report.transcript_part is not None:
        _put_part(call, *report.transcript_part)
    call.problems = list(dict.fromkeys([*call.problems, *report.problems]))


def _put_part(call: Call, place: int, text: str) -> None:
    """Put a part of the transcript in its place; parts come in any order, and again."""
    kept = call.extra.get(_PARTS)
    parts = {**(kept if isinstance(kept, dict) else {}), f"{place:09}": storable(text.strip())}
    call.extra = {**call.extra, _PARTS: parts}
    before = " ".join(str(kept[one]) for one in sorted(kept)) if isinstance(kept, dict) else ""
    together = " ".join(str(parts[one]) for one in sorted(parts))[:LONGEST_TEXT]
    if before and before in call.transcript:
        call.transcript = call.transcript.replace(before, together)
    else:
        call.transcript = _together(call.transcript, together)


def _settle_outcome(call: Call, report: CallReport) -> None:
    told = [one for one in (call.outcome, report.outcome) if one is not None]
    if told:
        call.outcome = min(told, key=lambda one: one.rank)
        # What was only missed by what was known may have been answered by what was not.
        if call.outcome is CallOutcome.MISSED and report.outcome is None and report.answered_at:
            call.outcome = CallOutcome.ANSWERED
    elif call.ended_at is not None:
        call.outcome = CallOutcome.ANSWERED if call.answered_at else CallOutcome.MISSED
    if call.outcome is CallOutcome.ANSWERED and call.answered_at is None:
        call.answered_at = call.started_at


def _kept(written: str, region: str) -> str:
    """Return a number in E.164; what is none stays as it came."""
    return parse_number(written, region) or storable(written.strip()[:200])


def _start(report: CallReport, now: datetime) -> datetime:
    """Return when the call began; a telephone system whose clock is ahead counts from now."""
    times = [one for one in (report.started_at, report.answered_at, report.ended_at) if one]
    return min([*times, now])


def _known(one: datetime | None, told: datetime | None, now: datetime) -> list[datetime]:
    """Return those of two times that are known; what is told of the future is now."""
    return [at for at in (one, told and min(told, now)) if at is not None]


def _together(known: str, told: str) -> str:
    told = storable(told.strip())
    if not told or told in known:
        return known
    # A text that begins with all that was known is the same text, further on.
    if told.startswith(known):
        return told[:LONGEST_TEXT]
    return f"{known}\n\n{told}"[:LONGEST_TEXT]
