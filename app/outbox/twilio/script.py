"""What Twilio is to say and do in a call, as its own mark-up (TwiML).

A script is written one verb after the other, in one voice. What is said can hold anything that a
stranger wrote: it is text and never mark-up.
"""

import re
from typing import Any, Final, Self

from twilio.twiml.voice_response import Dial, Gather, Start, VoiceResponse
from typing_extensions import override

from app.config import Voice

# Twilio refuses a call whose script is longer (https://www.twilio.com/docs/api/errors/21626).
LONGEST: Final = 4000
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
# A code or a telephone number is said sign by sign; "198" is a number.
_CODE = re.compile(r"(?<!\d)\+?\d{5,}(?!\d)")


class Script:
    """A call's script; each method adds a verb and returns the script."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._response = VoiceResponse()

    def say(self, text: str) -> Self:
        """Say something."""
        self._say(self._response, text)
        return self

    def ask(self, text: str, action: str, *, wait_s: int = 6) -> Self:
        """Say something while waiting for one key, and post it to ``action``.

        Without a key the next verb's turn comes.
        """
        gather = Gather(num_digits=1, timeout=wait_s, action=action, method="POST", input="dtmf")
        self._say(gather, text)
        self._response.append(gather)
        return self

    def listen(self, text: str, action: str, *, wait_s: int, hints: str) -> Self:
        """Say something while waiting for one key or a word, and post either to ``action``.

        Silence is posted as well. ``hints`` are words that are likely, separated by commas.
        """
        gather = Gather(
            num_digits=1,
            timeout=wait_s,
            action=action,
            method="POST",
            input="dtmf speech",
            language=self._voice.language,
            speech_timeout="auto",
            hints=hints,
            action_on_empty_result=True,
        )
        self._say(gather, text)
        self._response.append(gather)
        return self

    def connect(
        self, number: str, *, caller_id: str, ring_s: int, action: str, whisper: str | None = None
    ) -> Self:
        """Ring a number; ``action`` is told how that went, and says how to go on.

        Whoever picks up is told by the script at ``whisper`` first, and may refuse.
        """
        dial = Dial(
            action=action, method="POST", timeout=ring_s, caller_id=caller_id, answer_on_bridge=True
        )
        dial.number(number, **({"url": whisper, "method": "POST"} if whisper else {}))
        self._response.append(dial)
        return self

    def transcribe(self, status: str) -> Self:
        """Write down what the caller says from here on; its parts are posted to ``status``."""
        start = Start()
        start.transcription(
            language_code=self._voice.language,
            track="inbound_track",
            partial_results=False,
            status_callback_url=status,
            status_callback_method="POST",
        )
        self._response.append(start)
        return self

    def record(self, *, action: str, status: str, longest_s: int, silence_s: int) -> Self:
        """Record a message; ``status`` is told of the recording.

        Where nothing was said, the next verb's turn comes.
        """
        self._response.record(
            action=action,
            method="POST",
            max_length=longest_s,
            timeout=silence_s,
            finish_on_key="#",
            play_beep=True,
            recording_status_callback=status,
            recording_status_callback_method="POST",
            recording_status_callback_event="completed absent",
        )
        return self

    def wait(self, seconds: int) -> Self:
        """Say nothing for a while."""
        self._response.pause(length=seconds)
        return self

    def go_on(self, url: str) -> Self:
        """Go on with the script that an address of ours returns."""
        self._response.redirect(url, method="POST")
        return self

    def hang_up(self) -> Self:
        """End the call."""
        self._response.hangup()
        return self

    @override
    def __str__(self) -> str:
        """Return the mark-up."""
        return str(self._response)

    def _say(self, where: Any, text: str) -> None:
        where.say(speakable(text), voice=self._voice.voice, language=self._voice.language)


def speakable(text: str) -> str:
    """Return text as it is to be said: without control signs, and codes sign by sign."""
    plain = _UNSPEAKABLE.sub(" ", text)
    return _CODE.sub(lambda found: " ".join(found[0]), plain).strip()
