"""What a call is told to do, read as strictly as Twilio reads it: one unknown word fails the test.

https://www.twilio.com/docs/voice/twiml lists the verbs and their attributes.
"""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, fromstring

_SAY = {"voice", "language", "loop"}
VERBS: dict[str, set[str]] = {
    "Say": _SAY,
    "Play": {"loop", "digits"},
    "Pause": {"length"},
    "Gather": {
        *("action", "method", "input", "timeout", "numDigits", "finishOnKey", "language"),
        *("speechTimeout", "hints", "actionOnEmptyResult", "profanityFilter", "speechModel"),
    },
    "Record": {
        *("action", "method", "timeout", "maxLength", "finishOnKey", "playBeep", "trim"),
        *("recordingStatusCallback", "recordingStatusCallbackMethod"),
        *("recordingStatusCallbackEvent", "transcribe", "transcribeCallback"),
    },
    "Dial": {
        *("action", "method", "timeout", "callerId", "hangupOnStar", "timeLimit", "record"),
        *("answerOnBridge", "ringTone", "recordingStatusCallback"),
        *("recordingStatusCallbackMethod", "recordingStatusCallbackEvent"),
    },
    "Number": {
        *("url", "method", "statusCallback", "statusCallbackEvent", "statusCallbackMethod"),
        *("machineDetection", "byoc", "sendDigits"),
    },
    "Start": {"action", "method"},
    "Transcription": {
        *("languageCode", "track", "partialResults", "statusCallbackUrl", "statusCallbackMethod"),
        *("name", "transcriptionEngine", "speechModel", "hints"),
    },
    "Redirect": {"method"},
    "Reject": {"reason"},
    "Hangup": set(),
    "Message": {"to", "from", "action", "method"},
}
_NESTED = {
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Number"},
    "Start": {"Transcription"},
}
# These stand inside another and nowhere else.
_INNER = {"Number", "Transcription"}
# A voice that does not speak the language fails the verb.
_SPEAKS = {
    "nb-NO": ("Polly.Liv", "Polly.Ida-Neural", "Google.nb-NO-"),
    "en-GB": ("Polly.Amy", "Polly.Emma", "Polly.Brian", "Google.en-GB-"),
    "en-US": ("Polly.Joanna", "Polly.Matthew", "Google.en-US-"),
}
_LONGEST = 4000


@dataclass
class Verb:
    """One verb of a script."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    inside: list["Verb"] = field(default_factory=list)


@dataclass
class Heard:
    """A script, as whoever is on the telephone goes through it."""

    verbs: list[Verb]

    @property
    def spoken(self) -> str:
        """Return all that is said, in order."""
        said = []
        for verb in self.verbs:
            said += [one.text for one in (verb, *verb.inside) if one.name == "Say"]
        return " ".join(said)

    def find(self, name: str) -> Verb | None:
        """Return the first verb of a name; None where there is none."""
        return next((verb for verb in self.verbs if verb.name == name), None)


def read(markup: str) -> Heard:
    """Read a script; AssertionError for anything that Twilio would not take."""
    assert len(markup) <= _LONGEST, f"{len(markup)} characters"
    root = fromstring(markup)  # noqa: S314 - our own
    assert root.tag == "Response", root.tag
    return Heard([_verb(child, "Response") for child in root])


def _verb(element: Element, parent: str) -> Verb:
    name = element.tag
    assert name in VERBS, f"there is no verb {name}"
    assert parent == "Response" or name in _NESTED.get(parent, ()), f"{name} inside {parent}"
    assert parent != "Response" or name not in _INNER, f"{name} stands inside another verb"
    unknown = set(element.attrib) - VERBS[name]
    assert not unknown, f"{name} has no {unknown}"
    if name == "Say":
        language, voice = element.attrib["language"], element.attrib["voice"]
        assert voice.startswith(_SPEAKS[language]), f"{voice} does not speak {language}"
        assert (element.text or "").strip(), "Say has nothing to say"
    inside = [_verb(child, name) for child in element]
    return Verb(name, dict(element.attrib), element.text or "", inside)
