import base64
from typing import Any

import pytest

from tests.harness.world import World, make_mail

TICKETS = "/api/v1/tickets"


def opened(world: World, count: int) -> World:
    for number in range(count):
        world.put(make_mail(message_id=f"<{number}@fjellbod.example>", subject=f"Feil {number}"))
    world.process_all()
    world.postman.taken.clear()
    return world


def walk(client: Any, path: str, limit: int, key: str) -> list[Any]:
    seen: list[Any] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        answer = client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        seen += [row[key] for row in page["items"]]
        if page["next"] is None:
            return seen
        params["cursor"] = page["next"]


def test_pages_of_tickets_join_without_a_gap_while_tickets_come(world: World) -> None:
    client = opened(world, 5).web()
    first = client.get(TICKETS, params={"limit": 2}).json()
    world.mail(message_id="<new@fjellbod.example>", subject="Noe helt annet")
    rest = client.get(TICKETS, params={"limit": 200, "cursor": first["next"]}).json()
    assert [row["number"] for row in first["items"] + rest["items"]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None
    world.process_all()
    world.postman.taken.clear()


def test_pages_of_a_conversation_and_its_log_join_without_a_gap(world: World) -> None:
    client = opened(world, 1).web()
    for number in range(5):
        client.post(f"{TICKETS}/1/notes", json={"text": f"Notat {number}"})
    texts = walk(client, f"{TICKETS}/1/messages", 2, "text")
    assert texts[-5:] == [f"Notat {number}" for number in range(5)]
    assert walk(client, f"{TICKETS}/1/timeline", 1, "kind")[-5:] == ["noted"] * 5
    assert len(walk(client, f"{TICKETS}/1/deliveries", 1, "id")) == 1


def test_a_short_list_is_cut_by_the_same_rules(world: World) -> None:
    client = world.web()
    assert walk(client, "/api/v1/agents", 1, "name") == ["Ingrid Leder", "Ola Vakt"]


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "W10",  # []
        base64.urlsafe_b64encode(b'["a"]').decode(),
        base64.urlsafe_b64encode(b"[9223372036854775808]").decode(),
        base64.urlsafe_b64encode(b"[" * 900).decode(),
    ],
)
def test_a_cursor_of_somebody_elses_making_is_refused(world: World, cursor: str) -> None:
    answer = world.web().get(TICKETS, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "query.cursor")


def test_a_misspelt_filter_is_refused(world: World) -> None:
    answer = world.web().get(TICKETS, params={"statsu": "open"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.statsu"
