"""Random calendars and questions about them, for the tests and for the long run beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.sla.oracle import DAYS, TWENTY_ZONES, transitions

# The oracle's view: some days before the start, and enough after it for most durations.
BEFORE_DAYS, AFTER_DAYS = 3, 11
# So many calendars in a row are about the same place and season: the oracle's walk is shared.
SHARE_A_VIEW = 40


@dataclass(frozen=True)
class Case:
    """One calendar, and questions about it: a start, a duration, and an end to count up to."""

    document: dict[str, object]
    begin: datetime
    questions: tuple[tuple[datetime, int, datetime], ...]

    @property
    def minutes(self) -> int:
        return (BEFORE_DAYS + AFTER_DAYS) * 1440

    @property
    def known_until(self) -> datetime:
        """Return up to where the oracle lays hours: it needs two days to see a shift's end."""
        return self.begin + timedelta(minutes=self.minutes - 4 * 1440)


def _time(random: Random, low: int, high: int) -> str:
    # Every other time is near the hours at which clocks are moved.
    minute = random.choice((random.randint(low, high), random.randint(low, min(high, 240))))
    return f"{minute // 60:02}:{minute % 60:02}"


def _hours(random: Random) -> list[list[str]]:
    kind = random.random()
    if kind < 0.1:
        return [["00:00", "24:00"]]
    found = []
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        start, end = _time(random, 0, 1439), _time(random, 1, 1440)
        if start != end:
            found.append([start, end])
    return found


def random_document(random: Random, zone: str, begin: datetime) -> dict[str, object]:
    """Return a calendar with at least one opening a week that no holiday touches."""
    days = [(begin + timedelta(days=n)).date().isoformat() for n in range(AFTER_DAYS)]
    hours = {day: _hours(random) for day in random.sample(DAYS, random.randint(1, 7))}
    hours.setdefault(random.choice(DAYS), []).append(["09:00", "17:00"])
    document: dict[str, object] = {"tz": zone, "hours": hours}
    if random.random() < 0.5:
        document["holidays"] = random.sample(days, random.randint(1, 4))
    if random.random() < 0.3:
        document["yearly_holidays"] = [random.choice(days)[5:], "02-29"]
    if random.random() < 0.3:
        document["exceptions"] = {random.choice(days): _hours(random) for _ in range(2)}
    return document


def random_case(seed: int, *, questions: int = 1) -> Case:
    """Return the case of a seed: the same one on every machine."""
    view = Random(seed // SHARE_A_VIEW)  # noqa: S311 -- a repeatable test, no secret.
    zone = view.choice(TWENTY_ZONES)
    changes = transitions(zone)
    if changes and view.random() < 0.7:
        middle = view.choice(changes)
    else:
        middle = datetime(2020, 1, 10, tzinfo=UTC) + timedelta(days=view.randint(0, 3_980))
    begin = (middle - timedelta(days=BEFORE_DAYS + 1)).replace(hour=0, minute=0)
    random = Random(seed)  # noqa: S311 -- a repeatable test, no secret.
    document = random_document(random, zone, begin)
    return Case(document, begin, tuple(_question(random, begin) for _ in range(questions)))


def _question(random: Random, begin: datetime) -> tuple[datetime, int, datetime]:
    start = begin + timedelta(days=BEFORE_DAYS, seconds=random.randint(0, 3 * 86_400))
    seconds = random.choice((random.randint(0, 7_200), random.randint(0, 30 * 3_600)))
    end = start + timedelta(seconds=random.randint(0, 4 * 86_400))
    return start, seconds, end
