"""Whatever goes wrong in whatever order: nothing reported sent is lost, nothing is doubled."""

import asyncio
from dataclasses import dataclass

from hypothesis import event, given, settings
from hypothesis import strategies as st

from app.config import Security
from app.outbox.refusals import MailDeferred, MailRefused
from app.outbox.smtp import Sent, SmtpSettings, SmtpTransport
from tests.harness.smtp_server import SmtpServer, Stage

STAGES = (Stage.MAIL, Stage.RCPT, Stage.RSET, Stage.DATA, Stage.CONTENT, Stage.ACCEPTED)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong while one mail is sent."""

    stage: Stage
    reply: str | None
    drop: bool


def troubles() -> st.SearchStrategy[Trouble]:
    return st.builds(
        Trouble,
        stage=st.sampled_from(STAGES),
        reply=st.sampled_from(
            [None, "421 4.3.2 down", "451 4.3.0 later", "550 5.0.0 no", "250 yes", "354 go"]
        ),
        drop=st.booleans(),
    )


async def send_all(server: SmtpServer, plan: list[list[Trouble]]) -> list[object]:
    transport = SmtpTransport(
        SmtpSettings(
            host="127.0.0.1",
            port=server.port,
            security=Security.NONE,
            hello="desk.example.no",
            timeout_s=5,
            accept_s=5,
        )
    )
    outcomes: list[object] = []
    for number, going_wrong in enumerate(plan):
        for trouble in going_wrong:
            server.go_wrong(trouble.stage, reply=trouble.reply, drop=trouble.drop)
        mail = f"Message-ID: <{number}@example.no>\r\n\r\n.\r\n{number}\r\n".encode()
        try:
            outcomes.append(
                await transport.send("support@example.no", (f"p{number}@kunde.example",), mail)
            )
        except (MailDeferred, MailRefused) as error:
            outcomes.append(error)
        server.faults.clear()
    await transport.close()
    return outcomes


def lies(trouble: Trouble) -> bool:
    """Say whether a server that does this breaks SMTP, and no promise can hold.

    A "250" to a content that it throws away, or another answer after one that it keeps.
    """
    said_yes = trouble.reply is not None and trouble.reply.startswith("250")
    if trouble.stage is Stage.CONTENT:
        return said_yes
    return trouble.stage is Stage.ACCEPTED and trouble.reply is not None and not said_yes


@settings(max_examples=60, deadline=None)
@given(
    plan=st.lists(
        st.lists(troubles().filter(lambda trouble: not lies(trouble)), max_size=3),
        min_size=1,
        max_size=5,
    ),
    pipelining=st.booleans(),
)
def test_what_is_reported_is_what_happened(plan: list[list[Trouble]], pipelining: bool) -> None:
    with SmtpServer(pipelining=pipelining).serve() as server:
        outcomes = asyncio.run(send_all(server, plan))
    for number, outcome in enumerate(outcomes):
        taken = [mail for mail in server.received if b"<%d@" % number in mail.data]
        event(type(outcome).__name__)
        if isinstance(outcome, Sent):
            assert len(taken) == 1
            assert taken[0].data.endswith(b"\r\n\r\n.\r\n%d\r\n" % number)
            assert taken[0].recipients == (f"p{number}@kunde.example",)
        elif isinstance(outcome, MailDeferred) and outcome.uncertain:
            event("uncertain")
            assert len(taken) <= 1
        else:
            assert taken == []
