"""People who phone the desk, and Twilio between them and it: strict about what it is told to do.

A caller hears what the desk's script says and does what a test says: presses, speaks, waits, leaves
a message, hangs up. Whoever is put through to is rung, and picks up or not. The callbacks come as
Twilio's do.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Self

from tests.harness.fake_twilio import ACCOUNT, OUR_NUMBER, PUBLIC, FakeTwilio, Made, Recording
from tests.harness.twiml import Heard, Verb, read

LINE = f"{PUBLIC}/twilio/line"
STATUS = f"{LINE}/status"
_MOST_STEPS = 12


@dataclass
class Caller:
    """One call to the desk's number, from the first word to the end."""

    twilio: FakeTwilio
    number: str
    sid: str = ""
    # What is left of the script that is being gone through.
    left: list[Verb] = field(default_factory=list)
    # All that was said since the last thing that the caller did.
    spoken: str = ""
    over: bool = False
    transcribing: str | None = None

    def __post_init__(self) -> None:
        self.made = Made(self.twilio.new_sid("CA"), {}, self.twilio.now(), direction="inbound")
        self.made.fields = {"From": [self.number], "To": [OUR_NUMBER]}
        self.made.status = "in-progress"
        self.sid = self.made.sid
        self.twilio.incoming.append(self.made)

    def dials(self, url: str = LINE) -> Self:
        """Call, and listen until something is asked for."""
        return self._follow(url, {"CallStatus": "ringing"})

    def hears(self, saying: str) -> Self:
        """Check what was said since the last thing done."""
        assert saying in self.spoken, self.spoken
        return self

    def presses(self, key: str) -> Self:
        """Press a key while the line waits for one."""
        return self._follow(self._asks().attributes["action"], {"Digits": key})

    def says(self, words: str) -> Self:
        """Say something while the line listens."""
        gather = self._asks()
        assert "speech" in gather.attributes["input"], "nobody listens"
        return self._follow(
            gather.attributes["action"], {"SpeechResult": words, "Confidence": "0.9"}
        )

    def waits(self) -> Self:
        """Do nothing while the line waits."""
        gather = self._asks()
        if gather.attributes.get("actionOnEmptyResult") == "true":
            return self._follow(gather.attributes["action"], {})
        self.left.pop(0)
        return self._go_on()

    # While somebody is rung.

    @property
    def rung(self) -> str:
        """Return the number that rings now."""
        return self._number().text

    def nobody_answers(self, status: str = "no-answer") -> Self:
        """Let it ring out."""
        self.twilio_passes(seconds=20)
        return self._dialled(status, bridged=False)

    def voicemail_answers(self) -> Self:
        """Let the person's own voicemail take the call: it presses nothing."""
        whisper = self._whisper()
        assert whisper.find("Gather") is not None
        assert whisper.find("Hangup") is not None, "a voicemail would be put through"
        return self._dialled("completed", bridged=False)

    def is_picked_up(self, *, saying: str = "", press: str = "1", lost: bool = False) -> Self:
        """Let the person pick up, hear what it is about, and press a key.

        ``lost``: the callback of the key comes to nothing.
        """
        whisper = self._whisper()
        assert saying in whisper.spoken, whisper.spoken
        gather = whisper.find("Gather")
        assert gather is not None
        if lost:
            return self
        answered = self._post(gather.attributes["action"], {"Digits": press}, child=True)
        if read(answered).find("Hangup") is not None:
            return self._dialled("completed", bridged=False)
        return self

    def talks(self, *, minutes: float) -> Self:
        """Let the two speak, and hang up."""
        self.twilio_passes(minutes=minutes)
        self._dialled("completed", bridged=True, seconds=int(minutes * 60))
        return self if self.over else self.hangs_up()

    # After the tone.

    def leaves(self, words: str, *, sound: bytes = b"ID3 hei", seconds: int = 12) -> Self:
        """Leave a message and hang up; Twilio tells of it and writes it down."""
        record = self._expect("Record")
        self.twilio_passes(seconds=seconds)
        made = Recording(self.twilio.new_sid("RE"), self.sid, sound, self.twilio.now())
        self.twilio.recordings[made.sid] = made
        where = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/{made.sid}"
        told = {"RecordingSid": made.sid, "RecordingUrl": where, "RecordingDuration": str(seconds)}
        self._follow(record.attributes["action"], {**told, "Digits": "hangup"})
        self._tell(
            record.attributes["recordingStatusCallback"],
            {**told, "RecordingStatus": "completed", "RecordingSource": "RecordVerb"},
            bare=True,
        )
        if self.transcribing:
            self._is_written_down(words)
        return self if self.over else self.hangs_up()

    def hangs_up(self, status: str = "completed") -> Self:
        """Put the receiver down."""
        self.over = True
        self.made.ended_at = self.twilio.now()
        self.made.status = status
        length = int((self.made.ended_at - self.made.made_at).total_seconds())
        self._tell(
            STATUS,
            {
                "CallStatus": status,
                "CallDuration": str(length),
                "Timestamp": format_datetime(self.twilio.now()),
            },
        )
        return self

    def twilio_passes(self, **by: float) -> None:
        """Let time pass."""
        move = getattr(self.twilio, "move", None)
        if move is not None:
            move(timedelta(**by))

    # What follows is Twilio's side.

    def _is_written_down(self, words: str) -> None:
        assert self.transcribing is not None
        parts = words.split(". ")
        fields = {"TranscriptionSid": self.twilio.new_sid("GT"), "LanguageCode": "nb-NO"}
        for place, part in enumerate(parts, start=2):
            data = json.dumps({"transcript": part, "confidence": 0.91})
            self._tell(
                self.transcribing,
                {
                    **fields,
                    "TranscriptionEvent": "transcription-content",
                    "TranscriptionData": data,
                    "SequenceId": str(place),
                    "Final": "true",
                },
                bare=True,
            )

    def _follow(self, url: str, more: dict[str, str]) -> Self:
        self.spoken = ""
        self.left = list(read(self._post(url, more)).verbs)
        return self._go_on()

    def _go_on(self) -> Self:
        """Go through the script until it asks, rings, records or ends."""
        for _ in range(_MOST_STEPS):
            if not self.left:
                break
            verb = self.left[0]
            self.spoken += " ".join(one.text for one in (verb, *verb.inside) if one.name == "Say")
            match verb.name:
                case "Gather" | "Dial" | "Record":
                    return self
                case "Start":
                    self.transcribing = verb.inside[0].attributes["statusCallbackUrl"]
                case "Redirect":
                    self.left = list(read(self._post(verb.text, {})).verbs)
                    continue
                case "Hangup":
                    return self.hangs_up()
            self.left.pop(0)
        assert not self.left, "the script goes round"
        return self.hangs_up()

    def _asks(self) -> Verb:
        return self._expect("Gather")

    def _expect(self, name: str) -> Verb:
        assert not self.over, "the call is over"
        assert self.left, f"there is no {name}: the script is at its end"
        assert self.left[0].name == name, f"no {name}, but {self.left[0].name}: {self.spoken}"
        return self.left[0]

    def _number(self) -> Verb:
        (number,) = self._expect("Dial").inside
        return number

    def _whisper(self) -> Heard:
        return read(self._post(self._number().attributes["url"], {}, child=True))

    def _dialled(self, status: str, *, bridged: bool, seconds: int = 0) -> Self:
        more = {"DialCallStatus": status, "DialBridged": str(bridged).lower()}
        if bridged:
            more["DialCallDuration"] = str(seconds)
        return self._follow(self._expect("Dial").attributes["action"], more)

    def _post(self, url: str, more: dict[str, str], *, child: bool = False) -> str:
        own = {"CallStatus": "in-progress", **self._fields(), **more}
        if child:
            own |= {
                "ParentCallSid": self.sid,
                "CallSid": self.twilio.new_sid("CA"),
                "From": OUR_NUMBER,
                "To": self.rung,
                "Direction": "outbound-dial",
            }
        return self.twilio.callback(url, own).text

    def _tell(self, url: str, more: dict[str, str], *, bare: bool = False) -> None:
        """Post a callback; one about a part of a call names no numbers."""
        own = self._fields()
        if bare:
            own = {name: own[name] for name in ("CallSid", "AccountSid", "ApiVersion")}
        self.twilio.tell(url, {**own, **more})

    def _fields(self) -> dict[str, str]:
        return {
            "CallSid": self.sid,
            "AccountSid": ACCOUNT,
            "From": self.number,
            "To": OUR_NUMBER,
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
        }
