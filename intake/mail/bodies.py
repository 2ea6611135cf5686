"""What of a message is read as its text, and what is kept as a file."""

import re

from intake.mail import html, quote
from intake.mail.decode import first, header_text, text_of
from intake.mail.parsed import Attachment
from intake.mail.sniff import sniffed_type
from intake.mail.tree import Part

# In letters; the whole stays in the raw message.
LONGEST_TEXT = 2_000_000
# No letter takes more bytes of a transfer encoding and a charset than this.
_MOST_BYTES = 4 * LONGEST_TEXT
_TEXTS = frozenset({"text/plain", "text/html"})
# What programs write into the plain half of a letter that they have only as HTML.
_STUB = re.compile(r"\bhtml\b", re.IGNORECASE)
_LONGEST_STUB = 300


class Bodies:
    """The readable parts and the files of a message.

    Of a letter that is there twice (multipart/alternative) the plain one is its text; HTML that
    stands for itself, as above a list's footer, is text as well.
    """

    def __init__(self, problems: list[str]) -> None:
        self.files: list[Attachment] = []
        # Each text in its order: whether it is HTML, and whether it says what another says.
        self._texts: list[tuple[str, bool, bool]] = []
        self._problems = problems
        self._letters = 0
        self._parts = 0

    def read(self, part: Part, *, doubled: bool = False) -> None:
        """Take in a part and all parts within it; ``doubled`` HTML has a plain twin."""
        self._parts += 1
        kind = part.get_content_type()
        if part.parts and part.get_content_maintype() == "multipart":
            doubled = doubled or (kind == "multipart/alternative" and _has_plain(part))
            for one in part.parts:
                self.read(one, doubled=doubled)
        elif kind in _TEXTS and not _is_file(part):
            self._take_text(part, kind, doubled=doubled)
        elif part.get_content_maintype() == "multipart" and part.body:
            # Without any boundary, what is readable of it is read.
            self._take_text(part, "text/plain", doubled=False)
        elif part.get_content_maintype() != "multipart":
            self._keep(part, kind)

    def text(self) -> str:
        """Return the text, with a line ``quote.MARK`` where HTML marks a quotation."""
        plain = [text for text, is_html, _ in self._texts if not is_html]
        if self.only_html():
            return html.as_text(self.html_source() or "")
        return "\n".join(self._with_html_of_its_own("\n".join(plain)))

    def only_html(self) -> bool:
        """Tell whether no plain part says anything."""
        return not any(text.strip() for text, is_html, _ in self._texts if not is_html)

    def html_source(self) -> str | None:
        """Return the HTML parts as they came; None where there are none."""
        found = [text for text, is_html, _ in self._texts if is_html]
        return "\n".join(found) if found else None

    def _with_html_of_its_own(self, plain: str) -> list[str]:
        """Return the texts in order, and with them the HTML that no plain part says as well."""
        said = " ".join(plain.replace(">", " ").split())
        stub = len(said) < _LONGEST_STUB and _STUB.search(said) is not None
        found = []
        for text, is_html, doubled in self._texts:
            if not is_html:
                found.append(text)
            elif stub or not doubled:
                shown = html.as_text(text)
                words = " ".join(shown.replace(quote.MARK, " ").split())
                if words and words[:200] not in said:
                    found.append(shown)
        return found

    def _take_text(self, part: Part, kind: str, *, doubled: bool) -> None:
        data = self._bytes(part, _MOST_BYTES)
        text = text_of(data, part.get_content_charset()).replace("\r\n", "\n")
        left = LONGEST_TEXT - self._letters
        if len(text) > left or len(part.body) > _MOST_BYTES:
            self._problems.append("a text is longer than is shown")
            text = text[: max(0, left)]
        self._letters += len(text)
        self._texts.append((text, kind == "text/html", doubled))
        # A letter that is also a file, which some programs make of a pasted one.
        if part.get_filename():
            self._keep(part, kind)

    def _keep(self, part: Part, kind: str) -> None:
        data = self._bytes(part)
        name = header_text(part.get_filename()) or self._name_of(part)
        content_id = header_text(first(part, "Content-ID")).strip("<> ") or None
        self.files.append(
            Attachment(
                name=name.replace("/", "_").replace("\\", "_")[:200],
                declared_type=kind,
                sniffed_type=sniffed_type(data, kind),
                size=len(data),
                content_id=content_id,
                inline=content_id is not None or _disposition(part) == "inline",
                data=data,
            )
        )

    def _name_of(self, part: Part) -> str:
        """Name a file that has no name: an attached mail by its subject, others by their place."""
        subject = header_text(first(part.parts[0], "Subject")) if part.parts else ""
        return f"{subject[:100]}.eml" if subject else f"part-{self._parts}"

    def _bytes(self, part: Part, longest: int | None = None) -> bytes:
        try:
            return part.content(longest)
        except Exception as error:  # noqa: BLE001 - a stranger wrote this part
            self._problems.append(f"a part could not be decoded: {type(error).__name__}")
            return bytes(part.body)


def _has_plain(part: Part) -> bool:
    """Tell whether there is a plain text somewhere among the forms of a letter."""
    return any(
        (one.get_content_type() == "text/plain" and not _is_file(one)) or _has_plain(one)
        for one in part.parts
    )


def _is_file(part: Part) -> bool:
    return _disposition(part) == "attachment"


def _disposition(part: Part) -> str:
    return (part.get_content_disposition() or "").lower()
