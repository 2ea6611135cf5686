"""How fast deadlines are, and a long run against the slow oracle.

Run from the checkout's root::

    python -m tests.bench.hours                      a million deadlines, beside a naive counting
    python -m tests.bench.hours --oracle 1000000     a million random cases, minute by minute

Neither is a test of CI: the first says how long this machine takes, the second takes minutes.
Seconds are those of one core that were spent on it, so a busy machine changes them less.
"""

import argparse
import time
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.sla.clock import ClockEvent, fold
from app.sla.hours import Calendar
from app.sla.opening import public_holidays
from app.sla.policy import default_policy
from app.sla.terms import ClockEventKind, ClockKind, Severity
from tests.sla.test_working_time_equals_minute_by_minute_counting import check_case

MILLION = 1_000_000
OSLO = ZoneInfo("Europe/Oslo")
# A target, a limit, the longest limit, and a span of about three years of desk hours.
DURATIONS_S = (3 * 3_600, 8 * 3_600, 48 * 3_600, 6_000 * 3_600)


def naive_deadline(start: datetime, seconds: int, closed: set[date]) -> datetime:
    """Add working time the way it is written first: day by day from the start, desk hours only."""
    left = timedelta(seconds=seconds)
    at = start.astimezone(OSLO)
    while True:
        opening = at.replace(hour=9, minute=0, second=0, microsecond=0)
        closing = at.replace(hour=17, minute=0, second=0, microsecond=0)
        if at.weekday() < 5 and at.date() not in closed:
            begin = max(at, opening)
            if begin < closing:
                if left <= closing - begin:
                    return (begin + left).astimezone(UTC)
                left -= closing - begin
        at = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def starts(count: int) -> list[datetime]:
    """Return random receipts of ten years."""
    random = Random(1)
    first = datetime(2020, 1, 1, tzinfo=UTC)
    return [first + timedelta(seconds=random.randint(0, 10 * 365 * 86_400)) for _ in range(count)]


def measure_deadlines(count: int) -> None:
    """Print the time of ``count`` deadlines per duration, ours and the naive one's."""
    desk = default_policy().calendar()
    closed = {day for year in range(2019, 2036) for day in public_holidays("NO", None, year)}
    sample = starts(count)
    few = sample[: max(1, count // 200)]
    print(
        f"{'working time':>14} {'ours':>12} {'naive':>12}   ({count:,} and {len(few):,} deadlines)"
    )
    for seconds in DURATIONS_S:
        # The table is built before: a desk has one calendar, and years of mail.
        desk.add(sample[0], seconds)
        begin = time.process_time()
        for start in sample:
            desk.add(start, seconds)
        ours = (time.process_time() - begin) / count
        begin = time.process_time()
        for start in few:
            naive_deadline(start, seconds, closed)
        naive = (time.process_time() - begin) / len(few)
        same = all(desk.add(at, seconds) == naive_deadline(at, seconds, closed) for at in few)
        print(
            f"{seconds // 3_600:>12} h {ours * 1e6:>9.2f} µs {naive * 1e6:>9.1f} µs"
            f"   {ours * MILLION:.1f} s a million; {'equal' if same else 'DIFFERENT'}"
        )


def measure_cold() -> None:
    """Print how long the first question to a new calendar takes, near and far."""
    for years in (0, 10, 100, 500):
        rules = {"tz": "Europe/Oslo", "hours": {"mon": [["09:00", f"17:{years % 60:02}"]]}}
        calendar = Calendar.from_dict({**rules, "yearly_holidays": [f"01-{1 + years % 7:02}"]})
        begin = time.process_time()
        calendar.add(datetime(2026, 5, 15, tzinfo=UTC), 3_600 + years * 50 * 8 * 3_600)
        print(f"first deadline, about {years} years ahead: {time.process_time() - begin:.4f} s")


def measure_crowded() -> None:
    """Print what thousands of exceptions cost: when the table is made, and for each deadline."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    for many in (0, 1_000, 10_000):
        days = [(start + timedelta(days=n)).date().isoformat() for n in range(many)]
        hours = {day: [["08:00", "16:00"]] for day in days}
        calendar = Calendar.from_dict({"tz": "Europe/Oslo", "hours": week, "exceptions": hours})
        sample = starts(100_000)
        begin = time.process_time()
        calendar.add(max(sample), DURATIONS_S[-1])
        calendar.add(min(sample), 1)
        made = time.process_time() - begin
        begin = time.process_time()
        for at in sample:
            calendar.add(at, DURATIONS_S[-1])
        each = (time.process_time() - begin) / len(sample)
        print(f"{many:>6,} exceptions: table {made:.3f} s, then {each * 1e6:.2f} µs a deadline")


def measure_fold(count: int) -> None:
    """Print the time that two fresh clocks take, as for each new mail."""
    policies = {"standard": default_policy()}
    events = [
        [ClockEvent(at, 1, ClockEventKind.STARTED, severity=Severity.SERIOUS, policy="standard")]
        for at in starts(count)
    ]
    begin = time.process_time()
    for event in events:
        fold(ClockKind.FIRST_RESPONSE, event, policies)
        fold(ClockKind.WORK_STARTED, event, policies)
    print(f"two fresh clocks: {(time.process_time() - begin) / count * 1e6:.1f} µs")


def run_oracle(count: int) -> None:
    """Compare ``count`` random cases; the first difference raises with its seed."""
    questions = 50
    begin = time.process_time()
    agreed = asked = seed = 0
    while asked < count:
        agreed += check_case(1_000_000 + seed, questions=questions)
        asked += questions
        seed += 1
    took = time.process_time() - begin
    print(
        f"{asked:,} cases on {seed:,} calendars in {took:.0f} s: every count agrees, and so do "
        f"the {agreed:,} deadlines within the oracle's view"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=MILLION, help="deadlines per duration")
    parser.add_argument("--oracle", type=int, default=0, help="random cases against the oracle")
    given = parser.parse_args()
    if given.oracle:
        run_oracle(given.oracle)
        return
    measure_deadlines(given.count)
    measure_cold()
    measure_crowded()
    measure_fold(min(given.count, 100_000))


if __name__ == "__main__":
    main()
