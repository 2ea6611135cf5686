"""Header fields as lines of ASCII: encoded, folded, and impossible to break out of.

Every function takes values that strangers may have written (a subject, a name, a Message-ID) and
returns whole lines that end in CRLF. No value can start a header line of its own: control
characters and line breaks become spaces before anything else is done with it.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from app.kit.errors import PermanentError

# RFC 5322, section 2.1.1: lines should not be longer than this, CRLF not counted.
LINE = 76
# RFC 2047, section 2: an encoded word is at most 75 characters.
_WORD = 75
_Q_START, _B_START, _END = "=?utf-8?q?", "=?utf-8?b?", "?="
_AROUND = len(_Q_START) + len(_END)

# C0 and C1 controls, DEL, and the line and paragraph separators that Python takes for line ends.
_BREAKS = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029]+")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LOCAL = r"[^\s\x00-\x20\x7f-\xa0<>()\[\]\\,;:@\"]+|\"(?:[^\"\\\x00-\x1f\x7f-\x9f]|\\[ -~])*\""
_DOMAIN = r"[^\s\x00-\x20\x7f-\xa0<>()\[\]\\,;:@\"]+|\[[0-9A-Za-z.:]+\]"
_ADDRESS = re.compile(rf"({_LOCAL})@({_DOMAIN})")
_ID = re.compile(r"[^\s<>\x00-\x20\x7f-\U0010ffff]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,75}")

# RFC 2047, section 5 (3): what may stand for itself in an encoded word within a phrase; the same
# set is safe in a subject.
_SELF = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q = tuple(chr(byte) if byte in _SELF else f"={byte:02X}" for byte in range(256))
_Q_OF_CHARACTER = {" ": "_"} | {chr(byte): chr(byte) for byte in _SELF}


def one_line(value: str) -> str:
    """Return the value with every run of white space and control characters as one space."""
    return _BREAKS.sub(" ", value).strip()


def text_field(name: str, value: str) -> str:
    """Return an unstructured field, such as a subject."""
    value = one_line(value)
    if not _may_stand(value):
        return _fold(name, encoded_words(value, room=_WORD - len(name) - 2))
    if len(name) + 2 + len(value) <= LINE:
        return f"{name}: {value}\r\n"
    return _fold(name, value.split(" "))


def address_field(name: str, addresses: Iterable[str]) -> str:
    """Return a field of bare addresses."""
    written = [address(each) for each in addresses]
    return _fold(name, [f"{each}," for each in written[:-1]] + written[-1:])


def mailbox_field(name: str, display: str | None, mail_address: str) -> str:
    """Return a field of one address with its owner's name before it."""
    written = address(mail_address)
    display = one_line(display or "")
    if not display:
        return f"{name}: {written}\r\n"
    if _PHRASE.fullmatch(display) and _may_stand(display):
        words = display.split(" ")
    elif _may_stand(display) and len(display) <= 60:
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        words = [f'"{quoted}"']
    else:
        words = encoded_words(display, room=_WORD - len(name) - 2)
    return _fold(name, [*words, f"<{written}>"])


def ids_field(name: str, ids: Sequence[str]) -> str:
    """Return a field of Message-IDs, each in brackets; empty where none of them can be written."""
    written = [f"<{each}>" for each in map(_bare_id, ids) if each]
    return _fold(name, written) if written else ""


def extra_field(name: str, value: str) -> str:
    """Return a field whose name comes from outside the composer."""
    if not _NAME.fullmatch(name):
        raise PermanentError(f"{name!r} cannot be the name of a mail header.")
    return text_field(name, value)


def address(value: str) -> str:
    """Return an address as it is written in a header and in an envelope.

    An internationalised domain becomes ASCII; a local part beyond ASCII stays as it is, for the
    few servers that take one (RFC 6531). PermanentError when the value is no single address.
    """
    match = _ADDRESS.fullmatch(value)
    if match is None or len(value) > 254 + 66:
        raise PermanentError(
            f"{value[:80]!r} is not an address that mail can be sent to.",
            remedy="Correct the contact's address.",
        )
    local, domain = match.groups()
    if domain.isascii():
        return value
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise PermanentError(
            f"{domain[:80]!r} is not a domain that mail can be sent to.",
            remedy="Correct the contact's address.",
        ) from None


def usable_ids(ids: Iterable[str]) -> list[str]:
    """Return the Message-IDs that can be written, without brackets, each once, in order."""
    return list(dict.fromkeys(each for each in map(_bare_id, ids) if each))


def encoded_words(value: str, *, room: int = _WORD) -> list[str]:
    """Return the value as encoded words (RFC 2047), none of which splits a character.

    ``room`` is the length of the first; the others fill a line. Quoted-printable unless base64 is
    shorter, so that a Norwegian subject stays readable in a log.
    """
    written = [_Q_OF_CHARACTER.get(each) or _q(each) for each in value]
    room = max(room, 40) - _AROUND
    size = len(value.encode("utf-8", "replace"))
    if sum(map(len, written)) <= size * 4 // 3 + 4:
        return [_Q_START + each + _END for each in _pieces(written, room, _WORD - _AROUND)]
    words = []
    # Three bytes become four characters, and a character of ours is at most four bytes.
    for piece in _runs(value, room // 4 * 3, (_WORD - _AROUND) // 4 * 3):
        coded = base64.b64encode(piece).decode("ascii")
        words.append(_B_START + coded + _END)
    return words


def parameter(name: str, value: str) -> str:
    """Return a MIME parameter with the ``;`` before it, on a line of its own (RFC 2231)."""
    value = one_line(value)
    if value.isascii() and len(value) <= 60:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{quoted}"'
    coded = [quote(each, safe="", errors="replace") for each in value]
    if sum(map(len, coded)) <= 60:
        return f";\r\n {name}*=utf-8''{''.join(coded)}"
    lines = [""]
    for each in coded:
        if len(lines[-1]) + len(each) > 50:
            lines.append("")
        lines[-1] += each
    lines[0] = "utf-8''" + lines[0]
    return "".join(f";\r\n {name}*{number}*={line}" for number, line in enumerate(lines))


def _may_stand(value: str) -> bool:
    """Say whether the value needs no encoding: ASCII, foldable, and not read as encoded."""
    if "=?" in value or not value.isascii():
        return False
    return not value or (
        _PLAIN.fullmatch(value) is not None and max(map(len, value.split(" "))) <= 200
    )


def _bare_id(value: str) -> str | None:
    """Return a Message-ID without its brackets; None when it cannot be written on one line."""
    bare = value.strip()
    if bare.startswith("<") and bare.endswith(">"):
        bare = bare[1:-1]
    return bare if len(bare) <= 900 and _ID.fullmatch(bare) else None


def _fold(name: str, words: Sequence[str]) -> str:
    """Return a field whose words are joined by single spaces, folded between words only."""
    lines = []
    line = f"{name}:"
    for number, word in enumerate(words):
        # Nothing is folded right after the name: some old readers take that for an empty field.
        if number and len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _pieces(value: Iterable[str], room: int, most: int) -> Iterator[str]:
    """Join written characters into pieces of at most ``room``, then ``most``, letters each."""
    piece: list[str] = []
    left = room
    for written in value:
        if len(written) > left and piece:
            yield "".join(piece)
            piece = []
            left = most
        piece.append(written)
        left -= len(written)
    yield "".join(piece)


def _runs(value: str, room: int, most: int) -> Iterator[bytes]:
    """Cut the value into runs of whole characters of at most ``room``, then ``most``, bytes."""
    run = b""
    for character in value:
        data = character.encode("utf-8", "replace")
        if len(run) + len(data) > room and run:
            yield run
            run = b""
            room = most
        run += data
    yield run


def _q(character: str) -> str:
    known = _Q_OF_CHARACTER.get(character)
    if known is None:
        known = "".join(_Q[byte] for byte in character.encode("utf-8", "replace"))
        if len(_Q_OF_CHARACTER) < 2048:
            _Q_OF_CHARACTER[character] = known
    return known
