"""Is this a mail of our own that has come back to us?"""

from app.desk.addresses import find_number_in_message_id
from app.models import LedgerState
from intake.case import Case, Outcome, Reason


def refuse_own_echo(case: Case) -> Outcome | None:
    """End the walk of a mail that we sent ourselves.

    1. A Message-ID that proves to be ours: the mail went round (a forward, an alias, a list).
    2. Anything else walks on, also a mail that only claims to be from one of our addresses.
    """
    if case.mail.message_id is None:
        return None
    if find_number_in_message_id(case.house.secret, case.mail.message_id) is None:
        return None
    return Outcome(LedgerState.REFUSED, Reason.OWN_MAIL)
