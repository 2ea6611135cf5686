"""What a message tells as a whole: patterns that an operator can read and extend."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from app.sla.severity.sieve import Sieved, runs, sieved

# ".." in a pattern: up to eighty characters of one sentence.
_WITHIN = r"[^.?!\n]{0,80}"


Signals = Mapping[str, Sequence[Sieved]]


class Heard:
    """A text in lower case, and which signals it gives; asked one by one, so that few are tried."""

    __slots__ = ("_held", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._held = runs(text)

    def tells(self, signal: Sequence[Sieved]) -> bool:
        """Tell whether the text gives a signal."""
        # Asked of each message a hundred times: a generator would cost more than it saves.
        for one in signal:  # noqa: SIM110
            if one.fits(self._text, self._held):
                return True
        return False


@cache
def signals() -> Signals:
    """Return the shipped signals."""
    return read_data("signals.toml")


def read_data(name: str) -> Signals:
    """Read a file of patterns that comes with the program."""
    raw = files("app.sla.severity").joinpath("data", name).read_text("utf-8")
    return {name: sieved(_lines(entry["patterns"])) for name, entry in tomllib.loads(raw).items()}


def compiled(patterns: str) -> re.Pattern[str]:
    """Make one pattern of several, one a line; ``..`` is up to eighty letters of one sentence."""
    return re.compile("|".join(f"(?:{line})" for line in _lines(patterns)))


def _lines(patterns: str) -> list[str]:
    lines = (line.strip() for line in patterns.splitlines())
    return [line.replace("..", _WITHIN) for line in lines if line]
