"""HTML bodies: as text for reading and judging, and cleaned for showing."""

import re
from html import unescape

import nh3
from inscriptis import Inscriptis
from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from intake.mail.quote import MARK

LONGEST = 1_000_000
DEEPEST = 10_000
# The renderer takes some 20 microseconds a tag, and more where a row has many cells.
MOST_TAGS = 60_000
# Blocks that answers stand between; a person writes a few.
MOST_BLOCKS = 500
_EDGE = re.compile(r"<(/)?(?!(?:br|hr|img|meta|link|input|p|li|td|tr)\b)[a-zA-Z]")
# Cells are padded to the width of their column.
_PADDING = re.compile(r"(?<! ) {1,10000}$", re.MULTILINE)
_TAG = re.compile(r"<[^<>]{0,1000}>")
_BREAK = re.compile(
    r"<(?:br|/(?:p|div|tr|td|li|h\d|table|blockquote))\b[^<>]{0,100}>", re.IGNORECASE
)
_UNSEEN = re.compile(r"<(style|script)\b[^<>]{0,1000}>[^<]{0,100000}</\1>", re.IGNORECASE)
# The parser takes nothing in behind the end of a document, where lists put their footers.
_DOCUMENT = re.compile(r"^\s*<\?xml[^>]{0,200}\?>|</?(?:html|body)\b[^<>]{0,1000}>", re.IGNORECASE)
# How mail programs mark what they quote: Gmail, Apple Mail and Thunderbird, Outlook on the web,
# on telephones and for Windows, Yahoo, Zimbra, Proton, Zoho, Hotmail, Windows Mail.
_QUOTATION = etree.XPath(
    "(//*[contains(concat(' ', @class, ' '), ' gmail_quote ')]"
    "|//*[contains(concat(' ', @class, ' '), ' gmail_extra ')]/*[.//blockquote]"
    "|//blockquote[@type='cite']"
    "|//*[@class='moz-cite-prefix' or @class='yahoo_quoted' or @class='protonmail_quote'"
    " or @class='zmail_extra' or @class='tutanota_quote' or @class='WordSection1_quote']"
    "|//*[@id='divRplyFwdMsg' or @id='appendonsend' or @id='OLK_SRC_BODY_SECTION'"
    " or @id='stopSpelling' or @id='reply-intro' or @id='mail-editor-reference-message-container']"
    "|//*[contains(translate(@style, ' ', ''), 'border-top:solid#B5C4DF')"
    " or contains(translate(@style, ' ', ''), 'border-top:solid#E1E1E1')"
    " or contains(translate(@style, ' ', ''), 'border:none;border-top:solid')])[1]"
)
# Blocks that hold what they quote, and words that stand behind the first of them, outside any.
_QUOTED = "blockquote[@type='cite' or contains(@class, 'gmail_quote')]"
_OUTERMOST = etree.XPath(f"//{_QUOTED}[not(ancestor::{_QUOTED})]")
_ANSWERED = etree.XPath(
    f"boolean((descendant-or-self::{_QUOTED})[1]/following::text()[normalize-space()]"
    f"[not(ancestor::{_QUOTED})][not(ancestor::*[contains(@class, 'signature') or self::style"
    " or self::script])])"
)
# Lines that no program writes.
_BEGINS, _ENDS = "\ue0f2quoted\ue0f2", "\ue0f2answered\ue0f2"
_PARSER = HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)


def as_text(html: str) -> str:
    """Return the text of HTML, with a line ``quote.MARK`` where a program marked its quotation.

    Where the layout defeats the renderer, it is the text without tags.
    """
    source = _DOCUMENT.sub(" ", html[:LONGEST])
    if source.count("<") > MOST_TAGS:
        return _stripped(source)
    try:
        tree = document_fromstring(source.encode("utf-8", "replace"), parser=_PARSER)
        answered = _mark(tree)
        text = Inscriptis(tree).get_text()
        if answered:
            text = _with_quoted_lines(text)
    except Exception:  # noqa: BLE001 - lxml and the renderer raise all kinds on broken HTML
        text = ""
    # The renderer gives nothing at all for HTML that is nested some hundred deep.
    return _PADDING.sub("", text) if text.strip() else _stripped(source)


def _stripped(source: str) -> str:
    lines = _BREAK.sub("\n", _UNSEEN.sub(" ", source))
    return unescape(_TAG.sub("", lines))


def cleaned(html: str) -> str:
    """Return HTML that can be shown: no script, no style, no form, nothing that loads."""
    source = html[:LONGEST]
    # The cleaner's time grows with the square of the depth: half a second at this one.
    return nh3.clean_text(as_text(source)) if _depth(source) > DEEPEST else nh3.clean(source)


def _depth(html: str) -> int:
    depth = deepest = 0
    for tag in _EDGE.finditer(html):
        depth += -1 if tag.group(1) else 1
        deepest = max(deepest, depth)
    return deepest


def _mark(tree: HtmlElement) -> bool:
    """Mark the first quotation, or every quoted block where answers stand between or below them.

    Return whether the latter: such text is to be read with its quoted lines told apart.
    """
    for quotation in _QUOTATION(tree):
        if _ANSWERED(quotation):
            for block in _OUTERMOST(tree)[:MOST_BLOCKS]:
                _insert(block, _BEGINS, after=False)
                _insert(block, _ENDS, after=True)
            return True
        _insert(quotation, MARK, after=False)
    return False


def _insert(element: HtmlElement, line: str, *, after: bool) -> None:
    if element.getparent() is None:
        return
    mark = element.makeelement("p", {})
    mark.text = line
    if after:
        element.addnext(mark)
    else:
        element.addprevious(mark)


def _with_quoted_lines(text: str) -> str:
    """Write "> " before the lines between two marks, as a plain text has it."""
    found = []
    quoted = False
    for line in text.splitlines():
        if line.strip() in {_BEGINS, _ENDS}:
            quoted = line.strip() == _BEGINS
        else:
            found.append(f"> {line}".rstrip() if quoted else line)
    return "\n".join(found)
