"""What a customer's unsolved tickets tell of a message that says only that it goes on."""

from datetime import datetime, timedelta

from sqlmodel import Session

from app.desk.house import House
from app.models.base import Id
from app.sla.severity import Judgement, Report
from app.sla.severity.earlier import goes_on, with_earlier
from app.store import tickets

# What is older has been looked at since, and whoever still suffers from it says from what.
WITHIN = timedelta(days=1)


def heed_earlier(
    session: Session,
    house: House,
    report: Report,
    judged: Judgement,
    *,
    customer_id: Id | None,
    contact_id: Id | None,
    now: datetime,
) -> Judgement:
    """Return the judgement, made worse where the sender's worst unsolved fault goes on by it."""
    if (customer_id is None and contact_id is None) or not goes_on(report, judged):
        return judged
    worst = tickets.worst_unsolved(session, customer_id, contact_id, since=now - WITHIN)
    if worst is None:
        return judged
    desk_open = house.policy.calendar().is_open(now)
    return with_earlier(judged, number=worst.number, severity=worst.severity, desk_open=desk_open)
