"""Search: by what was said, by whom, by what files are called; in two languages."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.harness.world import World

SEARCH, TICKETS = "/api/v1/search", "/api/v1/tickets"


@pytest.fixture
def said(world: World) -> World:
    """A world where four customers have written of different things."""
    mails = (
        ("Faktura 20417", "Fakturaene våre viser feil beløp i kassen.", "kari@fjellbod.example"),
        ("Treg side", "Siden laster sakte når kundene velger frakt.", "ole@butikk.example"),
        ("Payments fail", "Customers see an error when they are paying.", "ann@shop.example"),
        ("Spørsmål", "Hei! Jeg er i gang med å bytte epost.", "per@fjellbod.example"),
    )
    for number, (subject, text, sender) in enumerate(mails, start=1):
        world.mail(
            f"{text}\n",
            subject=subject,
            sender=f"Navn {number} <{sender}>",
            message_id=f"<{number}@x>",
        )
    world.deliver()
    world.postman.taken.clear()  # Receipts are another story's.
    return world


def found(web: TestClient, q: str, **params: Any) -> list[int]:
    answer = web.get(SEARCH, params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    return [one["ticket"]["number"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("faktura", {1}),
        ("fakturaer", {1}),
        ("FAKTURAENE kasse", {1}),
        ("20417", {1}),
        ("2041", set()),
        ("siden", {2}),
        ("payment", {3}),
        ("customer paid", set()),
        ("customers pay", {3}),
        ("spørsmål", {4}),
        ("fjellbod", {1, 4}),
        ("kari@fjellbod.example", {1}),
        ("fjellbod -faktura", {4}),
        ('"laster sakte"', {2}),
        ('"sakte laster"', set()),
        ("Navn", {1, 2, 3, 4}),
        ("mottatt", set()),
    ],
)
def test_words_are_found_in_their_forms(said: World, q: str, expected: set[int]) -> None:
    assert set(found(said.web(), q)) == expected


def test_a_subject_counts_more_than_a_mention(said: World) -> None:
    web = said.web()
    web.post(f"{TICKETS}/2/notes", json={"text": "Kunden nevnte en faktura også."})
    assert found(web, "faktura") == [1, 2]


def test_a_file_and_a_note_are_found_and_the_snippet_says_where(said: World) -> None:
    web = said.web()
    files = [{"name": "serverlogg_mars.txt", "data": "YQ=="}]
    web.post(f"{TICKETS}/3/replies", json={"text": "See the file.", "attachments": files})
    assert found(web, "serverlogg") == [3]
    text = "Lang innledning. " * 30 + "Så kom feilmeldingen om sertifikatet <b>i dag</b>."
    web.post(f"{TICKETS}/2/notes", json={"text": text})
    one = web.get(SEARCH, params={"q": "sertifikat"}).json()["items"][0]
    assert one["ticket"]["number"] == 2
    (mark,) = one["marks"]
    assert one["snippet"][mark["start"] : mark["end"]] == "sertifikatet"
    assert "<b>i dag</b>" in one["snippet"]
    said.deliver()
    said.postman.taken.clear()


def test_a_search_is_narrowed_by_filters(said: World) -> None:
    web = said.web()
    web.post(f"{TICKETS}/1/solve", json={})
    assert found(web, "fjellbod", status="open") == [4]
    assert found(web, "fjellbod", status="solved") == [1]


def test_pages_of_a_search_join_while_more_is_said(said: World) -> None:
    web = said.web()
    seen: list[int] = []
    cursor = None
    while True:
        params = {"q": "navn", "limit": 1, **({"cursor": cursor} if cursor else {})}
        page = web.get(SEARCH, params=params).json()
        seen += [one["ticket"]["number"] for one in page["items"]]
        web.post(f"{TICKETS}/4/notes", json={"text": "navn navn navn"})
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == [1, 2, 3, 4]


def test_what_is_split_off_is_found_where_it_went(said: World) -> None:
    web = said.web()
    said.mail(
        "Dessuten er sertifikatet utløpt.\n",
        sender="Navn 1 <kari@fjellbod.example>",
        message_id="<9@x>",
        In_Reply_To="<1@x>",
    )
    last = web.get(f"{TICKETS}/1/messages").json()["items"][-1]
    assert found(web, "sertifikat") == [1]
    web.post(f"{TICKETS}/1/split", json={"messages": [last["id"]], "subject": "Sertifikat"})
    assert found(web, "utløpt") == [5]
    said.deliver()
    said.postman.taken.clear()


@pytest.mark.parametrize(
    "q",
    [
        '"',
        "'",
        "AND OR NOT NEAR(",
        "a* OR b*",
        "head:x",
        "{ } ( ) [ ]",
        "-",
        '-"',
        "& | ! <-> :*",
        "\\",
        "%_",
        "'; DROP TABLE ticket; --",
        "\u0000",
        "🦖",
        "og",
        "the",
        "x" * 500,
        '"a b" -"c d" ' * 35,
        ":words :term0 %(term0)s",
    ],
)
def test_nothing_that_is_typed_is_an_error(said: World, q: str) -> None:
    assert said.web().get(SEARCH, params={"q": q}).status_code == 200
