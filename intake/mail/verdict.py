"""Person or machine: every header by its own grammar, the first that decides is the reason."""

import re
from collections.abc import Callable
from email.message import Message

from intake.mail.decode import first, header_text
from intake.mail.parsed import Verdict

_COMMENT = re.compile(r"\([^()]{0,200}\)")
_DAEMON = re.compile(r"^(mailer-daemon|postmaster|mail-daemon)@", re.IGNORECASE)
Found = tuple[Verdict, str] | None


def judge(message: Message, *, from_address: str | None) -> tuple[Verdict, str]:
    """Return who wrote the mail, and the header that says so."""
    for rule in RULES:
        found = rule(message, from_address)
        if found is not None:
            return found
    return Verdict.HUMAN, ""


def _value(message: Message, name: str) -> str | None:
    raw = first(message, name)
    return None if raw is None else _COMMENT.sub("", header_text(raw)).strip().lower()


def _report(message: Message, _sender: str | None) -> Found:
    if message.get_content_type() != "multipart/report":
        return None
    kind = header_text(str(message.get_param("report-type") or "")).lower()
    if kind == "delivery-status":
        return Verdict.BOUNCE, "multipart/report; report-type=delivery-status"
    return Verdict.AUTO_REPLY, f"multipart/report; report-type={kind}"


def _failed_recipients(message: Message, _sender: str | None) -> Found:
    if first(message, "X-Failed-Recipients"):
        return Verdict.BOUNCE, "X-Failed-Recipients"
    return None


def _daemon(_message: Message, sender: str | None) -> Found:
    if sender and _DAEMON.match(sender):
        return Verdict.BOUNCE, f"From: {sender.partition('@')[0]}"
    return None


def _auto_submitted(message: Message, _sender: str | None) -> Found:
    value = _value(message, "Auto-Submitted")
    # RFC 3834, section 5: absent or "no" is a person; everything else is not.
    if value is None or value.partition(";")[0].strip() in {"no", ""}:
        return None
    return Verdict.AUTO_REPLY, f"Auto-Submitted: {value}"


def _list(message: Message, _sender: str | None) -> Found:
    for name in ("List-Id", "List-Unsubscribe", "List-Post", "Mailing-List", "Feedback-ID"):
        if first(message, name):
            return Verdict.BULK, name
    return None


def _precedence(message: Message, _sender: str | None) -> Found:
    for name in ("Precedence", "X-Precedence"):
        value = _value(message, name) or ""
        if value in {"bulk", "list", "junk"}:
            return Verdict.BULK, f"{name}: {value}"
        if value == "auto_reply":
            return Verdict.AUTO_REPLY, f"{name}: {value}"
    return None


def _suppress(message: Message, _sender: str | None) -> Found:
    value = _value(message, "X-Auto-Response-Suppress")
    tokens = {token.strip() for token in (value or "").split(",")}
    # [MS-OXCMAIL] 2.2.3.2.14: a list; these ask that nothing automatic answers.
    if tokens & {"all", "autoreply", "oof"}:
        return Verdict.AUTO_REPLY, f"X-Auto-Response-Suppress: {value}"
    return None


def _cousins(message: Message, _sender: str | None) -> Found:
    for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Autoresponder", "X-Loop"):
        value = _value(message, name)
        if value is not None and value not in {"no", "false", "0"}:
            return Verdict.AUTO_REPLY, name
    for name in ("X-AutoReply-From", "X-Mail-Autoreply", "X-FC-MachineGenerated"):
        if first(message, name):
            return Verdict.AUTO_REPLY, name
    return None


def _null_path(message: Message, _sender: str | None) -> Found:
    raw = first(message, "Return-Path")
    if raw is not None and header_text(raw) == "<>":
        return Verdict.AUTO_REPLY, "Return-Path: <>"
    return None


# In this order.
RULES: tuple[Callable[[Message, str | None], Found], ...] = (
    # RFC 3462 and 3464: what a report says of itself is beyond doubt.
    _report,
    _failed_recipients,
    _daemon,
    # RFC 3834.
    _auto_submitted,
    # RFC 2919 and 2369.
    _list,
    # Never standardised, and older than the rest.
    _precedence,
    _suppress,
    _cousins,
    # RFC 5321, section 4.5.5: only what must not be answered has a null path.
    _null_path,
)
