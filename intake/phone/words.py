"""What the line says, in the languages that we answer in, and what it understands.

Short sentences: whoever calls has a shop that does not sell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.sla.terms import Severity


@dataclass(frozen=True, slots=True)
class Words:
    """One language's sentences."""

    hello: str
    hello_known: str
    menu: str
    number: str
    put_through: str
    nobody_free: str
    closed: str
    closed_some_time: str
    leave_message: str
    no_message: str
    thanks: str
    whisper: str
    accepted: str
    # Words to listen for, most telling first.
    hints: str


WORDS: Final[Mapping[str, Words]] = {
    "nb": Words(
        hello="Hei, dette er {brand}.",
        hello_known="Hei, {who}. Dette er {brand}.",
        menu="Trykk 1, eller si kritisk, hvis ingenting virker eller ingen får handlet. "
        "Trykk 2, eller si alvorlig, hvis noe viktig er feil. "
        "Trykk 3, eller si annet, for alt annet.",
        number="Saken din har nummer {number}.",
        put_through="Vi setter deg over til vakten. Vil du heller legge igjen en beskjed, trykk 0.",
        nobody_free="Ingen kunne ta telefonen akkurat nå.",
        closed="Vi har stengt og åpner {opens}. Da hører du fra oss.",
        closed_some_time="Vi har stengt nå. Du hører fra oss når vi åpner.",
        leave_message="Fortell etter tonen hva som er galt, og hvor vi når deg. "
        "Trykk firkant når du er ferdig.",
        no_message="Vi hørte ingenting. Vi ringer deg opp igjen.",
        thanks="Takk, vi har fått beskjeden din. Du hører fra oss.",
        whisper="{severity} sak {number} fra {who}. Trykk 1 for å ta samtalen.",
        accepted="Du settes over.",
        hints="kritisk, alvorlig, annet, noe annet, en, to, tre, nede, ingenting virker",
    ),
    "nn": Words(
        hello="Hei, dette er {brand}.",
        hello_known="Hei, {who}. Dette er {brand}.",
        menu="Trykk 1, eller sei kritisk, om ingenting verkar eller ingen får handla. "
        "Trykk 2, eller sei alvorleg, om noko viktig er feil. "
        "Trykk 3, eller sei anna, for alt anna.",
        number="Saka di har nummer {number}.",
        put_through="Vi set deg over til vakta. Vil du heller legge att ei melding, trykk 0.",
        nobody_free="Ingen kunne ta telefonen akkurat no.",
        closed="Vi har stengt og opnar {opens}. Då høyrer du frå oss.",
        closed_some_time="Vi har stengt no. Du høyrer frå oss når vi opnar.",
        leave_message="Fortel etter tonen kva som er gale, og kvar vi når deg. "
        "Trykk firkant når du er ferdig.",
        no_message="Vi høyrde ingenting. Vi ringer deg opp att.",
        thanks="Takk, vi har fått meldinga di. Du høyrer frå oss.",
        whisper="{severity} sak {number} frå {who}. Trykk 1 for å ta samtalen.",
        accepted="Du blir sett over.",
        hints="kritisk, alvorleg, anna, noko anna, ein, to, tre, nede, ingenting verkar",
    ),
    "en": Words(
        hello="Hello, this is {brand}.",
        hello_known="Hello, {who}. This is {brand}.",
        menu="Press 1, or say critical, if nothing works or nobody can buy. "
        "Press 2, or say serious, if something important is wrong. "
        "Press 3, or say other, for anything else.",
        number="Your ticket is number {number}.",
        put_through="We are putting you through to the person on duty. "
        "If you would rather leave a message, press 0.",
        nobody_free="Nobody could take the call just now.",
        closed="We are closed and open again {opens}. You will hear from us then.",
        closed_some_time="We are closed now. You will hear from us when we open.",
        leave_message="After the tone, please say what is wrong and where we can reach you. "
        "Press the hash key when you are done.",
        no_message="We heard nothing. We will call you back.",
        thanks="Thank you, we have your message. You will hear from us.",
        whisper="{severity} ticket {number} from {who}. Press 1 to take the call.",
        accepted="You are being connected.",
        hints="critical, serious, other, something else, one, two, three, down, nothing works",
    ),
}

KEYS: Final[Mapping[str, Severity]] = {
    "1": Severity.CRITICAL,
    "2": Severity.SERIOUS,
    "3": Severity.MINOR,
}
# Spoken, in any of our languages: people answer in the one they like.
_SPOKEN: Final[Mapping[Severity, re.Pattern[str]]] = {
    Severity.CRITICAL: re.compile(r"\b(?:kritiske?|critical|en|én|ett|ein|one|1)\b"),
    Severity.SERIOUS: re.compile(r"\b(?:alvorlige?|alvorlege?|serious|to|two|2)\b"),
    Severity.MINOR: re.compile(r"\b(?:annet|anna|andre|other|else|tre|three|3)\b"),
}
_NEGATED = re.compile(r"\b(?:ikke|ikkje|inte|not|no|nei)\b")
# A key's name alone, or a few words around it; whoever tells more is not choosing from a menu.
_MOST_WORDS = 4
# Fewer words than that, spoken into a menu, are no report: "hello, is anybody there".
_LEAST_TO_JUDGE = 6


def says_more(speech: str) -> bool:
    """Tell whether a caller has described something, so that it is worth judging."""
    return len(speech.split()) >= _LEAST_TO_JUDGE


def parse_choice(digits: str, speech: str) -> Severity | None:
    """Return what a caller chose; None where it is unclear, and then a person has to look."""
    if digits in KEYS:
        return KEYS[digits]
    words = speech.lower().strip(" .,!?")
    if not words or len(words.split()) > _MOST_WORDS or _NEGATED.search(words):
        return None
    found = [severity for severity, pattern in _SPOKEN.items() if pattern.search(words)]
    return found[0] if len(found) == 1 else None
