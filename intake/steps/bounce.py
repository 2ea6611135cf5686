"""Is this the news that something we sent did not arrive?"""

from app.desk.deliveries import fail_bounced
from app.store import families
from intake.case import Case, Outcome, Reason


def settle_bounce(case: Case) -> Outcome | None:
    """Tie a bounce to the delivery that caused it; it then joins that delivery's ticket.

    A bounce that names none of our mails walks on: it opens a ticket, since somebody may have to
    look, but it is a machine's and is never acknowledged. A delay that will be tried again
    (RFC 3464, action "delayed") fails nothing.
    """
    bounce = case.mail.bounce
    if not case.mail.is_bounce or bounce is None:
        return None
    names = [bounce.original_message_id, *case.mail.in_reply_to, *case.mail.references]
    ticket = fail_bounced(
        case.session,
        message_ids=[name for name in names if name],
        recipients=bounce.final_recipients,
        status=bounce.status,
        temporary=bool(bounce.is_temporary),
        house=case.house,
        now=case.now,
    )
    if ticket is not None:
        case.ticket = families.survivor(case.session, ticket, lock=True)
        case.joined_by = Reason.BOUNCE
    return None
