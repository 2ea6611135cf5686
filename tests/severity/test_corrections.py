"""What an agent has corrected is learned from, out of the log of the tickets."""

from app.sla.terms import Severity
from app.store import tickets
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
