"""A fuzz of the parser, guided by coverage: ``python -m tests.fuzz.parse --seconds 300``.

It needs ``atheris`` (``pip install atheris``), which is no part of the project's own tools: it has
no wheel for every Python that we run on. The seeds are ``tests/corpus``. What it finds is written
to ``--found``; the run fails on an exception, and on an input that takes longer than ``SLOWEST_S``.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["intake.mail"]):
    from app.cli.mail_parse import told_of
    from intake.mail import parse

CORPUS = Path(__file__).parents[1] / "corpus"
SLOWEST_S = 5.0
LONGEST = 20_000


class TooSlowError(Exception):
    """An input takes longer than any may."""


def try_one(raw: bytes) -> None:
    """Read one message, make every view of it, and hold them to what is promised."""
    began = time.process_time()
    mail = parse(raw)
    line = json.dumps(told_of(Path("x"), mail), ensure_ascii=False)
    line.encode("utf-8", "backslashreplace")
    _ = mail.html
    if any("not readable" in problem for problem in mail.problems):
        raise AssertionError(mail.problems)
    if time.process_time() - began > SLOWEST_S:
        raise TooSlowError


def main() -> None:
    """Fuzz for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--found", type=Path, default=Path("fuzz"))
    asked = parser.parse_args()
    found = asked.found
    seeds = found / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for file in CORPUS.glob("*/*.eml"):
        (seeds / f"{file.parent.name}-{file.name}").write_bytes(file.read_bytes())
    options = [
        f"-max_total_time={asked.seconds}",
        f"-max_len={LONGEST}",
        "-timeout=30",
        "-rss_limit_mb=1000",
        f"-artifact_prefix={found}/",
    ]
    atheris.Setup([sys.argv[0], *options, str(seeds)], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
