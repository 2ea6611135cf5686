"""A page that did not arrive goes on: to the person's next method, then to the next person.

1. A page of a ticket that was taken, or of a clock that no longer runs, needs nothing more; one
   that was held goes out.
2. Whoever has said that they cannot is tried no further.
3. While one of its messages has arrived by a channel that says so, it waits for the person.
4. Otherwise the person's next method is used, and the ticket's log says why.
5. With none left, and nothing on its way any more, the next person of the step is paged, else the
   people of the steps after it, else the catch-all.
"""

from collections.abc import Sequence
from datetime import timedelta

from app.desk.events import DESK, record
from app.models import Delivery, DeliveryState, Event, Page, PageState
from app.sla.ladder import PageChannel
from app.sla.terms import ClockStatus
from app.store import clocks, outbox
from escalation.ladder import Page as Wanted
from escalation.ladder import next_person
from escalation.page import CONFIRMED_WITHIN, Climb, send_page, use_methods
from escalation.run import run_of

# A message that was put back is tried again by its sender; after this the next person is paged.
PATIENCE = timedelta(minutes=2)


def look_at(climb: Climb, page: Page) -> None:
    """Decide about one page and carry it out."""
    page.check_at = None
    over = climb.ticket.taken_at is not None or climb.clock.status is not ClockStatus.RUNNING
    match page.state:
        case PageState.SENT | PageState.HELD | PageState.DECLINED if over:
            page.state = PageState.ENDED
        case PageState.HELD:
            page.state = PageState.SENT
            use_methods(climb, page, page.held)
        case PageState.DECLINED:
            _hand_on(climb, page, "the person cannot take it")
        case PageState.SENT:
            _look_at_sent(climb, page)
        case _:
            pass


def _look_at_sent(climb: Climb, page: Page) -> None:
    deliveries = outbox.of_page(climb.session, page.lead_id or page.id)
    if any(_has_arrived(one) for one in deliveries):
        return
    why = _why(deliveries)
    if used := use_methods(climb, page, 1):
        _tell(climb, page, why, then=f"by {used[0].channel.value} instead")
        return
    waiting = [one for one in deliveries if one.state in outbox.WAITING]
    until = max((one.created_at + PATIENCE for one in waiting), default=climb.now)
    if until > climb.now:
        page.check_at = until
        return
    _hand_on(climb, page, why)


def _hand_on(climb: Climb, page: Page, why: str) -> None:
    page.state = PageState.HANDED_ON
    steps = clocks.steps(climb.session, climb.clock.id, climb.clock.run)
    run = run_of(climb.session, climb.house, climb.ticket, climb.clock, steps)
    ladder = climb.house.ladder_of(climb.session, climb.ticket.ladder_id)
    failed = Wanted(page.person, page.step, page.repeat, page.name, page.nominal_at, ())
    directory = climb.staff.for_ticket(climb.ticket)
    found = next_person(ladder, run, failed, climb.now, directory, paged=climb.bag.paged(page))
    if not found:
        _tell(climb, page, why, then="nobody is left to page for this step")
        return
    for one in found:
        send_page(climb, one)
    names = ", ".join(climb.staff.name_of(one.person) for one in found)
    _tell(climb, page, why, then=f"{names} was paged instead")


def _has_arrived(delivery: Delivery) -> bool:
    """Tell whether it got there, as far as its channel can say."""
    confirms = PageChannel(delivery.channel) in CONFIRMED_WITHIN
    refused = delivery.last_error
    return delivery.state is DeliveryState.SENT and not confirms and not refused


def _why(deliveries: Sequence[Delivery]) -> str:
    if not deliveries:
        return "nothing was sent"
    last = deliveries[-1]
    return f"{last.channel}: {last.last_error or 'nothing was heard in time'}"


def _tell(climb: Climb, page: Page, why: str, *, then: str) -> None:
    record(
        climb.session,
        climb.ticket,
        Event.PAGE_FAILED,
        at=climb.now,
        now=climb.now,
        actor=DESK,
        clock=climb.clock.kind.value,
        step=page.name,
        person=climb.staff.name_of(page.person),
        why=why,
        then=then,
    )
