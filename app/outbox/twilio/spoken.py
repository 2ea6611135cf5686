"""A message as it is said on a call: a page and a bridge ask for a key, all else is said twice."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from app.config import Settings
from app.outbox.twilio.script import Script

# The keys come to this address, with the delivery's id behind it.
KEYS_PATH: Final = "/twilio/pages"
# A key on a call that connects two people comes to the first of these; how it went to the second.
BRIDGE_PATH: Final = "/twilio/line/bridge"
BRIDGED_PATH: Final = "/twilio/line/bridged"
LONGEST_BRIDGE_S: Final = 4 * 3600
# A page is said so often to whoever presses nothing. Three times the longest text and its mark-up
# stay below what a call's script may be.
_TIMES = 3
_LONGEST_TEXT = 600

_KEYS: Final = {
    "nb": "Trykk 1 for å ta saken. Trykk 2 hvis du ikke kan. Trykk 3 for å høre det igjen.",
    "nn": "Trykk 1 for å ta saka. Trykk 2 om du ikkje kan. Trykk 3 for å høyre det igjen.",
    "en": "Press 1 to take it. Press 2 if you cannot. Press 3 to hear it again.",
}
_NO_KEY: Final = {
    "nb": "Du trykket ikke på noe, så vi prøver på en annen måte.",
    "nn": "Du trykte ikkje på noko, så vi prøver på ein annan måte.",
    "en": "You pressed no key, so we try another way.",
}


def script_of(settings: Settings, payload: Mapping[str, object], delivery: str) -> Script:
    """Return what a delivery's call says."""
    language = str(payload.get("language", ""))
    script = Script(settings.twilio.voice_of(language))
    text = str(payload["text"])[:_LONGEST_TEXT]
    bridge = payload.get("bridge")
    if isinstance(bridge, Mapping):
        action = f"{settings.twilio_url}{BRIDGE_PATH}?{urlencode({**bridge, 'language': language})}"
        return script.ask(text, action).ask(text, action).hang_up()
    if not payload.get("step"):
        return script.say(text).wait(1).say(text).hang_up()
    action = f"{settings.twilio_url}{KEYS_PATH}/{delivery}?language={language}"
    keys = _KEYS.get(language, _KEYS["en"])
    for _ in range(_TIMES):
        script.ask(f"{text} {keys}", action)
    return script.say(_NO_KEY.get(language, _NO_KEY["en"])).hang_up()
