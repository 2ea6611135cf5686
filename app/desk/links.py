"""Links that prove who was sent them: a ticket, a person, and a keyed hash of both."""

from urllib.parse import quote

from app.desk.house import House
from app.kit.ids import keyed, same
from app.models import Agent, Ticket
from app.models.base import Id

# 32 letters of 5 bits: a link is as strong as a token.
_LENGTH = 32


def take_url(house: House, ticket: Ticket, agent: Agent | None) -> str:
    """Return the link by which a person takes a ticket.

    It leads to a page that asks for one more press, so that a mail scanner that follows links takes
    nothing. The catch-all address is nobody in particular: its link leads to the ticket.
    """
    base = house.settings.desk.url.rstrip("/")
    if agent is None:
        return f"{base}/api/v1/tickets/{ticket.number}"
    return f"{base}/take/{ticket.number}/{agent.id}/{_mark(house, ticket.number, agent.id)}"


def is_take_link(house: House, number: int, agent_id: Id, mark: str) -> bool:
    """Tell whether a link was made by us for this ticket and this person."""
    return same(mark, _mark(house, number, agent_id))


def _mark(house: House, number: int, agent_id: Id) -> str:
    return keyed(house.secret, f"take:{number}:{agent_id}", length=_LENGTH)


def feed_url(house: House, schedule: str, who: str) -> str:
    """Return the address of a schedule's calendar feed: an agent's, or everybody's (``all``)."""
    base = house.settings.desk.url.rstrip("/")
    return f"{base}/feeds/{quote(schedule, safe='')}/{who}/{_feed_mark(house, schedule, who)}.ics"


def is_feed_link(house: House, schedule: str, who: str, mark: str) -> bool:
    """Tell whether a feed's link was made by us for this schedule and person."""
    return same(mark, _feed_mark(house, schedule, who))


def _feed_mark(house: House, schedule: str, who: str) -> str:
    return keyed(house.secret, f"feed:{schedule}:{who}", length=_LENGTH)
