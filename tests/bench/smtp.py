"""How fast mail is written and sent: ``python -m tests.bench.smtp``.

The receiver is Postfix's ``smtp-sink`` on this machine, which takes everything and keeps nothing;
the figures are the sender's cost, and an upper bound for any real server.
"""

import asyncio
import shutil
import socket
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass

import aiosmtplib

from app.config import Security
from app.desk.letters import render
from app.desk.letters.samples import SAMPLES
from app.outbox.compose import Letter, compose
from app.outbox.smtp import SmtpSettings, SmtpTransport
from tests.outbox.letters import make_letter

MAILS = 1500
SENDER, RECIPIENT = "support@example.no", "kari@kunde.example"


@dataclass(frozen=True)
class Figure:
    name: str
    a_second: float
    cpu_us: float


def acknowledgement() -> Letter:
    written = render("acknowledgement", "nb", SAMPLES["acknowledgement"])
    return make_letter(subject=written.subject, text=written.text, html=written.html)


async def over_aiosmtplib(port: int, data: bytes) -> Figure:
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1", port=port, start_tls=False, local_hostname="bench.example"
    )
    await client.connect()
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(MAILS):
        await client.sendmail(SENDER, [RECIPIENT], data)
    figure = taken("aiosmtplib's own sendmail", started, cpu)
    await client.quit()
    return figure


async def over_transport(port: int, data: bytes) -> Figure:
    transport = SmtpTransport(
        SmtpSettings("127.0.0.1", port, security=Security.NONE, hello="bench.example")
    )
    await transport.send(SENDER, [RECIPIENT], data)
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(MAILS):
        await transport.send(SENDER, [RECIPIENT], data)
    figure = taken("SmtpTransport", started, cpu)
    await transport.close()
    return figure


def taken(name: str, started: float, cpu: float) -> Figure:
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    return Figure(name, MAILS / seconds, cpu_seconds / MAILS * 1e6)


def per_call_us(work: Callable[[], object]) -> float:
    work()
    return min(timeit.repeat(work, number=500, repeat=5)) / 500 * 1e6


def main() -> int:
    letter = acknowledgement()
    data = compose(letter)
    render_us = per_call_us(lambda: render("acknowledgement", "nb", SAMPLES["acknowledgement"]))
    print(f"render an acknowledgement   {render_us:7.0f} us")
    print(f"compose it ({len(data)} bytes)    {per_call_us(lambda: compose(letter)):7.0f} us")
    sink = shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if sink is None:
        print("no smtp-sink on this machine: sending was not measured")
        return 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sink, "-u", "nobody", f"127.0.0.1:{port}", "100"]) as process:
        try:
            _wait_for(port)
            for way in (over_aiosmtplib, over_transport, over_aiosmtplib, over_transport):
                figure = asyncio.run(way(port, data))
                print(f"{figure.name:27} {figure.a_second:7.0f}/s {figure.cpu_us:5.0f} us cpu")
        finally:
            process.terminate()
    return 0


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("smtp-sink did not start")


if __name__ == "__main__":
    sys.exit(main())
