"""Replies are read right however they arrive, and nothing a server says breaks the reader."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from app.outbox.wire import MOST_BYTES, Lost, Reply, Wire

REPLIES = st.lists(
    st.tuples(
        st.integers(200, 599).filter(lambda code: code != 421),
        st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"])), min_size=1),
    ),
    min_size=1,
    max_size=5,
)


class Pipe(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = False

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None: ...

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    @override
    def is_closing(self) -> bool:
        return self.closing

    @override
    def abort(self) -> None:
        self.closing = True


def spoken(replies: list[tuple[int, list[str]]], end: bytes = b"\r\n") -> bytes:
    said = b""
    for code, lines in replies:
        for line in lines[:-1]:
            said += f"{code}-{line}".encode() + end
        said += f"{code} {lines[-1]}".encode() + end
    return said


async def read(wire: Wire, count: int) -> list[Reply]:
    return [await wire.reply() for _ in range(count)]


@given(replies=REPLIES, cuts=st.lists(st.integers(0, 400)), end=st.sampled_from([b"\r\n", b"\n"]))
def test_replies_are_the_same_however_they_are_cut(
    replies: list[tuple[int, list[str]]], cuts: list[int], end: bytes
) -> None:
    wire = Wire(Pipe())
    wire.send(*(["NOOP"] * len(replies)))
    said = spoken(replies, end)
    places = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    for start, stop in itertools.pairwise(places):
        wire.data_received(said[start:stop])
    got = asyncio.run(read(wire, len(replies)))
    assert got == [Reply(code, " ".join(line.strip() for line in lines)) for code, lines in replies]


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_nothing_a_server_says_breaks_the_reader(pieces: list[bytes]) -> None:
    pipe = Pipe()
    wire = Wire(pipe)
    wire.send("NOOP")
    for piece in pieces:
        if not pipe.closing:
            wire.data_received(piece)
    wire.connection_lost(None)
    try:
        (reply,) = asyncio.run(read(wire, 1))
    except Lost:
        return
    assert 0 <= reply.code <= 999


def test_a_reply_without_end_is_not_kept() -> None:
    pipe = Pipe()
    wire = Wire(pipe)
    wire.send("NOOP")
    for _ in range(MOST_BYTES // 1000 + 1):
        wire.data_received(b"x" * 1000)
    assert pipe.closing
    with pytest.raises(Lost):
        asyncio.run(read(wire, 1))


def test_a_reply_that_nobody_asked_for_is_given_to_nobody() -> None:
    pipe = Pipe()
    wire = Wire(pipe)
    wire.data_received(b"250 OK\r\n")
    assert wire.lost
    with pytest.raises(Lost):
        wire.send("MAIL FROM:<>")
    assert pipe.written == b""


def test_a_421_is_the_end_whatever_was_asked() -> None:
    wire = Wire(Pipe())
    wire.send("MAIL FROM:<>", "RCPT TO:<a@b.example>")
    wire.data_received(b"250 OK\r\n421 4.3.2 going down\r\n")

    async def both() -> None:
        assert (await wire.reply()).code == 250
        with pytest.raises(Lost) as caught:
            await wire.reply()
        assert caught.value.reply == Reply(421, "4.3.2 going down")

    asyncio.run(both())


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("4.7.0", "4.7.0"),
        ("no such user", None),
        ("5.1.1.2 odd", None),
        ("see 5.1.1", None),
    ],
)
def test_an_enhanced_status_is_read_where_it_stands(text: str, enhanced: str | None) -> None:
    assert Reply(550, text).enhanced == enhanced
