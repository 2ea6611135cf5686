"""``svartid mail parse``: look at raw messages as the intake sees them.

Reading a file needs nothing of the house, so this module imports nothing of it: the command starts
at once, and its memory is that of the message.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from intake.mail import ParsedMail, parse

# What the intake takes by default (``intake.max_bytes``); of a larger message, the beginning.
LONGEST = 50_000_000


def parse_files(
    files: Annotated[list[Path], typer.Argument(help="Raw messages.")],
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON a file.")] = False,
) -> None:
    """Tell what intake makes of raw messages, in the order given.

    A file that cannot be read has its line as well, which says why; the exit status is then 1.
    """
    failed = False
    for file in files:
        try:
            told = told_of(file, _read(file))
        except (OSError, ValueError) as error:
            failed = True
            why = error.strerror if isinstance(error, OSError) else str(error)
            told = told_of(file, ParsedMail(problems=(f"the file cannot be read: {why}",)))
        if as_json:
            line = json.dumps(told, ensure_ascii=False) + "\n"
        else:
            line = "".join(f"{key}: {value}\n" for key, value in told.items()) + "\n"
        # Whatever the terminal's own charset is; what no charset has is escaped.
        sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    if failed:
        raise typer.Exit(1)


def _read(file: Path) -> ParsedMail:
    with file.open("rb") as stream:
        raw = stream.read(LONGEST)
        more = bool(stream.read(1))
    mail = parse(raw)
    if more:
        problem = f"larger than {LONGEST} bytes: only the beginning was read"
        mail = _with_problem(mail, problem)
    return mail


def _with_problem(mail: ParsedMail, problem: str) -> ParsedMail:
    return ParsedMail(**{**vars(mail), "problems": (*mail.problems, problem)})


def told_of(file: Path, mail: ParsedMail) -> dict[str, object]:
    """Return a message as plain data."""
    bounce = mail.bounce
    return {
        "file": os.fsencode(file).decode("utf-8", "backslashreplace"),
        "from": mail.from_address,
        "from_name": mail.from_name,
        "to": list(mail.to),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "in_reply_to_first": mail.in_reply_to[0] if mail.in_reply_to else None,
        "references": list(mail.references),
        "text": mail.text,
        "html_text": mail.html_text,
        "reply_text": mail.reply_text,
        "quoted_text": mail.quoted_text,
        "attachments": [
            {"name": one.name, "size": one.size, "content_type": one.declared_type}
            for one in mail.attachments
        ],
        "verdict": mail.verdict.value,
        "verdict_reason": mail.verdict_reason,
        "is_auto_reply": mail.is_auto_reply,
        "is_bounce": mail.is_bounce,
        "is_complaint": mail.is_complaint,
        "is_read_receipt": mail.is_read_receipt,
        "is_delivery_notice": mail.is_delivery_notice,
        "final_recipients": list(bounce.final_recipients) if bounce else [],
        "bounce_status": list(bounce.statuses) if bounce else [],
        "bounce_is_temporary": bounce.is_temporary if bounce else None,
        "problems": list(mail.problems),
    }


def main(arguments: list[str]) -> None:
    """Run the command by itself, with the words behind ``svartid mail parse``."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(parse_files)
    alone(arguments, prog_name="svartid mail parse")
