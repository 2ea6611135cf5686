"""A letter's text becomes its HTML, so that each sentence is written once a language.

Paragraphs are parted by empty lines, a line that begins with "- " is an item of a list, and an
address of the web becomes a link. Everything else is text, and is escaped.
"""

import re
from collections.abc import Iterable
from itertools import groupby

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,:;!?)]")
# "Answer: by Monday at 14:30", the words before the colon standing out.
_LABEL = re.compile(r"([^:]{3,40}): (?=\S)")


def to_html(text: str) -> Markup:
    """Return the text as paragraphs and lists."""
    blocks = text.strip().split("\n\n")
    # What stands between the tags below has been escaped, every piece of it.
    return Markup("\n".join(_block(block.strip("\n")) for block in blocks if block))  # noqa: S704


def _block(block: str) -> str:
    if "\n- " not in block and not _is_item(block):
        return _paragraph(block.split("\n"))
    pieces = []
    for is_list, lines in groupby(block.split("\n"), key=_is_item):
        if is_list:
            items = "".join(f"<li>{_item(line[2:])}</li>" for line in lines)
            pieces.append(f"<ul>{items}</ul>")
        else:
            pieces.append(_paragraph(lines))
    return "\n".join(pieces)


def _paragraph(lines: Iterable[str]) -> str:
    return f"<p>{'<br>'.join(map(_linked, lines))}</p>"


def _is_item(line: str) -> bool:
    return line.startswith("- ")


def _item(line: str) -> str:
    match = _LABEL.match(line)
    if match is None:
        return _linked(line)
    return f"<strong>{_safe(match.group(1))}:</strong> {_linked(line[match.end() :])}"


def _linked(line: str) -> str:
    if "://" not in line:
        return _safe(line)
    parts: list[str] = []
    at = 0
    for match in _LINK.finditer(line):
        address = _safe(match.group())
        parts.append(f'{_safe(line[at : match.start()])}<a href="{address}">{address}</a>')
        at = match.end()
    return "".join(parts) + _safe(line[at:])


def _safe(text: str) -> str:
    return str(escape(text))
