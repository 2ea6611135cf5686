"""Requests that are too slow or too large, over a real connection; and a log that tells nothing."""

import json
import logging
import socket
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from app.demo.mailhost import free_port
from app.kit import log
from app.main import create_app
from tests.harness.serving import serving
from tests.harness.settings import make_settings
from tests.harness.world import KARI, World

NOTES = "/api/v1/tickets/1/notes"


@contextmanager
def served(world: World, **api: Any) -> Generator[int]:
    """Serve a world's application with these settings on a port of this machine."""
    object.__setattr__(world.house, "settings", make_settings(api=api))
    port = free_port()
    with serving(create_app(world.db, world.house, world.clock), port):
        yield port


def send(port: int, token: str, length: str, parts: Iterable[bytes]) -> tuple[int, dict[str, Any]]:
    """Send a note piece by piece; return the status and the problem that is answered."""
    head = (
        f"POST {NOTES} HTTP/1.1\r\nHost: desk\r\nAuthorization: {token}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\n{length}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(head.encode())
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass  # It has been answered, and wants to hear no more.
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in top, answer
    return int(top.split()[1]), json.loads(body)


@pytest.fixture
def token(world: World) -> str:
    """The header of somebody who may write a note on the world's only ticket."""
    world.mail()
    world.process_all()
    world.postman.taken.clear()  # The receipt is another story's.
    return str(world.web().headers["Authorization"])


def test_a_body_that_drips_is_not_waited_for(world: World, token: str) -> None:
    with served(world, body_timeout_s=0.5) as port:

        def drip() -> Iterable[bytes]:
            yield b'{"text": "'
            # It never stands still for long, so that only the whole can be too slow.
            for _ in range(100):
                time.sleep(0.1)
                yield b"a"

        began = time.monotonic()
        status, problem = send(port, token, "Content-Length: 1000", drip())
    assert (status, problem["status"]) == (408, 408)
    assert time.monotonic() - began < 15
    assert "note" not in world.kinds()


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused_told_or_not(
    world: World, token: str, *, told: bool
) -> None:
    with served(world, max_body_bytes=10_000) as port:
        if told:
            # It is not even asked for.
            status, problem = send(port, token, "Content-Length: 10001", [])
        else:
            chunk = b"3e8\r\n" + b"a" * 1000 + b"\r\n"
            # It never ends, and is refused at the first byte too many.
            status, problem = send(port, token, "Transfer-Encoding: chunked", [chunk] * 11)
    assert (status, problem["status"]) == (413, 413)
    assert "api.max_body_bytes" in problem["remedy"]
    assert "note" not in world.kinds()


SECRET_WORDS = ("Kjellermørke", "Dypblå svar", "Internt notat", "hemmelig-passord-198")


def test_no_word_of_a_mail_and_no_secret_is_logged_even_at_debug(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    body, said, noted, password = SECRET_WORDS
    before = structlog.get_config()
    caplog.set_level(logging.DEBUG)
    try:
        log.set_up(level="debug")
        # A logger that is remembered would write into this test's output for ever.
        structlog.configure(cache_logger_on_first_use=False)
        web = world.web()
        tokens = [str(web.headers["Authorization"]).removeprefix("Bearer ")]
        world.mail(f"Hei\n\n{body} i butikken.\n", subject=f"Om {body}")
        world.process_all()
        put = web.put("/api/v1/me/password", json={"password": password})
        assert put.status_code == 204, put.text
        web.post("/api/v1/sign-in", json={"email": "ola@desk.example", "password": password})
        made = web.post("/api/v1/tokens", json={"name": "eksport"})
        tokens.append(made.json()["token"])
        assert web.post("/api/v1/tickets/1/replies", json={"text": said}).is_success
        assert web.post(NOTES, json={"text": noted}).is_success
        assert web.get("/api/v1/search", params={"q": body}).is_success
        assert web.post(NOTES, json={"text": 7, "more": noted}).status_code == 422
        wrong = web.get("/api/v1/me", headers={"Authorization": "Bearer feil-nokkel"})
        assert wrong.status_code == 401
        world.process_all()
    finally:
        structlog.configure(**before)
    world.postman.taken.clear()  # What was sent is other stories'.
    out, err = capsys.readouterr()
    told = out + err + caplog.text
    assert "operation=reply_to_ticket" in told, "the log was looked at in the wrong place"
    for word in (*SECRET_WORDS, *tokens, "feil-nokkel", KARI):
        assert word not in told, word
