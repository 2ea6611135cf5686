"""Have we taken this very message before?"""

import hashlib
import re

from app.desk.events import DESK, record
from app.models import Event, InboundMail, LedgerState
from app.store import mail, tickets
from intake.case import Case, Outcome, Reason

# Added by every server that a mail passes, and so different in two copies of one mail.
_TRACE = re.compile(
    rb"^(received|delivered-to|return-path|x-original-to|envelope-to|x-envelope-to|"
    rb"authentication-results|arc-[a-z-]+|received-spf|x-spam[a-z-]*|x-received|dkim-signature|"
    rb"x-forwarded-[a-z]+|delivery-date)$"
)


def end_duplicate(case: Case) -> Outcome | None:
    """End the walk of a message that an earlier row already stands for.

    1. The same bytes as an earlier row: the same message, fetched again (a new UIDVALIDITY, a
       copied folder, a restored mailbox).
    2. The same Message-ID and the same content below other trace headers: the same mail by another
       way (two of our addresses in one mail, a list). The ticket notes the other mailbox.
    3. The same Message-ID and other content: kept, and flagged for staff.
    """
    twin = case.known.by_bytes.get(case.row.raw_sha256)
    if twin is not None:
        return _duplicate(case, twin)
    earlier = case.known.by_message_id.get(case.mail.message_id or "", ())
    if not earlier:
        return None
    ours = content_digest(case.raw)
    for row in earlier[:5]:
        if content_digest(mail.raw_of(case.session, row.raw_sha256)) == ours:
            return _duplicate(case, row)
    case.flags.append("message_id_reused")
    return None


def content_digest(raw: bytes) -> str:
    """Return a hash of the message without the headers that servers add on its way."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = []
    keeping = True
    for line in head.split(b"\n"):
        if not line[:1].isspace():
            keeping = not _TRACE.match(line.partition(b":")[0].strip().lower())
        if keeping:
            kept.append(line.rstrip())
    digest = hashlib.sha256(b"\n".join(sorted(kept)))
    digest.update(b"\0")
    digest.update(body.rstrip())
    return digest.hexdigest()


def _duplicate(case: Case, twin: InboundMail) -> Outcome:
    case.row.ticket_id = twin.ticket_id
    ticket = tickets.find(case.session, twin.ticket_id) if twin.ticket_id else None
    if ticket is not None and case.row.mailbox != twin.mailbox:
        record(
            case.session,
            ticket,
            Event.ALSO_RECEIVED,
            at=case.received_at,
            now=case.now,
            actor=DESK,
            mailbox=case.row.mailbox,
            first=twin.mailbox,
        )
    return Outcome(LedgerState.DUPLICATE, Reason.SAME_MESSAGE)
