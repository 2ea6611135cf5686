"""Telephones that do what a test says: they ring, are answered, write back, or stay silent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Self

from tests.harness.fake_twilio import ACCOUNT, OUR_NUMBER, PUBLIC, Answered, FakeTwilio, Made
from tests.harness.twiml import Heard, read

SMS_PATH = "/twilio/sms"
# A redirect that goes round would otherwise ring for ever.
_MOST_REDIRECTS = 6


@dataclass
class Telephone:
    """One person's telephone."""

    twilio: FakeTwilio
    number: str

    def expect_sms(self, saying: str = "") -> "Sms":
        """Take out the first SMS to this number that says this."""
        made = self._take("SM", lambda one: saying in one.get("Body"), saying)
        return Sms(self, made)

    def expect_call(self, saying: str = "") -> "RingingCall":
        """Take out the first call to this number that will say this; it rings."""
        made = self._take("CA", lambda one: saying in read(one.get("Twiml")).spoken, saying)
        return RingingCall(self, made, read(made.get("Twiml")))

    def sends(
        self, text: str, *, expect: int | None = None, told: bool = True, **more: str
    ) -> Answered | None:
        """Send an SMS to the desk's number; ``told`` False where Twilio cannot hand it over."""
        sid = more.pop("MessageSid", "") or self.twilio.new_sid("SM")
        kept = {"From": [self.number], "To": [OUR_NUMBER], "Body": [text]}
        at = self.twilio.now()
        self.twilio.messages.append(Made(sid, kept, at, status="received", direction="inbound"))
        if not told:
            return None
        fields = {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": ACCOUNT,
            "From": self.number,
            "To": OUR_NUMBER,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
            **more,
        }
        return self.twilio.callback(f"{PUBLIC}{SMS_PATH}", fields, expect=expect)

    def _take(self, prefix: str, wanted: Callable[[Made], bool], saying: str) -> Made:
        theirs = [
            one
            for one in self.twilio.unexpected
            if one.sid.startswith(prefix) and one.get("To") == self.number
        ]
        found = next((one for one in theirs if wanted(one)), None)
        there = [one.get("Body") or read(one.get("Twiml")).spoken for one in theirs]
        assert found is not None, f"nothing to {self.number} says {saying!r} among {there}"
        self.twilio.unexpected.remove(found)
        return found


@dataclass
class Sms:
    """An SMS on its way to a telephone."""

    phone: Telephone
    made: Made
    arrived: bool = False

    @property
    def text(self) -> str:
        return self.made.get("Body")

    def says(self, status: str, code: int | None = None) -> Self:
        """Let Twilio tell how it goes, with one callback."""
        self.made.status = status
        self.made.error_code = code
        fields = {
            "MessageSid": self.made.sid,
            "SmsSid": self.made.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "AccountSid": ACCOUNT,
            "To": self.phone.number,
            "From": OUR_NUMBER,
            "ApiVersion": "2010-04-01",
            **({"ErrorCode": str(code)} if code else {}),
        }
        self.phone.twilio.callback(self.made.get("StatusCallback"), fields)
        return self

    def arrives(self) -> Self:
        """Let it reach the telephone."""
        self.arrived = True
        return self.says("sent").says("delivered")

    def is_undelivered(self, code: int) -> Self:
        """Let the operator refuse it."""
        return self.says("sent").says("undelivered", code)

    def then_reply(self, text: str) -> Self:
        """Let it arrive, and be answered."""
        if not self.arrived:
            self.arrives()
        self.phone.sends(text)
        return self


@dataclass
class RingingCall:
    """A call to a telephone, from its first ring on."""

    phone: Telephone
    made: Made
    heard: Heard
    told: list[str] = field(default_factory=list)

    def says(self, status: str, **more: str) -> Self:
        """Let Twilio tell how it goes, with one callback."""
        self.made.status = status
        self.told.append(status)
        self._post({"CallStatus": status, **more})
        return self

    def is_answered(self) -> Self:
        """Let somebody pick it up."""
        for status in ("initiated", "ringing", "in-progress"):
            if status not in self.told:
                self.says(status)
        return self

    def is_busy(self) -> Self:
        """Let the line be engaged."""
        return self.says("initiated").says("busy")

    def rings_out(self) -> Self:
        """Let nobody pick it up."""
        return self.says("initiated").says("ringing").says("no-answer")

    def is_a_machine(self) -> Self:
        """Let an answering machine pick it up, and record the page."""
        self.is_answered()
        assert self.made.get("AsyncAmd") == "true", "nobody asked who answers"
        self._post({"AnsweredBy": "machine_start", "MachineDetectionDuration": "3900"})
        return self.says("completed", AnsweredBy="machine_start")

    def then_press(self, key: str) -> Self:
        """Press a key while the call asks for one, and hear what comes of it."""
        self.is_answered()
        gather = self.heard.find("Gather")
        assert gather is not None, f"nothing waits for a key in {self.heard.spoken!r}"
        self.heard = self._go(gather.attributes["action"], {"Digits": key})
        for _ in range(_MOST_REDIRECTS):
            redirect = self.heard.find("Redirect")
            if redirect is None:
                break
            self.heard = self._go(redirect.text, {})
        if self.heard.find("Gather") is None and "completed" not in self.told:
            self.says("completed")
        return self

    def hears(self, saying: str) -> Self:
        """Check what is said by now."""
        assert saying in self.heard.spoken, self.heard.spoken
        return self

    def then_hang_up(self) -> Self:
        """Put the receiver down."""
        return self.is_answered().says("completed")

    def _go(self, url: str, more: dict[str, str]) -> Heard:
        answered = self.phone.twilio.callback(url, {**self._fields(), **more})
        return read(answered.text)

    def _post(self, more: dict[str, str]) -> None:
        sequence = {"SequenceNumber": str(self.made.sequence)}
        self.made.sequence += 1
        at = {"Timestamp": format_datetime(self.phone.twilio.now())}
        url = self.made.get("StatusCallback")
        self.phone.twilio.callback(url, {**self._fields(), **sequence, **at, **more})

    def _fields(self) -> dict[str, str]:
        return {
            "CallSid": self.made.sid,
            "AccountSid": ACCOUNT,
            "From": OUR_NUMBER,
            "To": self.phone.number,
            "Direction": "outbound-api",
            "ApiVersion": "2010-04-01",
        }
