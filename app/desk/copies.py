"""Who else gets an answer: those whom the customer had in copy."""

from sqlmodel import Session

from app.desk.house import House
from app.models import Ticket
from app.store import families, tickets

# More than this is a mailing list, and an agent may name whom he means.
MOST_COPIES = 20


def kept_copies(session: Session, house: House, ticket: Ticket, customer: str) -> list[str]:
    """Return whom an answer is copied to: everybody of the newest message that a person wrote.

    1. Its writer, where that is a colleague of the customer's.
    2. Those it was to and copied to.
    3. Whoever the tickets are of that were merged into this one.
    4. But the customer, to whom the answer goes, and our own addresses, which would make a loop.
    """
    newest = tickets.newest_from_a_person(session, ticket.id)
    everybody: list[str] = []
    if newest is not None:
        everybody += [newest.from_address, *newest.to_addresses, *newest.cc_addresses]
    everybody += families.addresses(session, families.family(session, ticket.id)[1:])
    left_out = {customer.lower(), *house.own_addresses}
    kept = dict.fromkeys(
        address
        for address in everybody
        if "@" in address and not {address.lower(), _plain(address)} & left_out
    )
    return list(kept)[:MOST_COPIES]


def _plain(address: str) -> str:
    """Return the address without what follows a plus sign: a reply address is our own."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
