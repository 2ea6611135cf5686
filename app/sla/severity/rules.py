"""The judge: the model's word, and the rules that stand above it.

A rule is asked in turn; the first that fits decides. The rules hold where a statistical model
must not be trusted: alarms of monitors, drills, test sites, intruders, and people who can buy.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from app.sla.severity.encoder import Encode
from app.sla.severity.exclusions import suspected
from app.sla.severity.features import LONGEST_SUBJECT, Reading, read
from app.sla.severity.judgement import Judgement, Report
from app.sla.severity.model import Model, shipped
from app.sla.severity.own import Own
from app.sla.severity.reasons import reasons_for
from app.sla.severity.shares import mixed
from app.sla.severity.signals import Heard, signals
from app.sla.terms import Severity

# From this probability on a message is taken for critical: a missed one costs more than an alarm.
# By the words alone, which tell less, that would make every third alarm a false one.
CRITICAL_FROM, CRITICAL_FROM_BY_WORDS = 0.10, 0.15
# From this part of it on nothing is called minor or a request.
MAY_BE_CRITICAL = 0.4
# From here on not even that people buy makes it less than serious.
HALF_CRITICAL = 0.40
CLEAR = 0.6
# What the words' probabilities weigh beside the encoder's, by messages neither was taught with.
WORDS_SAY, ENCODER_SAY = 0.7, 0.8
# Between these two an alarm outside desk hours asks to be confirmed.
SURE_FROM = 0.70
# From here on that a drill or a test site is named makes it no less.
BEYOND_DOUBT = 0.80
# So many times down within one message.
_FLAPPING = 3
_SAYS_SOMETHING = 3
_FEW_WORDS = 6
# Groups of words that are about nothing by themselves; Swedish for "you" is Norwegian for "is".
_SAYS_NOTHING = frozenset({None, "number", "greet", "you"})
_DOWN = re.compile(r"\b(?:DOWN|NEDE|NERE|FAILED|FEIL|FAIL|CRITICAL|KRITISK)\b")
_BACK = re.compile(r"\b(?:UP|OPPE|RECOVERED|GJENOPPRETTET|RESOLVED)\b")
# "You will hear from us when it is UP again."
_PROMISE = re.compile(r"\b(?:når|when|once|så snart)\b", re.IGNORECASE)
_AUTOMATIC = re.compile(
    r"^\W*(?:automatisk svar|autosvar|out of office|automatic reply|auto.?reply|abwesen)",
    re.IGNORECASE,
)
_MONITOR = re.compile(
    r"^\W*(?:(?:vs|fwd?|sv|re): *)*\[[^\]]*(?:vakt|watch|ping|monitor|alert|varsel|overvåk|nagios|"
    r"zabbix|uptime)[^\]]*\]|^\W*(?:overvåk\w*|ordrevakt|alert|varsel|monitor\w*|status)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Case:
    report: Report
    reading: Reading
    likely: Mapping[Severity, float]
    # The same by the words alone.
    by_words: Mapping[Severity, float]
    critical_from: float
    # Subject and newest text.
    heard: Heard

    def told(self, *names: str) -> bool:
        return any(self.heard.tells(signals()[name]) for name in names)

    @property
    def critical(self) -> float:
        return self.likely[Severity.CRITICAL]

    @property
    def may_be_critical(self) -> bool:
        return self.critical >= MAY_BE_CRITICAL * self.critical_from

    @property
    def subject(self) -> str:
        return self.report.subject or ""


_Found = tuple[Severity, float, str] | None


def judge(
    report: Report,
    *,
    desk_open: bool = True,
    model: Model | None = None,
    critical_from: float | None = None,
    own: Own | None = None,
    encode: Encode | None = None,
) -> Judgement:
    """Judge a report; where nothing is known, minor by mail and serious by phone, and said so.

    With ``encode``, what the encoder reads has its say in how likely each severity is.
    ``critical_from`` is the probability from which on it is critical; CRITICAL_FROM, or
    CRITICAL_FROM_BY_WORDS without ``encode``, where it is not given.
    """
    if critical_from is None:
        critical_from = CRITICAL_FROM if encode else CRITICAL_FROM_BY_WORDS
    own = own or Own()
    if report.subject is None or len(report.subject) > LONGEST_SUBJECT:
        report = replace(report, subject=(report.subject or "")[:LONGEST_SUBJECT])
    reading = read(report.channel, report.subject, report.text, own.lexicon)
    text = f"{report.subject}\n{reading.text}".lower()
    weighs = model or shipped()
    likely = weighs.probabilities(reading)
    pattern = own.fitting(text)
    if pattern is None and not _is_known(reading, likely, weighs):
        return _unknown(report)
    by_words = likely
    encoded = encode and encode(report.channel, report.subject, reading.text)
    if encoded is not None:
        likely = mixed(likely, encoded.severities, say=WORDS_SAY, others_say=ENCODER_SAY)
    case = _Case(report, reading, likely, by_words, critical_from, Heard(text))
    decided = next(
        ((found, rule in SETTLING) for rule in RULES if (found := rule(case)) is not None), None
    )
    (severity, confidence, why), settled = decided or (_likeliest(case), False)
    if encoded is not None and decided is None:
        words_say = max(by_words, key=by_words.__getitem__)
        if words_say is not severity:
            why = why or f"read as a whole; its words alone would be {words_say.value}"
    reasons = [*([why] if why else []), *reasons_for(reading, weighs, severity)]
    if confidence < CLEAR:
        reasons.append(f"unsure: {_second(likely, severity).value} is likely too")
    if pattern is not None and pattern.changes(severity):
        severity, confidence, reasons = pattern.severity, 1.0, [pattern.because, *reasons]
    severity, reasons = _with_keypad(report, severity, reasons)
    return Judgement(
        severity=severity,
        confidence=round(confidence, 3),
        reasons=tuple(reasons[:6]) or ("by the words as a whole",),
        excluded=None
        if severity is Severity.REQUEST
        else suspected(case.heard, encoded.exclusions if encoded else None),
        confirm=severity is Severity.CRITICAL and confidence < SURE_FROM and not desk_open,
        critical=round(likely[Severity.CRITICAL], 3),
        settled=settled or (pattern is not None and pattern.exactly),
        held=pattern is not None or report.keypad is severity,
    )


def _is_known(reading: Reading, likely: Mapping[Severity, float], model: Model) -> bool:
    """Tell whether the message holds a word that is about something, or one that was learned.

    A number is about nothing by itself, and letters that occur in learned words are none of them.
    """
    if any(one not in {None, "number"} for part in reading.clauses for one in part.groups):
        return True
    words = (one for part in reading.clauses for one in part.tokens if not one[0].isdigit())
    return max(likely.values()) >= CLEAR and any(f"w:{one}" in model.weights for one in words)


def _second(likely: Mapping[Severity, float], first: Severity) -> Severity:
    return max((one for one in likely if one is not first), key=likely.__getitem__)


def _unknown(report: Report) -> Judgement:
    if report.keypad is not None:
        return Judgement(report.keypad, 0.8, ("the caller's own choice",))
    by_phone = report.channel == "phone"
    severity = Severity.SERIOUS if by_phone else Severity.MINOR
    why = (
        "nothing in it says what is wrong; phoned in" if by_phone else "nothing says what is wrong"
    )
    return Judgement(severity, 0.3, (why,))


def _with_keypad(
    report: Report, severity: Severity, reasons: list[str]
) -> tuple[Severity, list[str]]:
    if report.keypad is None or report.keypad.rank >= severity.rank:
        return severity, reasons
    return report.keypad, ["the caller's own choice", *reasons]


def _drill(case: _Case) -> _Found:
    # What a test has found may be worse than a test.
    if case.critical >= BEYOND_DOUBT:
        return None
    if case.told("drill") and not case.told("breach_now"):
        return Severity.REQUEST, 0.9, "a drill or a test that is announced"
    return None


def _automatic(case: _Case) -> _Found:
    # Some write their trouble into an answer that begins like an automatic one.
    if _AUTOMATIC.match(case.subject) and not case.may_be_critical:
        return Severity.REQUEST, 0.95, "an automatic answer"
    return None


def _monitor(case: _Case) -> _Found:
    if not case.report.from_monitor and not _MONITOR.match(case.subject):
        return None
    lines = [case.subject, *case.reading.text.splitlines()]
    told = "\n".join(line for line in lines if not _PROMISE.search(line))
    down, back = len(_DOWN.findall(told)), len(_BACK.findall(told))
    if not (down or back):
        return None
    fits: tuple[tuple[bool, _Found], ...] = (
        (case.told("staging"), (Severity.MINOR, 0.9, "a monitor of what is not in use")),
        (case.told("coming"), None),
        (bool(back) and down >= _FLAPPING, (Severity.SERIOUS, 0.8, "a monitor: comes and goes")),
        (bool(back), (Severity.REQUEST, 0.85, "a monitor: it is back")),
        (bool(_DOWN.search(case.subject)), (Severity.CRITICAL, 0.9, "a monitor: it is down")),
    )
    return next((found for is_so, found in fits if is_so), None)


def _asks_to_close(case: _Case) -> _Found:
    if case.told("asks_to_close"):
        return Severity.REQUEST, 0.85, "asks us to close the shop"
    return None


def _test_site(case: _Case) -> _Found:
    worst = max(case.likely, key=case.likely.__getitem__)
    if case.critical >= BEYOND_DOUBT:
        return None
    if worst in {Severity.CRITICAL, Severity.SERIOUS} and case.told("staging"):
        if case.told("asks_for") and case.told("if_or_when"):
            return None
        return Severity.MINOR, 0.8, "a test site, or one that is not in use"
    return None


def _people_can_buy(case: _Case) -> _Found:
    """Nothing is critical while people buy, but an intruder, lost data or orders that stand."""
    if not case.may_be_critical or not case.told("buy_works"):
        return None
    if case.told("breach_now", "loss_now", "work_stopped"):
        return None
    if case.told("no_orders") or case.critical > SURE_FROM:
        return None
    best = _short_of_critical(case)
    return best, case.likely[best], ""


def _little_is_said(case: _Case) -> _Found:
    """Of a few words nobody is woken, unless they leave no doubt; almost none decide by themselves.

    The encoder was made for sentences: of "hei" it makes one thing or another.
    """
    clauses = case.reading.clauses
    said = {one for part in clauses for one in part.groups if one not in _SAYS_NOTHING}
    if len(said) < _SAYS_SOMETHING:
        doubtful = case.by_words[Severity.CRITICAL] < CLEAR
    elif sum(len(part.tokens) for part in clauses) <= _FEW_WORDS:
        doubtful = case.critical < CLEAR
    else:
        doubtful = False
    if not doubtful:
        return None
    best = _short_of_critical(case)
    if case.critical < HALF_CRITICAL and case.likely[best] < CLEAR:
        best = Severity.SERIOUS if case.report.channel == "phone" else Severity.MINOR
    return best, case.likely[best], "it says little of what is wrong"


def _short_of_critical(case: _Case) -> Severity:
    """Return the likeliest severity but critical; serious where that was half likely."""
    if case.critical >= HALF_CRITICAL:
        return Severity.SERIOUS
    return _second(case.likely, Severity.CRITICAL)


RULES: tuple[Callable[[_Case], _Found], ...] = (
    _drill,
    _automatic,
    _monitor,
    _asks_to_close,
    _test_site,
    _people_can_buy,
    _little_is_said,
)
# Of these, whose decision is by the kind of message and not by what befell whom.
SETTLING = frozenset({_drill, _automatic, _monitor, _asks_to_close, _test_site})


def _likeliest(case: _Case) -> tuple[Severity, float, str]:
    if case.critical >= case.critical_from:
        return Severity.CRITICAL, case.critical, ""
    best = max(case.likely, key=case.likely.__getitem__)
    if best.rank > Severity.SERIOUS.rank and case.may_be_critical:
        return Severity.SERIOUS, case.likely[best], "it may be critical, and is looked at in time"
    return best, case.likely[best], ""
