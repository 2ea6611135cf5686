"""The keys that are pressed on a page's call.

Twilio posts a key and does what it is told in return, within half a second whatever the database
does. Where the key could not be noted yet, the caller is asked to wait and the same key is tried
again, three times; what was noted late is noted.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.config import Settings
from app.desk.house import House
from app.desk.page_answers import Answer, answer_call, in_words
from app.kit.db import Database
from app.outbox.twilio.script import Script
from app.outbox.twilio.spoken import KEYS_PATH, script_of
from app.outbox.twilio.webhook import FromTwilio, Webhook, promptly

router = APIRouter(tags=["twilio"], include_in_schema=False)
_TRIES = 3
_PAUSE_S = 2
_WAIT: Final = {"nb": "Et øyeblikk.", "nn": "Eit augeblikk.", "en": "One moment."}
_SORRY: Final = {
    "nb": "Vi fikk ikke notert svaret ditt. Svar på SMS, eller logg inn. Vi varsler videre.",
    "nn": "Vi fekk ikkje notert svaret ditt. Svar på SMS, eller logg inn. Vi varslar vidare.",
    "en": "We could not note your answer. Answer by SMS, or sign in. We go on paging.",
}


@router.post(f"{KEYS_PATH}/{{delivery_id}}")
async def press(request: Request, delivery_id: UUID, hook: FromTwilio) -> Response:
    """Do what a key asks for, and say what came of it."""
    db: Database = request.app.state.db
    house: House = request.app.state.house
    key = hook.get("Digits") or hook.query.get("key", "")

    def work() -> Script:
        with db.writing() as session:
            outcome = answer_call(session, house, delivery_id, key, now=hook.now)
            if outcome.answer is Answer.AGAIN and outcome.delivery is not None:
                return script_of(house.settings, outcome.delivery.payload, str(delivery_id))
        voice = house.settings.twilio.voice_of(outcome.language)
        return Script(voice).say(in_words(outcome)).hang_up()

    script = await promptly(work, _later(house.settings, delivery_id, hook, key))
    return Response(str(script), media_type="text/xml")


def _later(settings: Settings, delivery_id: UUID, hook: Webhook, key: str) -> Callable[[], Script]:
    def say() -> Script:
        language = hook.query.get("language", "")
        script = Script(settings.twilio.voice_of(language))
        tried = hook.query.get("tried", "")
        if len(tried) >= _TRIES:
            return script.say(_SORRY.get(language, _SORRY["en"])).hang_up()
        again = f"{settings.twilio_url}{KEYS_PATH}/{delivery_id}"
        asked = f"language={language}&key={'3' if key == '*' else key}&tried={tried}x"
        return script.say(_WAIT.get(language, _WAIT["en"])).wait(_PAUSE_S).go_on(f"{again}?{asked}")

    return say
