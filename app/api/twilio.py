"""How an SMS or a call of ours goes, as Twilio tells it."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.desk.house import House
from app.desk.phone_status import Report, note_status
from app.kit.db import Database
from app.outbox.twilio.account import STATUS_PATH
from app.outbox.twilio.webhook import FromTwilio, promptly

router = APIRouter(tags=["twilio"], include_in_schema=False)


@router.post(f"{STATUS_PATH}/{{delivery_id}}", status_code=204)
async def status(request: Request, delivery_id: UUID, hook: FromTwilio) -> Response:
    """Settle a delivery; a status that comes again, or too late, changes nothing."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    code = hook.get("ErrorCode")
    report = Report(
        sid=hook.get("MessageSid") or hook.get("CallSid"),
        status=hook.get("MessageStatus") or hook.get("CallStatus"),
        code=int(code) if code.isdecimal() else None,
        answered_by=hook.get("AnsweredBy"),
    )

    def work() -> int:
        with db.writing() as session:
            note_status(session, house, delivery_id, report, now=hook.now)
        return 204

    # Anything else than "2xx" stands in Twilio's log of errors; silence is dealt with by the page.
    return Response(status_code=await promptly(work, lambda: 503, within_s=10))
