"""When what we read of a mail agrees with what its corpus expects; see a corpus's expected.json."""

from collections.abc import Callable
from typing import Any

Agrees = Callable[[dict[str, Any], Any], bool]
EQUAL: tuple[str, ...] = (
    "from",
    "from_name",
    "to",
    "in_reply_to_first",
    "references",
    "verdict",
    "is_auto_reply",
    "is_bounce",
    "is_complaint",
    "is_read_receipt",
    "is_delivery_notice",
    "bounce_is_temporary",
)
AGREES: dict[str, Agrees] = {
    "subject": lambda told, wanted: squeezed(told["subject"]) == squeezed(wanted),
    "text_contains": lambda told, wanted: all(one in all_text(told) for one in each(wanted)),
    "charset_snippet": lambda told, wanted: all(one in all_text(told) for one in each(wanted)),
    "attachments": lambda told, wanted: names(wanted) <= names(told["attachments"]),
    "attachment_count": lambda told, wanted: len(told["attachments"]) == wanted,
    "final_recipients": lambda told, wanted: set(told["final_recipients"]) == set(wanted),
    "bounce_status": lambda told, wanted: set(told["bounce_status"]) == set(wanted),
    "reply_text": lambda told, wanted: squeezed(told["reply_text"]) == squeezed(wanted),
    "reply_text_contains": lambda told, wanted: all(
        one in squeezed(told["reply_text"]) for one in each(wanted)
    ),
    "reply_text_not_contains": lambda told, wanted: all(
        one not in squeezed(told["reply_text"]) for one in each(wanted)
    ),
}


def agrees(told: dict[str, Any], key: str, wanted: Any) -> bool:
    """Tell whether a line of ``svartid mail parse`` says what is expected under a key."""
    rule = AGREES.get(key)
    return rule(told, wanted) if rule else bool(told[key] == wanted)


def is_stated(key: str, wanted: Any) -> bool:
    """Tell whether an expectation is one that we look at."""
    return wanted is not None and (key in EQUAL or key in AGREES)


def squeezed(text: object) -> str:
    return " ".join(str(text or "").split())


def each(value: object) -> list[str]:
    return [squeezed(one) for one in (value if isinstance(value, list) else [value])]


def names(files: Any) -> set[str]:
    return {one["name"] for one in files if one.get("name")}


def all_text(told: dict[str, Any]) -> str:
    return f"{squeezed(told['text'])} {squeezed(told['html_text'])}"
