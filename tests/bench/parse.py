"""What reading a mail costs: ``python -m tests.bench.parse``.

Small mails, each the median of ``--rounds`` readings, beside the floor in the same run: the
standard library's parser and the text of its body. Then hostile mails, each in a process of its
own, with its time and the peak of its memory.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from intake.mail import parse
from tests.bench.intake import mails

HEAD = b"From: kari@fjellbod.example\r\nSubject: Nede\r\nMIME-Version: 1.0\r\n"


def both_bodies() -> bytes:
    line = "Hei, kassen er nede for alle kundene våre. Kan dere se på det?"
    plain = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{(line + chr(10)) * 30}"
    html = (
        "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>"
        f"{f'<p>{line}</p>' * 30}</body></html>"
    )
    kind = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    return HEAD + kind + f"--b\r\n{plain}\r\n--b\r\n{html}\r\n--b--\r\n".encode()


def hostile() -> dict[str, Callable[[], bytes]]:
    part = b"--b\r\nContent-Type: text/plain\r\n\r\nhei\r\n"
    mixed = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    html = b"Content-Type: text/html\r\n\r\n"
    level = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    file = b"Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return {
        "10,000 parts": lambda: HEAD + mixed + part * 10_000,
        "1,000 levels": lambda: HEAD + b"".join(level % (n, n) for n in range(1000)) + b"hei",
        "30 MB file": lambda: HEAD + file + (b"QUJD" * 19 + b"\r\n") * 400_000,
        "30 MB text": lambda: HEAD + b"\r\n" + b"kassen er nede for alle\r\n" * 1_200_000,
        "30 MB of line breaks": lambda: HEAD + b"\r\n" + b"\r\n" * 15_000_000,
        "30 MB in one line": lambda: HEAD + b"\r\n" + b"a" * 30_000_000,
        "400,000 quoted lines": lambda: HEAD + b"\r\n" + b"> hei\r\nsvar\r\n" * 400_000,
        "100,000 references": lambda: (
            HEAD
            + b"References: "
            + b"".join(b"<%d@b.example>\r\n " % n for n in range(100_000))
            + b"\r\n\r\nhei"
        ),
        "an encoded subject of 29 MB": lambda: (
            HEAD + b"Subject: " + b"=?utf-8?q?=C3=B8?= " * 1_500_000 + b"\r\n\r\nhei"
        ),
        "19,000 answers between quotations": lambda: (
            HEAD + html + b"<blockquote type=cite>x</blockquote>y" * 19_000
        ),
        "HTML 50,000 deep": lambda: HEAD + html + b"<div>" * 50_000 + b"hei",
        "10 MB HTML": lambda: HEAD + html + b"<p>hei <b>x</b></p>\n" * 500_000,
        "100,000 header fields": lambda: HEAD + b"X-A: b\r\n" * 100_000 + b"\r\nhei",
        "200,000 recipients": lambda: HEAD + b"To: " + b"a@b.example, " * 200_000 + b"\r\n\r\nhei",
        "bounce with 100,000 addresses": lambda: (
            b"From: mailer-daemon@x.example\r\n\r\n"
            + b"".join(b"<a%d@b.example>: 550 no such user\r\n" % n for n in range(100_000))
        ),
    }


def floor(raw: bytes) -> str:
    mail = message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain",))
    return str(mail["From"]) + (str(body.get_content()) if body else "")


def median_ms(read: Callable[[bytes], object], raws: list[bytes], rounds: int) -> float:
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        read(raws[number % len(raws)])
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def alone(name: str, make: Callable[[], bytes]) -> None:
    """Read one hostile mail, and make all of its views, in a process of its own."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    raw = make()
    Path("/proc/self/clear_refs").write_text("5")
    began = time.perf_counter()
    read = parse(raw)
    _ = (read.html, read.html_text)
    spent = time.perf_counter() - began
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    print(f"{name:30} {len(raw) / 1e6:6.1f} MB  {spent:6.2f} s  {peak:6.0f} MB peak", flush=True)
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    rounds = parser.parse_args().rounds
    only_html = both_bodies().replace(b"text/plain", b"text/html")
    for name, raws in {
        "small, plain": mails(100),
        "plain and HTML": [both_bodies()],
        "HTML alone": [only_html],
    }.items():
        ours, least = median_ms(parse, raws, rounds), median_ms(floor, raws, rounds)
        print(f"{name:15} {ours:6.3f} ms   floor {least:6.3f} ms   ratio {ours / least:.2f}")
    for name, make in hostile().items():
        alone(name, make)


if __name__ == "__main__":
    main()
