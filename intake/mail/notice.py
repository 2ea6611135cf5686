"""A notice of non-delivery in the words of whatever wrote it: whom it names, and what it says.

Every mail system has its own form, but all of them put the address that failed where a person
finds it. The readers below look for it in those places, the surest first.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from intake.mail.addresses import addresses_of
from intake.mail.decode import every
from intake.mail.tree import Part

LONGEST_NOTICE = 200_000
_RETURNED = re.compile(
    r"^[\s>*=_#.|-]*(?:"
    r"(?:(?:this|here|below|the following|attached|included)\b.{0,40}\b(?:copy|text|header|content|"
    r"message)s?\b.{0,60}\b(?:follow|below|copy|original|message|mail|returned|headers?)"
    r"|(?:begin|start) of (?:the )?(?:returned|original|unsent)"
    r"|(?:original|returned|unsent|undelivered|failed|bounced|rejected) (?:message|mail|e-mail)\b"
    r"(?! (?:was|could|to|id)\b)"
    r"|message (?:header|text|content|contents)s?\b|headers? (?:of|from|follow)"
    r"|(?:the )?(?:text|body|headers?) of (?:the|your) (?:original |returned )?(?:message|mail)"
    r"|your (?:original )?(?:message|mail) (?:follows|reads|was as follows)"
    r"|(?:the )?(?:first|original) .{0,30}lines of|received message|message from\b.{0,40}-{2,}"
    r").{0,80})$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"^>?\s?(received|return-path|from|to|subject|date|message-id|mime-version|x-mailer|sender|"
    r"reply-to|content-type|cc|x-[a-z-]{3,30}|dkim-signature|content-transfer-encoding|"
    r"delivered-to|references|in-reply-to|importance|organization|user-agent)\s?:\s",
    re.IGNORECASE,
)
# Up to the first sign that no address has; the last two ranges are Chinese and Japanese.
_NOT_IN_ADDRESSES = r"\s<>;,:\"'()\[\]{}|=\u2e80-\u9fff\uff00-\uffef"
_SOMEBODY = rf"([^{_NOT_IN_ADDRESSES}]{{1,64}}@[^{_NOT_IN_ADDRESSES}@]{{1,255}})"
_ADDRESS = re.compile(_SOMEBODY)
_ALONE = re.compile(
    r"^[\s>*•-]{0,12}(?:\d{1,3}[.)]\s|[45]\d\d (?:[45]\.\d\.\d{1,3} )?(?=<))?<?\"?" + _SOMEBODY
)
_NAMED = re.compile(
    r"^[\s>*•-]{0,12}(?:(?:the |your |failed |final |original |intended |unknown |invalid |bad |"
    r"e?-?mail )*(?:recipients?|addresse?e?s?|users?|mailbox|mail ?box|rcpt[ _-]?to|to|account|"
    r"envelope-to|destination|mottaker\w*|mottakar\w*|mottagare\w*|modtager\w*|empfänger\w*|"
    r"destinataires?|"
    r"destinatarios?|destinatari[oa]?|ontvangers?|e-?post-?adresse?n?|"
    r"adresse?n?))\b[^:@]{0,30}:\s*(?:rfc822;|smtp[;:])?\s*<?" + _SOMEBODY,
    re.IGNORECASE,
)
_DEED = re.compile(
    r"undeliverable|undelivered|not (?:be |been |)deliver|unable to deliver|fail(?:ed|ure)|"
    r"error delivering|deliver(?:y|ed)? (?:of .{0,40}|)to|did not reach|reject|returned|"
    r"addressed|(?:your |)(?:mail|message|e-mail) to|no such|unknown|rcpt to|"
    r"ikk[ej]e? (?:bli )?lever|"
    r"mislyk|inte (?:att )?lever|nicht zugestellt|zugestellt werden|n.a pas pu|entregad|consegnat|"
    r"recapitat|niet (?:bezorgd|worden)|dostarczon",
    re.IGNORECASE,
)
_RCPT = re.compile(r"rcpt to:\s*<?([^\s<>]{1,64}@[^\s<>]{1,255})>?", re.IGNORECASE)
_REPLY = re.compile(r"(?<![\d.:/])([45]\d\d)(?:[\s:;)#,-]|$)")
_REPLY_LINE = re.compile(r"(?:^|[\s(\"':;>])[45]\d\d[\s-]")
_ELSEWHERE = re.compile(
    r"mail from|contact|assistance|for help|questions|forward .{0,40} to|return(?:ed)? to|"
    r"from:|sender|sent by|reply to|wrote|postmaster|administrator|support|help ?desk|reported by|"
    r"complain",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"will (?:be )?(?:re-?tr|try|continue|keep|attempt)|no action is required|"
    r"not need to resend|warning:? (?:message|could|delivery)|delayed|delivery (?:is )?delay|"
    r"still (?:being )?(?:tr|attempt|undelivered)|try again later|temporar|retry timeout exceeded$|"
    r"forsinket|forseinka|fortsetter å prøve|prøver igjen|prøvar igjen|försenat|fördröj|"
    r"försöker igen|"
    r"verzögert|weiterhin versucht|wird weiter|retardé|retrasad|in ritardo|vertraagd",
    re.IGNORECASE,
)
_STAFF = frozenset({"postmaster", "mailer-daemon", "mailerdaemon", "mail-daemon", "abuse"})


def before_the_returned_mail(text: str) -> str:
    """Return the notice without the mail that it brings back."""
    lines = text[:LONGEST_NOTICE].splitlines()
    for number, line in enumerate(lines):
        if number and _RETURNED.match(line[:200]) and not line.rstrip().endswith(":-"):
            return "\n".join(lines[:number])
        if number and _begins_a_header(lines, number):
            return "\n".join(lines[:number])
    return "\n".join(lines)


def returned_mail(text: str) -> str:
    """Return the mail that a notice brings back in its own text; "" where it brings none."""
    lines = text[:LONGEST_NOTICE].splitlines()
    for number in range(1, len(lines)):
        if _begins_a_header(lines, number):
            return "\n".join(lines[number:])
    return ""


def _begins_a_header(lines: Sequence[str], number: int) -> bool:
    first = lines[number][:200]
    if not _HEADER.match(first) or first[:1] in {" ", "\t"}:
        return False
    if first.lower().startswith(("received:", "return-path:")):
        return True
    following = [one for one in lines[number + 1 : number + 8] if one[:1] not in {" ", "\t"}]
    return sum(bool(_HEADER.match(one[:200])) for one in following[:4]) >= 2


def addresses_that_cannot_be_meant(message: Part) -> frozenset[str]:
    """Return whoever the report is from and to: the failed address is neither."""
    values = [one for name in ("From", "Sender", "To") for one in every(message, name)]
    return frozenset(address for one in values for _, address in addresses_of(one))


def recipients(told: str, away: Collection[str], readers: Sequence["Reader"]) -> list[str]:
    """Return the addresses that a notice says were not reached, by the first reader that finds."""
    lines = told.splitlines()
    for reader in readers:
        found = [address.strip(".'*").lower() for address in reader(lines)]
        meant = [one for one in dict.fromkeys(found) if _may_be_meant(one, away)]
        if meant:
            return meant
    return []


def _may_be_meant(address: str, away: Collection[str]) -> bool:
    name, _, domain = address.partition("@")
    return bool(name and domain) and address not in away and name not in _STAFF


def _refused_at_rcpt(lines: Sequence[str]) -> Iterator[str]:
    """Sendmail's transcript: what we said, and what the other side answered below it."""
    for number, line in enumerate(lines):
        said = _RCPT.search(line[:1000])
        answer = "\n".join(lines[number : number + 4])
        if said and line.lstrip().startswith(">>>") and _REPLY_LINE.search(answer):
            yield said.group(1)


def _at_the_start(lines: Sequence[str]) -> Iterator[str]:
    """An address with which a line begins: Exim, Postfix, qmail, sendmail, Exchange, and more."""
    for line in lines:
        found = _ALONE.match(line[:400])
        if found and not _FIELD_BEFORE.match(line[:100]):
            yield found.group(1)


_FIELD_BEFORE = re.compile(r"^\s*[a-z-]+\s?:\s", re.IGNORECASE)


def _after_a_name(lines: Sequence[str]) -> Iterator[str]:
    """An address after a word such as "Recipient:"."""
    for line in lines:
        found = _NAMED.match(line[:400])
        if found:
            yield found.group(1)


def _after_the_deed(lines: Sequence[str]) -> Iterator[str]:
    """An address behind words such as "undeliverable to" or "could not be delivered to"."""
    for number, line in enumerate(lines):
        deed = _DEED.search(line[:1000])
        if deed:
            following = lines[number + 1][:300] if number + 1 < len(lines) else ""
            yield from _ADDRESS.findall(f"{line[deed.end() : 1000]} {following}")[:1]


def _in_a_reply(lines: Sequence[str]) -> Iterator[str]:
    """An address in what a server answered, as in "550 5.1.1 <a@b.example> unknown"."""
    for line in lines:
        if _REPLY_LINE.search(line[:1000]):
            yield from _ADDRESS.findall(line[:1000])


def _anywhere(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if not _ELSEWHERE.search(line[:1000]):
            yield from _ADDRESS.findall(line[:1000])


Reader = Callable[[Sequence[str]], Iterator[str]]
# In this order; these are hardly ever wrong.
SURE: tuple[Reader, ...] = (_at_the_start, _after_a_name, _refused_at_rcpt, _after_the_deed)
READERS: tuple[Reader, ...] = (*SURE, _in_a_reply, _anywhere)


def by_recipient(told: str, named: Sequence[str]) -> dict[str, str]:
    """Return what the notice says of each recipient: from its address to the next one's."""
    low = told.lower()
    places = sorted((low.find(one), one) for one in named)
    found = [(low.rfind("\n", 0, place) + 1, one) for place, one in places if place >= 0]
    ends = [*(start for start, _ in found[1:]), len(told)]
    said = {one: told[start:end] for (start, one), end in zip(found, ends, strict=False)}
    return {one: said.get(one, told) for one in named}


def by_reply_code(said: str) -> str | None:
    """Return the class of an SMTP reply (RFC 5321, section 4.2.1) as RFC 3463 writes it."""
    code = _REPLY.search(said)
    return f"{code.group(1)[0]}.0.0" if code else None


def says_that_it_goes_on(told: str) -> bool:
    """Tell whether the other side is still trying."""
    return bool(_GOES_ON.search(told[:LONGEST_NOTICE]))
