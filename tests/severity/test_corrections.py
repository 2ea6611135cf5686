"""What an agent has corrected is learned from, out of the log of the tickets."""

from pathlib import Path

from app.sla.terms import Severity
from app.store import tickets
from tests.harness.command import said
from tests.harness.world import World

TICKETS = "/api/v1/tickets"


def test_a_correction_by_an_agent_is_an_example_and_a_raise_by_the_house_is_none(
    world: World,
) -> None:
    world.mail(subject="Plukkrobot", text="Plukkroboten har stanset.\n")
    world.mail(subject="Takk", text="Takk for hjelpen!\n", message_id="<2@fjellbod.example>")
    world.process_all()
    world.postman.taken.clear()  # The receipts are other stories'.
    answer = world.web().put(
        f"{TICKETS}/1/severity", json={"severity": "critical", "reason": "The warehouse stands."}
    )
    assert answer.status_code == 200, answer.text
    with world.db.reading() as session:
        learned = [
            (ticket.severity, message.subject, message.text.strip())
            for ticket, message in tickets.corrected_severities(session)
        ]
    assert learned == [(Severity.CRITICAL, "Plukkrobot", "Plukkroboten har stanset.")]


def test_a_correction_that_was_taken_back_is_no_example(world: World, tmp_path: Path) -> None:
    world.mail(subject="Plukkrobot", text="Plukkroboten har stanset.\n")
    world.process_all()
    world.postman.taken.clear()  # The receipt is another story's.
    web = world.web()
    train = ("severity", "train", "--corrections", "--to", str(tmp_path / "own.json"), "--alone")
    for severity in ("serious", "critical"):
        body = {"severity": severity, "reason": "The warehouse stands."}
        assert web.put(f"{TICKETS}/1/severity", json=body).status_code == 200
    assert "1 corrections by agents" in said(world, *train)
    for left in (Severity.SERIOUS, None):
        undone = web.post(f"{TICKETS}/1/undo", json={"what": "severity", "reason": "A mistake."})
        assert undone.status_code == 200, undone.text
        with world.db.reading() as session:
            learned = [one.severity for one, _ in tickets.corrected_severities(session)]
        assert learned == ([] if left is None else [left])
