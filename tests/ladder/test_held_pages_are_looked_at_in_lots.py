"""Many held pages come due together: ladders are climbed meanwhile, and nobody's list is split."""

from datetime import UTC, datetime

from app.models import Page
from escalation.engine import LOT, lots

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def held(*people: str) -> list[Page]:
    return [Page(person=person, check_at=NOW) for person in people]


def test_a_persons_pages_stay_together_and_who_waited_longest_comes_first() -> None:
    due = held("ola", "kari", "ola", *["per"] * LOT, "kari", "ida")
    names = {page.id: page.person for page in due}
    told = [[names[one] for one in lot] for lot in lots(due)]
    assert told == [["ola", "ola", "kari", "kari", *["per"] * LOT], ["ida"]]


def test_one_person_with_more_than_a_lot_is_one_lot() -> None:
    assert [len(lot) for lot in lots(held(*["ola"] * (3 * LOT), "kari"))] == [3 * LOT, 1]


def test_of_nothing_there_is_no_lot() -> None:
    assert lots([]) == []
