"""``POST /twilio/sms``: an SMS to our number, as Twilio hands it over.

"204" is said only after the commit; anything else, and Twilio goes to the fallback address and
writes an error down. An SMS is told once by its MessageSid, however often Twilio repeats itself.
"""

from fastapi import APIRouter, Request, Response

from app.desk.house import House
from app.desk.texts import TextMessage, take_sms
from app.kit.db import Database
from app.kit.errors import BadInput
from app.outbox.twilio.webhook import FromTwilio, Webhook, promptly
from intake.thanks import is_bare_thanks

router = APIRouter(tags=["twilio"], include_in_schema=False)
PATH = "/twilio/sms"
# Twilio itself waits for fifteen seconds.
_WITHIN_S = 10.0
_MOST_FILES = 10


@router.post(PATH, status_code=204)
async def take(request: Request, hook: FromTwilio) -> Response:
    """Take an SMS in; an empty "200" would stand in Twilio's log as an error."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    sms = sms_of(hook)

    def work() -> int:
        with db.writing() as session:
            take_sms(session, house, sms, now=hook.now)
        return 204

    return Response(status_code=await promptly(work, lambda: 503, within_s=_WITHIN_S))


def sms_of(hook: Webhook) -> TextMessage:
    """Return what was sent; BadInput for what is no SMS."""
    sid, sender, text = hook.get("MessageSid"), hook.get("From"), hook.get("Body")
    if not sid or not sender:
        raise BadInput("this is no SMS", field="MessageSid")
    count = hook.get("NumMedia")
    files = range(min(int(count), _MOST_FILES) if count.isdecimal() else 0)
    return TextMessage(
        sid=sid,
        sender=sender,
        text=text,
        at=hook.now,
        files=tuple(url for number in files if (url := hook.get(f"MediaUrl{number}"))),
        only_thanks=is_bare_thanks(text),
    )
