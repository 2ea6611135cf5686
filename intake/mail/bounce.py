"""What a report of non-delivery says: who was not reached, why, for good or for now.

Half of the mail systems in use do not write RFC 3464, so three readers are asked in turn: the
machine-readable part, wherever it stands; Exim's header; and the notice that a person would read.
"""

import re
from collections.abc import Collection, Iterator

from intake.mail import notice
from intake.mail.decode import every, first, header_text, text_of
from intake.mail.parsed import Bounce, Failure
from intake.mail.tree import Part, read_tree

MOST_RECIPIENTS = 500
LONGEST_RAW = 300_000
LONGEST_SAID = 10_000
_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_FAILURE = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ID = re.compile(r"<([^<>\s]{3,250})>")
_ADDRESS = re.compile(r"[^\s<>;,:\"()\[\]]{1,64}@[^\s<>;,:\"()\[\]]{1,255}")
_FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.*)$")
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"}
)


def read_bounce(message: Part, text: str, raw: bytes) -> Bounce:
    """Return what the report says; ``text`` is the mail's readable text."""
    told = notice.before_the_returned_mail(text)
    returned = _returned(message, text)
    failures = _machine_readable(message, text, raw)
    if not failures:
        named = _named(message, returned, told, text)[:MOST_RECIPIENTS]
        said = notice.by_recipient(told, named)
        failures = [Failure(one, _status(said[one], told)) for one in named]
    failures = _unique(failures)[:MOST_RECIPIENTS]
    temporary = _is_temporary(message, failures, told)
    return Bounce(tuple(failures), temporary, _original_message_id(returned))


def _is_temporary(message: Part, failures: list[Failure], told: str) -> bool | None:
    actions = {one.action for one in failures if one.action}
    if actions == {"delayed"}:
        return True
    classes = {one.status[0] for one in failures if one.status}
    if classes:
        return classes == {"4"}
    if notice.says_that_it_goes_on(f"{header_text(first(message, 'Subject'))}\n{told}"):
        return True
    return None


def _named(message: Part, returned: Part | None, told: str, text: str) -> list[str]:
    """Return whom the notice names, by what is surest first."""
    away = notice.addresses_that_cannot_be_meant(message)
    return (
        notice.recipients(told, away, notice.SURE)
        or _failed_recipients(message)
        or notice.recipients(told, away, notice.READERS)
        or notice.recipients(text, away, notice.SURE)
        # Somebody who wrote to themselves, or whose addresses were made unreadable.
        or notice.recipients(told, (), notice.SURE)
        or _recipients_of_the_returned_mail(returned, text, away)
    )


def _machine_readable(message: Part, text: str, raw: bytes) -> list[Failure]:
    """Read every part with RFC 3464's fields, whatever type it claims to be."""
    found: list[Failure] = []
    for part in _own_parts(message):
        if part.get_content_type() in _REPORTS:
            found += _fields(_text(part))
    # Some systems write the fields into the text that people read, and some get MIME wrong.
    return found or _fields(text) or _fields(text_of(raw[:LONGEST_RAW], None))


def _own_parts(message: Part) -> Iterator[Part]:
    """Walk the parts of the report itself, and not those of the mail that it brings back."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        yield part
        if part.get_content_maintype() == "multipart":
            waiting += part.parts


def _fields(text: str) -> list[Failure]:
    """Read groups of fields (RFC 3464, section 2.3); a group without a recipient says nothing."""
    found: list[Failure] = []
    group: dict[str, str] = {}
    last = ""
    for line in (*text.splitlines()[:20_000], ""):
        field = _FIELD.match(line[:2000])
        if line[:1] in {" ", "\t"} and last:
            group[last] += f" {line.strip()[:2000]}"
        elif field:
            last = field.group(1).lower()
            # A recipient without an empty line before it begins a group of its own.
            if last == "final-recipient" and last in group:
                found += _failure(group)
                group = {}
            group.setdefault(last, field.group(2).strip())
        elif not line.strip() or group:
            found += _failure(group)
            group, last = {}, ""
    return found


def _failure(group: dict[str, str]) -> list[Failure]:
    who = _recipient(group)
    action = group.get("action", "").split(" ")[0].lower()
    if who is None or not ({"action", "status", "diagnostic-code"} & group.keys()):
        return []
    if action in {"delivered", "relayed", "expanded"}:
        return []
    diagnostic = group.get("diagnostic-code", "")
    status = _CODE.search(group.get("status", ""))
    return [Failure(who, _the_more_exact(status and status.group(1), diagnostic), action)]


def _recipient(group: dict[str, str]) -> str | None:
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        value = group.get(name, "")
        who = _ADDRESS.search(value.partition(";")[2] or value)
        if who:
            return who.group().strip(".'").lower()
    return None


def _the_more_exact(status: str | None, diagnostic: str) -> str | None:
    """Return the other server's own code; a relay's ("5.0.0", "4.4.7") says only that it failed."""
    told = [one for one in _CODE.findall(diagnostic) if not one.endswith(".0.0")]
    if told:
        # Relays put their own word before what they quote.
        return str(told[-1])
    return status or notice.by_reply_code(diagnostic)


def _failed_recipients(message: Part) -> list[str]:
    values = " ".join(header_text(one) for one in every(message, "X-Failed-Recipients"))
    return list(dict.fromkeys(one.lower() for one in _ADDRESS.findall(values)))


def _status(said: str, told: str) -> str | None:
    code = _FAILURE.search(said[:LONGEST_SAID])
    if code:
        return code.group(1)
    return notice.by_reply_code(said[:LONGEST_SAID]) or _any_status(told[:LONGEST_SAID])


def _any_status(told: str) -> str | None:
    code = _FAILURE.search(told)
    return code.group(1) if code else notice.by_reply_code(told)


def _recipients_of_the_returned_mail(
    returned: Part | None, text: str, away: Collection[str]
) -> list[str]:
    values = [header_text(one) for one in every(returned, "To")] if returned else []
    if not values:
        values = [line[3:] for line in text.splitlines() if line.lower().startswith("to:")]
    found = _ADDRESS.findall(" ".join(values)[:5000])
    return list(dict.fromkeys(one.lower() for one in found if one.lower() not in away))


def _unique(failures: list[Failure]) -> list[Failure]:
    return list({one.recipient: one for one in reversed(failures)}.values())[::-1]


def _returned(message: Part, text: str) -> Part | None:
    """Return the mail that came back, or its header; None where the report has neither.

    It is a part of its own, or stands in the text below the notice, as with qmail and Exim.
    """
    for part in _own_parts(message):
        if part is not message and part.get_content_type() in _RETURNED:
            return part.parts[0] if part.parts else read_tree(part.content(LONGEST_RAW), [])
    below = notice.returned_mail(text)
    return read_tree(below.encode("utf-8", "replace"), []) if below else None


def _original_message_id(returned: Part | None) -> str | None:
    match = _ID.search(header_text(first(returned, "Message-ID"))) if returned else None
    return match.group(1) if match else None


def _text(part: Part) -> str:
    return text_of(part.content(LONGEST_RAW), part.get_content_charset())
