"""Lengths of time as people write them: ``2h``, ``1h30m``, ``90s``, ``2d``."""

import re

from app.kit.errors import BadInput

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_UNITS = (86_400, 3_600, 60, 1)
# Ten years: longer is a mistyped number.
LONGEST_S = 3_660 * 86_400


def parse_duration(value: object) -> int | None:
    """Return the seconds of a text such as ``1h30m``, or of a whole number; None when neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = value.replace(" ", "") if isinstance(value, str) else ""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        return None
    return sum(
        int(count) * unit for count, unit in zip(found.groups(), _UNITS, strict=True) if count
    )


def check_duration(value: object, *, field: str) -> int:
    """Return the seconds of a duration; BadInput when it is none, negative or absurdly long."""
    seconds = parse_duration(value)
    if seconds is None or not 0 <= seconds <= LONGEST_S:
        raise BadInput(
            f"{str(value)[:40]!r} is no length of time.",
            field=field,
            remedy='Write it as "2h", "1h30m" or "2d".',
        )
    return seconds


def write_duration(seconds: int) -> str:
    """Return the shortest form of hours, minutes and seconds: ``48h``, ``1h30m``, ``0s``.

    Days are not used: in working time 24 hours are three days at a desk.
    """
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
