"""``svartid mail``: look at mail as the intake sees it, and at letters as a customer does."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.cli import letters
from intake.mail import ParsedMail, parse

commands = typer.Typer(help="Look at mail as the intake sees it.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Look at mail as the intake sees it."""


@commands.command("parse")
def parse_files(
    files: Annotated[list[Path], typer.Argument(help="Raw messages.")],
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON a file.")] = False,
) -> None:
    """Tell what intake makes of raw messages, in the order given."""
    failed = False
    for file in files:
        try:
            told = told_of(file, parse(file.read_bytes()))
        except OSError as error:
            failed = True
            told = {"file": str(file), "error": f"cannot be read: {error.strerror}"}
        if as_json:
            print(json.dumps(told, ensure_ascii=False))
        else:
            print("\n".join(f"{key}: {value}" for key, value in told.items()), end="\n\n")
    if failed:
        raise typer.Exit(1)


def told_of(file: Path, mail: ParsedMail) -> dict[str, object]:
    """Return a message as plain data."""
    bounce = mail.bounce
    return {
        "file": str(file),
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


commands.command("preview")(letters.preview)
