"""A client that is generated from the OpenAPI document does a day's work.

The generator and what it generates live in an environment of their own, since they want other
versions of what we use: ``SVARTID_CLIENT_GENERATOR`` names the program (``.ci/run`` installs it).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from app.demo.mailhost import free_port
from app.main import create_app
from tests.harness.require import missing
from tests.harness.serving import serving
from tests.harness.world import KARI, World

STORY = """
import sys
from uuid import uuid4
from client import AuthenticatedClient
from client.api.tickets import (
    get_ticket, list_tickets, note_on_ticket, reply_to_ticket, resume_ticket, solve_ticket,
    wait_for_customer,
)
from client.models import NoteIn, Problem, ReasonIn, ReplyIn, Status, WaitIn

url, token = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)
page = list_tickets.sync(client=client, status=[Status.OPEN])
(ticket,) = page.items
assert ticket.clocks[0].target_at.tzinfo is not None
key = str(uuid4())
for _ in range(2):
    said = reply_to_ticket.sync(
        ticket.number, client=client, body=ReplyIn(text="Vi ser paa det."), idempotency_key=key
    )
waiting = wait_for_customer.sync(ticket.number, client=client, body=WaitIn(reason="Hvilken?"))
assert waiting.status is Status.WAITING, waiting
read = get_ticket.sync_detailed(ticket.number, client=client)
tag = read.headers["ETag"]
assert resume_ticket.sync(
    ticket.number, client=client, body=ReasonIn(), if_match=tag
).status is Status.OPEN
stale = note_on_ticket.sync(ticket.number, client=client, body=NoteIn(text="Hei"), if_match=tag)
assert isinstance(stale, Problem) and stale.status == 412, stale
solved = solve_ticket.sync(ticket.number, client=client, body=ReasonIn(reason="Rettet."))
assert solved.status is Status.SOLVED, solved
twice = solve_ticket.sync(ticket.number, client=client, body=ReasonIn())
assert isinstance(twice, Problem) and twice.remedy == "Reopen it first.", twice
print("done")
"""


@contextmanager
def served(world: World) -> Generator[str]:
    """Serve a world's application on a port of this machine."""
    port = free_port()
    with serving(create_app(world.db, world.house, world.clock), port):
        yield f"http://127.0.0.1:{port}"


def generator() -> Path:
    """Return the program that generates clients."""
    found = os.environ.get("SVARTID_CLIENT_GENERATOR") or shutil.which("openapi-python-client")
    if found is None:
        missing("openapi-python-client, which SVARTID_CLIENT_GENERATOR names")
    return Path(str(found))


def test_a_generated_client_lists_replies_pauses_and_solves(world: World, tmp_path: Path) -> None:
    program = generator()
    world.mail("Hei\n\nLogoen er skjev.\n", subject="Skjev logo")
    world.process_all()
    world.postman.expect(KARI)
    token = str(world.web().headers["Authorization"]).removeprefix("Bearer ")
    document = tmp_path / "openapi.json"
    app = create_app(world.db, world.house, world.clock)
    document.write_text(json.dumps(app.openapi()), encoding="utf-8")
    subprocess.run(
        [program, "generate", "--path", document, "--meta", "none", "--output-path", "client"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env={"PATH": f"{program.parent}:{os.environ['PATH']}"},
    )
    with served(world) as url:
        told = subprocess.run(
            [program.parent / "python", "-c", STORY, url, token],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
    assert told.stdout.strip() == "done", told.stderr
    assert world.ticket().status == "solved"
    world.process_all()
    world.postman.expect(KARI, saying="Vi ser paa det.")
