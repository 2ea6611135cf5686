"""Addresses of a header, leniently (RFC 5322, section 3.4): the one in brackets is the one meant.

A header is taken apart as it came, and only then are names decoded: what stands encoded in a name
(RFC 2047) must never become an address, or anybody could write in another's name.
"""

import re

from intake.mail.decode import decoded_words

MOST_ADDRESSES = 2_000
# Up to a comma or semicolon that stands in no quotation, comment or bracket. A quotation or
# comment that nobody closes is text.
_PIECE = re.compile(
    r"(?:\"(?:[^\"\\]|\\.){0,500}\"|\((?:[^()\\]|\\.){0,500}\)|<[^<>]{0,500}>|[^,;])+",
    re.DOTALL,
)
_IN_BRACKETS = re.compile(r"<\s*([^<>]{1,500}?)\s*>")
_LOCAL = re.compile(r"(?:\"[^\"@]{1,200}\"|[^\s<>,;:()\"\[\]@]{1,64})\Z")
_DOMAIN = re.compile(r"[^\s<>,;:()\"@]{1,255}")
_MOST_SIGNS = 20
_COMMENT = re.compile(r"\(((?:[^()\\]|\\.){0,500})\)")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.){0,500})\"")
_GROUP = re.compile(r"^[^<>@\"]{0,200}:(?=\s|$)")


def addresses_of(value: str) -> list[tuple[str, str]]:
    """Return name and address of everybody whom a header names; addresses in lower case."""
    found = [one for one in map(_address, _pieces(value)) if one is not None]
    if not found and "=?" in value:
        # A program that encodes names and addresses together.
        found = [one for one in map(_address, _pieces(decoded_words(value))) if one is not None]
    return found


def _pieces(text: str) -> list[str]:
    pieces = []
    for match in _PIECE.finditer(text):
        pieces.append(match.group())
        if len(pieces) >= MOST_ADDRESSES:
            break
    return pieces


def _address(piece: str) -> tuple[str, str] | None:
    piece = _GROUP.sub("", piece.strip())
    bracketed = [match for match in _IN_BRACKETS.finditer(piece) if "@" in match.group(1)]
    if bracketed:
        last = bracketed[-1]
        bare = _bare(last.group(1))
        name = piece[: last.start()] or piece[last.end() :]
        return None if bare is None else (_name(name), _plain(bare))
    bare = _bare(_COMMENT.sub(" ", piece)) or _bare(piece)
    if bare is None:
        return None
    comment = _COMMENT.search(piece)
    rest = piece.replace(bare, " ", 1)
    return _name(comment.group(1) if comment else rest), _plain(bare)


def _bare(text: str) -> str | None:
    """Return the first address in a text; None where there is none."""
    sign = -1
    for _ in range(_MOST_SIGNS):
        sign = text.find("@", sign + 1)
        if sign < 0:
            return None
        local = _LOCAL.search(text[max(0, sign - 250) : sign])
        domain = _DOMAIN.match(text, sign + 1)
        if local and domain:
            return f"{local.group()}@{domain.group()}"
    return None


def _plain(address: str) -> str:
    return address.strip(" .'").removeprefix("mailto:").lower()


def _name(text: str) -> str:
    quoted = _QUOTED.search(text)
    if quoted is not None:
        text = _QUOTED.sub(lambda found: re.sub(r"\\(.)", r"\1", found.group(1)), text)
    else:
        text = _COMMENT.sub(" ", text)
    return decoded_words(text).strip(" '\"<>")
