"""What a message tells as a whole: patterns that an operator can read and extend."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

# ".." in a pattern: up to eighty characters of one sentence.
_WITHIN = r"[^.?!\n]{0,80}"


Signals = Mapping[str, tuple[str, re.Pattern[str]]]


@cache
def signals() -> Signals:
    """Return the shipped signals: what each means, and its patterns as one."""
    return read_data("signals.toml")


def read_data(name: str) -> Signals:
    """Read a file of patterns that comes with the program."""
    return read_signals(files("app.sla.severity").joinpath("data", name).read_text("utf-8"))


def read_signals(toml: str) -> Signals:
    """Read ``[signal] meaning = "…" patterns = '''one a line'''``."""
    found = {}
    for name, entry in tomllib.loads(toml).items():
        found[name] = (str(entry["meaning"]), compiled(entry["patterns"]))
    return found


def compiled(patterns: str) -> re.Pattern[str]:
    """Make one pattern of several, one a line; ``..`` is up to eighty letters of one sentence."""
    lines = [line.strip() for line in patterns.splitlines() if line.strip()]
    return re.compile("|".join(f"(?:{line.replace('..', _WITHIN)})" for line in lines))


def told_by(text: str, patterns: Signals | None = None) -> dict[str, str]:
    """Return the signals of a text in lower case, each with the words that gave it."""
    return {
        name: found.group().strip()
        for name, (_, pattern) in (patterns or signals()).items()
        if (found := pattern.search(text))
    }
