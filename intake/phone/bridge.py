"""Calling a customer back: Twilio has rung the agent, and rings the customer when a key is pressed.

What it is about travels in the addresses, which Twilio signs.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from app.desk.call_report import CallReport
from app.desk.calls import record_call
from app.desk.house import House
from app.kit.db import Database
from app.models import CallOutcome, Direction
from app.outbox.twilio.script import Script
from app.outbox.twilio.spoken import BRIDGED_PATH
from app.outbox.twilio.webhook import Webhook
from intake.phone.line import SOURCE

OUTCOMES: Final = {
    "completed": CallOutcome.ANSWERED,
    "answered": CallOutcome.ANSWERED,
    "busy": CallOutcome.BUSY,
    "no-answer": CallOutcome.MISSED,
    "canceled": CallOutcome.MISSED,
    "failed": CallOutcome.FAILED,
}
# Somebody who is called back has a telephone in the pocket, or across the room.
_RING_S = 40


@dataclass(frozen=True, slots=True)
class Bridge:
    """One request of a call back."""

    db: Database
    house: House
    hook: Webhook

    def connect(self) -> Script:
        """Ring the customer, where the agent has pressed the key."""
        if self.hook.get("Digits") != "1":
            return self.end()
        twilio = self.house.settings.twilio
        to = self.hook.query.get("to", "")
        return self._script().connect(
            to,
            caller_id=twilio.number or "",
            ring_s=_RING_S,
            action=f"{self.house.settings.twilio_url}{BRIDGED_PATH}?{urlencode(self.hook.query)}",
        )

    def note(self) -> Script:
        """Write the call down; one that the customer answered does the task to call back."""
        query, now = self.hook.query, self.hook.now
        outcome = OUTCOMES.get(self.hook.get("DialCallStatus"), CallOutcome.FAILED)
        length = self.hook.get("DialCallDuration")
        began = now - timedelta(seconds=int(length) if length.isdecimal() else 0)
        ticket = query.get("ticket", "")
        report = CallReport(
            source=SOURCE,
            external_id=self.hook.get("CallSid"),
            direction=Direction.OUTBOUND,
            from_number=self.house.settings.twilio.number or "",
            to_number=query.get("to", ""),
            started_at=began,
            answered_at=began if outcome is CallOutcome.ANSWERED else None,
            ended_at=now,
            outcome=outcome,
            agent_id=UUID(query["agent"]) if query.get("agent") else None,
            ticket_number=int(ticket) if ticket.isdecimal() else None,
        )
        with self.db.writing() as session:
            record_call(session, self.house, report, now=now)
        return self.end()

    def end(self) -> Script:
        """Hang up."""
        return self._script().hang_up()

    def _script(self) -> Script:
        language = self.hook.query.get("language", "")
        return Script(self.house.settings.twilio.voice_of(language))
