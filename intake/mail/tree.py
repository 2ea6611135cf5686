"""The parts of a message: the standard library's header model, over slices of the raw bytes.

The library's own parser keeps every line as an object, so 30 MB of empty lines take a gigabyte, and
asks each line for every boundary around it. Here a body is only ever a slice, boundaries are
searched for in bytes, and all that a hostile message could make endless is bounded.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from email.message import Message
from email.policy import compat32

MOST_PARTS = 500
DEEPEST = 30
MOST_BOUNDARIES = 20_000
MOST_PIECES = 1_000
# A header: its lines, its fields, and the letters of a field and of all of them.
MOST_LINES = 200_000
MOST_FIELDS = 2_000
LONGEST_FIELD = 65_536
LONGEST_HEADER = 1_000_000
# RFC 5322, section 2.2: a name is anything printable but the colon.
_FIELD_LINE = re.compile(rb"[\x21-\x39\x3b-\x7e]{0,1000}[ \t]{0,100}:")
_WHITE = b" \t\r\n"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OTHERS = bytes(set(range(256)) - set(_LETTERS))
_BASE64_LINES = re.compile(rb"(?:[A-Za-z0-9+/]+=*[ \t\r]*(?:\n|\Z))+")
_NOTHING = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]{0,1000}\r?\n){0,100}")
# A delimiter line that a part's header follows, for a message whose own boundary is another.
_DELIMITER = re.compile(rb"\n--([^\r\n]{1,200}?)[ \t]*\r?\nContent-", re.IGNORECASE)


class Part(Message):
    """A part of a message: its header, and its body as it stands in the raw bytes."""

    def __init__(self) -> None:
        super().__init__(policy=compat32)
        self.parts: list[Part] = []
        self.body = memoryview(b"")

    def content(self, longest: int | None = None) -> bytes:
        """Return the body with its transfer encoding undone; of its first ``longest`` bytes."""
        body = self.body if longest is None else self.body[:longest]
        encoding = str(self.get("Content-Transfer-Encoding", "")).strip().strip('"').lower()
        if encoding == "base64":
            return _of_base64(body)
        if encoding == "quoted-printable":
            return quopri.decodestring(bytes(body))
        if encoding in {"x-uuencode", "uuencode", "uue", "x-uue"}:
            return _of_uuencode(body)
        return bytes(body)


class _Reading:
    """The raw bytes, and what of the bounds is used up."""

    def __init__(self, raw: bytes, problems: list[str]) -> None:
        self.raw = raw
        self.view = memoryview(raw)
        self.problems = problems
        self.parts = 0
        self.boundaries = 0


def read_tree(raw: bytes, problems: list[str]) -> Part:
    """Return the message; what breaks the rules or the bounds is added to ``problems``."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    # A mark of UTF-8 and empty lines, which some programs put first.
    begins = _NOTHING.match(raw).end()  # type: ignore[union-attr] # it always matches
    return _read(_Reading(raw, problems), begins, len(raw), depth=0, default="text/plain")


def _read(reading: _Reading, start: int, end: int, *, depth: int, default: str) -> Part:
    part = Part()
    part.set_default_type(default)
    reading.parts += 1
    start = _read_header(reading, part, start, end)
    part.body = reading.view[start:end]
    kind = part.get_content_type()
    if part.get_content_maintype() == "multipart":
        if depth >= DEEPEST:
            reading.problems.append("nested too deep")
        else:
            _read_parts(reading, part, start, end, depth=depth)
    elif kind in {"message/rfc822", "message/global"} and depth < DEEPEST:
        part.parts = [_inner_header(reading, part, start, end)]
    return part


def _read_parts(reading: _Reading, part: Part, start: int, end: int, *, depth: int) -> None:
    digest = part.get_content_type() == "multipart/digest"
    default = "message/rfc822" if digest else "text/plain"
    for begins, ends in _spans(reading, part, start, end):
        if reading.parts > MOST_PARTS:
            reading.problems.append("too many parts")
            return
        part.parts.append(_read(reading, begins, ends, depth=depth + 1, default=default))


def _inner_header(reading: _Reading, part: Part, start: int, end: int) -> Part:
    """Return the header of an attached mail; its parts are its own."""
    inner = Part()
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64":
        # RFC 2046, section 5.2.1 forbids it; Exchange does it.
        raw = part.content(LONGEST_HEADER)
        inside = _Reading(raw, [])
        inner.body = inside.view[_read_header(inside, inner, 0, len(raw)) :]
    else:
        inside = _Reading(reading.raw, [])
        inner.body = reading.view[_read_header(inside, inner, start, end) : end]
    return inner


def _read_header(reading: _Reading, part: Part, start: int, end: int) -> int:
    """Read a header into ``part``, and return where the body begins."""
    raw = reading.raw
    field = bytearray()
    total = lines = 0
    position = start
    while position < end:
        stop = raw.find(b"\n", position, end)
        following = end if stop < 0 else stop + 1
        line = raw[position : min(following, position + LONGEST_FIELD)].rstrip(b"\r\n")
        lines += 1
        if not line or lines > MOST_LINES:
            break
        if line[:1] in b" \t" and field:
            field += b"\n" + line
            if len(field) > 2 * LONGEST_FIELD:
                # Both ends: the nearest parent stands last, and the root first.
                field[LONGEST_FIELD // 2 : -LONGEST_FIELD // 2] = b"\n "
        elif _FIELD_LINE.match(line):
            total += _keep(part, field)
            field = bytearray(line)
        elif not line.startswith(b"From ") or position > start:
            reading.problems.append("MissingHeaderBodySeparatorDefect")
            _keep(part, field)
            return position
        if total > LONGEST_HEADER or len(part) > MOST_FIELDS:
            break
        position = following
    else:
        following = end
    if total <= LONGEST_HEADER and len(part) <= MOST_FIELDS:
        _keep(part, field)
    if position < end and lines and line:
        reading.problems.append("header too long")
        return _behind_the_blank_line(raw, position, end)
    return following


def _keep(part: Part, field: bytearray) -> int:
    if not field:
        return 0
    if len(field) > LONGEST_FIELD:
        field[LONGEST_FIELD // 2 : -LONGEST_FIELD // 2] = b"\n "
    name, _, value = _letters(bytes(field)).partition(":")
    if name.strip():
        part[name.strip()] = value.lstrip(" \t")
    return len(field)


def _letters(data: bytes) -> str:
    """Read letters beyond ASCII, which no header should have (RFC 6532 allows UTF-8)."""
    for charset in ("utf-8", "cp1252"):
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _behind_the_blank_line(raw: bytes, start: int, end: int) -> int:
    far = raw.find(b"\n\r\n", start, end)
    near = raw.find(b"\n\n", start, far if far >= 0 else end)
    if near >= 0:
        return near + 2
    return far + 3 if far >= 0 else end


def _spans(reading: _Reading, part: Part, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each part of a multipart begins and ends."""
    boundary = str(part.get_boundary() or "").rstrip().encode()[:1000]
    marks = list(_boundaries(reading, boundary, start, end)) if boundary else []
    if not any(not last for _, _, last in marks):
        reading.problems.append(
            "StartBoundaryNotFoundDefect" if boundary else "NoBoundaryInMultipartDefect"
        )
        guess = _DELIMITER.search(reading.raw, max(0, start - 1), end)
        if guess is None:
            return
        marks = list(_boundaries(reading, guess.group(1).removesuffix(b"--"), start, end))
    for number, (_, begins, last) in enumerate(marks):
        if last:
            return
        if number + 1 < len(marks):
            yield begins, max(begins, marks[number + 1][0])
        else:
            reading.problems.append("CloseBoundaryNotFoundDefect")
            yield begins, end


def _boundaries(
    reading: _Reading, boundary: bytes, start: int, end: int
) -> Iterator[tuple[int, int, bool]]:
    """Yield each delimiter line: where the text before it ends, what follows begins, if last.

    RFC 2046, section 5.1.1: the line break before a delimiter is part of it.
    """
    raw, wanted = reading.raw, b"--" + boundary
    found = start if raw.startswith(wanted, start, end) else raw.find(b"\n" + wanted, start, end)
    while found >= 0:
        reading.boundaries += 1
        if reading.boundaries > MOST_BOUNDARIES:
            reading.problems.append("too many parts")
            return
        after = raw.find(wanted, found, end) + len(wanted)
        stop = raw.find(b"\n", after, end)
        tail = raw[after : min(end if stop < 0 else stop, after + 1000)].strip()
        if tail in {b"", b"--"}:
            before = found - 1 if raw[found - 1 : found] == b"\r" and found > start else found
            yield before, end if stop < 0 else stop + 1, bool(tail)
        found = raw.find(b"\n" + wanted, end if stop < 0 else stop, end)


def _of_base64(body: memoryview) -> bytes:
    """Decode leniently; what is no base64, such as a list's footer below it, stays as it is."""
    data = bytes(body)
    try:
        return binascii.a2b_base64(data.translate(None, _WHITE), strict_mode=True)
    except binascii.Error:
        pass
    lines = _BASE64_LINES.match(data)
    head = data[: lines.end()] if lines else b""
    tail = data[len(head) :]
    letters = tail[:1000].translate(None, _WHITE)
    if len(letters.translate(None, _LETTERS)) * 20 <= len(letters):
        # Damaged here and there.
        head, tail = data, b""
    # Pieces that were written one behind the other, each with its padding.
    pieces = head.split(b"=") if head.count(b"=") < MOST_PIECES else [head]
    return b"".join(map(base64_piece, pieces)) + tail


def base64_piece(data: bytes) -> bytes:
    """Decode base64 without regard to what is no letter of it; padding is not needed."""
    letters = data.translate(None, _OTHERS)
    return binascii.a2b_base64(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")


def _of_uuencode(body: memoryview) -> bytes:
    found = []
    for line in bytes(body).splitlines():
        if line.startswith((b"begin ", b"end")):
            continue
        try:
            found.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Written by an encoder that pads too much (as the standard library knows it).
            length = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                found.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                continue
    return b"".join(found)
