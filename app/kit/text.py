"""Text that any database takes."""


def storable(text: str) -> str:
    """Return ``text`` without what no database stores: NUL, and halves of surrogate pairs.

    Each becomes U+FFFD, so that a reader sees that something stood there.
    """
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8") if _has_halves(text) else text


def _has_halves(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
