"""Is this a mail that we sent to ourselves, to see whether mail comes in?"""

from app.models import LedgerState
from intake.canary import note_return
from intake.canary_mark import find_canary
from intake.case import Case, Outcome, Reason


def end_canary(case: Case) -> Outcome | None:
    """End the walk of a canary, which proves that its mailbox works.

    1. One that came back to its own mailbox is noted.
    2. The news that one could not be delivered ends here as well: it is noted by its absence, and a
       ticket for each would bury the page.
    """
    secret, mail = case.house.secret, case.mail
    bounced = mail.bounce.original_message_id if mail.bounce else None
    if bounced is not None and find_canary(secret, bounced) is not None:
        return Outcome(LedgerState.REFUSED, Reason.CANARY)
    for text in (mail.message_id or "", mail.subject):
        canary_id = find_canary(secret, text)
        if canary_id is not None:
            note_return(case.session, canary_id, mailbox=case.row.mailbox, now=case.now)
            return Outcome(LedgerState.REFUSED, Reason.CANARY)
    return None
