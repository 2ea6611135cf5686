"""IDLE over a plain pair of sockets: every line is heard, every end is noticed."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from intake.imap.idle import IdleRefusedError, LinkClosedError, idle


class Client:
    """What ``idle`` needs of imaplib's client."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")
        self.tagged_commands: dict[bytes, object] = {}

    def _new_tag(self) -> bytes:
        self.tagged_commands[b"A1"] = None
        return b"A1"

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def readline(self) -> bytes:
        return self.file.readline()


@pytest.fixture
def ends() -> Generator[tuple[Client, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    theirs.settimeout(5)
    with ours, theirs:
        client = Client(ours)
        yield client, theirs
        client.file.close()


def serve(theirs: socket.socket, *pieces: bytes, then: bytes = b"A1 OK done\r\n") -> None:
    """Answer IDLE with these pieces, a packet each, and DONE with ``then``; b"" hangs up."""

    def run() -> None:
        # A test that has seen enough closes its end.
        with suppress(OSError):
            theirs.recv(100)
            for piece in pieces:
                theirs.sendall(piece)
            if not then:
                theirs.shutdown(socket.SHUT_RDWR)
            elif theirs.recv(100) == b"DONE\r\n":
                theirs.sendall(then)

    threading.Thread(target=run, daemon=True).start()


@pytest.mark.parametrize(
    "pieces",
    [
        (b"+ idling\r\n", b"* 3 EXISTS\r\n"),
        (b"+ idling\r\n* 3 EXISTS\r\n",),
        (b"* 3 EXISTS\r\n+ idling\r\n",),
        (b"+ idling\r\n* 3 EX", b"ISTS\r\n"),
        (b"+ idling\r\n", b"* OK still here\r\n* 2 EXPUNGE\r\n", b"* 3 exists\r\n"),
    ],
)
def test_new_mail_is_heard_however_it_is_cut_into_packets(
    ends: tuple[Client, socket.socket], pieces: tuple[bytes, ...]
) -> None:
    client, theirs = ends
    serve(theirs, *pieces)
    assert idle(client, 5, None)
    assert client.tagged_commands == {}


def test_mail_that_is_told_of_while_idle_ends_is_heard(
    ends: tuple[Client, socket.socket],
) -> None:
    client, theirs = ends
    serve(theirs, b"+ idling\r\n", then=b"* 4 EXISTS\r\nA1 OK done\r\n")
    assert idle(client, 0.05, None)


@pytest.mark.parametrize("line", [b"* 2 EXPUNGE\r\n", b"* 1 FETCH (FLAGS ())\r\n", b"* OK hei\r\n"])
def test_what_is_no_new_mail_wakes_nobody(ends: tuple[Client, socket.socket], line: bytes) -> None:
    client, theirs = ends
    serve(theirs, b"+ idling\r\n", line)
    assert not idle(client, 0.1, None)


@pytest.mark.parametrize("words", [(), (b"* BYE shutting down\r\n",), (b"* 3 EXI",)])
def test_a_link_that_ends_is_an_error_and_no_endless_loop(
    ends: tuple[Client, socket.socket], words: tuple[bytes, ...]
) -> None:
    client, theirs = ends
    serve(theirs, b"+ idling\r\n" + b"".join(words), then=b"")
    with pytest.raises(LinkClosedError):
        idle(client, 5, None)


def test_a_refusal_of_idle_is_told(ends: tuple[Client, socket.socket]) -> None:
    client, theirs = ends
    serve(theirs, b"A1 BAD what\r\n")
    with pytest.raises(IdleRefusedError):
        idle(client, 5, None)


def test_a_stop_ends_it_within_a_second(ends: tuple[Client, Any]) -> None:
    client, theirs = ends
    stop = threading.Event()
    serve(theirs, b"+ idling\r\n")
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    assert not idle(client, 60, stop)
    assert time.monotonic() - began < 1
