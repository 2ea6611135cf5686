"""A letter to change in tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.outbox.compose import Letter

ACKNOWLEDGEMENT = Letter(
    from_address="support@example.no",
    from_name="Eksempel drift",
    to=("kari@kunde.example",),
    subject="[#198] Nettbutikken er nede på mobil",
    text="Hei Kari,\n\nTakk for at du sa fra. Vi svarer deg innen kl. 14.30.\n\nHilsen oss\n",
    html="<p>Hei Kari,</p>\n<p>Takk for at du sa fra. Vi svarer deg senest i dag kl. 14.30.</p>\n",
    message_id="198.receipt.abcdefghijklmnop@example.no",
    in_reply_to="q1@kunde.example",
    references=("q0@kunde.example",),
    reply_to="support+198.abcdefghijklmnop@example.no",
    date=datetime(2026, 11, 23, 13, 30, tzinfo=UTC),
    auto_submitted="auto-replied",
)


def make_letter(**changes: Any) -> Letter:
    return replace(ACKNOWLEDGEMENT, **changes)
