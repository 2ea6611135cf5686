"""``svartid mail parse``: a line a file, in order, whatever the files are."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.mail.samples import mail

LIMIT_MB = 300


def told(*files: Path | bytes, **environment: str) -> tuple[int, list[dict[str, object]], bytes]:
    """Run the command as an operator does, and return its status, its lines and its errors."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "mail", "parse", "--json", *files],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_each_file_has_its_line_in_order_also_one_that_cannot_be_read(tmp_path: Path) -> None:
    first, last = tmp_path / "a.eml", tmp_path / "b.eml"
    first.write_bytes(mail(subject="Først \N{SNOWMAN}"))
    last.write_bytes(b"\xff\x00 no mail")
    gone = tmp_path / "gone.eml"
    status, lines, errors = told(first, gone, tmp_path, last)
    assert status == 1
    assert [line["file"] for line in lines] == [str(one) for one in (first, gone, tmp_path, last)]
    assert lines[0]["subject"] == "Først \N{SNOWMAN}"
    assert lines[1]["problems"] == ["the file cannot be read: No such file or directory"]
    assert lines[2]["problems"] == ["the file cannot be read: Is a directory"]
    assert len({frozenset(line) for line in lines}) == 1
    assert not errors


def test_neither_the_terminals_charset_nor_a_strange_name_is_in_the_way(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.eml"))
    file.write_bytes(
        mail(
            "Være på øya \N{SNOWMAN}",
            subject="=?utf-8?b?7aCA?= \ud800".encode("utf-8", "replace").decode(),
        )
    )
    status, (line,), _ = told(file, LC_ALL="C", PYTHONIOENCODING="ascii")
    assert status == 0
    assert "øya \N{SNOWMAN}" in str(line["text"])


def test_thirty_megabytes_take_little_time_and_memory(tmp_path: Path) -> None:
    head = b"From: a@b.example\r\nContent-Type: {}\r\n"
    kinds = {
        "lines": b"text/plain\r\n\r\n" + b"\r\n" * 15_000_000,
        "file": b"application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + (b"QUJD" * 19 + b"\r\n") * 384_000,
        "cells": b"text/html\r\n\r\n<table><tr>" + b"<td>x</td>" * 3_000_000,
    }
    for name, rest in kinds.items():
        file = tmp_path / name
        file.write_bytes(head.replace(b"{}", rest, 1))
        code = (
            "import sys, time; from app.cli.mail_parse import main\n"
            "try: main(['--json', sys.argv[1]])\n"
            "except SystemExit: pass\n"
            "peak = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]\n"
            "print(time.process_time(), int(peak) / 1024, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, file], capture_output=True, check=True, timeout=100
        )
        seconds, megabytes = map(float, done.stderr.split())
        assert json.loads(done.stdout)["from"] == "a@b.example"
        assert seconds < 5, name
        assert megabytes < LIMIT_MB, name
