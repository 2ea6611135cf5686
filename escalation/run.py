"""A clock and what its ladder has done so far, as the pure decisions want it."""

from collections.abc import Sequence

from sqlmodel import Session

from app.desk.clocks import run_of_clock
from app.desk.house import House
from app.models import Clock, LadderStep, Ticket
from escalation.ladder import Fired, RunSoFar


def run_of(
    session: Session, house: House, ticket: Ticket, clock: Clock, steps: Sequence[LadderStep]
) -> RunSoFar:
    """Return the run of a clock, with every step that it has fired or passed over."""
    fired = tuple(
        Fired(
            step=row.step,
            repeat=row.repeat,
            nominal_at=row.nominal_at,
            fired_at=row.fired_at,
            skipped=row.skipped,
        )
        for row in steps
    )
    policy = house.policy_of(session, ticket.policy_id)
    return run_of_clock(ticket, clock, policy, fired=fired)
