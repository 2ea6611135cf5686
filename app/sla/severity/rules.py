"""The rules: what is hit, for whom, and whether it goes on now. In order; the first that fits."""

import re
from dataclasses import dataclass

from app.sla.severity.judgement import Judgement, Report
from app.sla.terms import Severity

_I = re.IGNORECASE

_EVERYBODY = re.compile(
    r"\b(alle|ingen|all(?:e)? kunder|hele|everyone|everybody|nobody|no one|all customers|entire|"
    r"whole|alla|ingen kan|niemand|komplett|totalt?)\b|ikke en eneste|not a single|ingen ordre",
    _I,
)
_SHOP = re.compile(
    r"nettbutikk|butikk|nettsid|siden|kass[ea]|betal|handle|bestill|ordre|checkout|shop|store|site|"
    r"website|pay|order|login|logg(?:e)? inn|webbutik|beställ|bestell|zahl",
    _I,
)
_DOWN = re.compile(
    r"\b(nede|down|offline|utilgjengelig|unreachable|unavailable|hvit side|white (?:page|screen)|"
    r"nere|ausgefallen|50[0234]|stopper|stoppet|kommer ikke (?:inn|gjennom)|får ikke betalt|"
    r"kan ikke (?:betale|handle|bestille)|cannot (?:pay|order|check out)|can't (?:pay|order)|"
    r"får betalt|går ikke an å|hacket|hacked|innbrudd|lekk)\b",
    _I,
)
_SLOW = re.compile(
    r"\b(treg|tregt|sakte|slow|noen kunder|some customers|av og til|intermittent|ustabil|unstable|"
    r"vipps|klarna|søk(?:et)?|search|bilder|images|ordrebekreftels|order (?:mail|email)|mobil)",
    _I,
)
_NOT_NOW = re.compile(
    r"\b(var nede|was down|er oppe igjen|is back|virker igjen|works again|fungerer igjen|løst|"
    r"ikke nede|not down|hva skjer hvis|what happens if|planlagt|planned)\b",
    _I,
)
_QUESTION = re.compile(
    r"\?|\b(lurer på|ønsker|kan dere|could you|can you|would like|faktura|invoice|tilbud|quote)\b",
    _I,
)
_FAULT = re.compile(
    r"\b(feil|virker ikke|fungerer ikke|error|broken|does not work|doesn't work|bug|galt|skjev|"
    r"mangler|missing|borte|stopp|funkar inte|geht nicht)\b",
    _I,
)


@dataclass(frozen=True, slots=True)
class _Seen:
    everybody: bool
    shop: bool
    down: bool
    slow: bool
    over: bool
    question: bool
    fault: bool


def judge(report: Report, *, desk_open: bool = True) -> Judgement:
    """Judge a report; where nothing is known, minor by mail and serious by phone, and said so."""
    text = f"{report.subject or ''}\n{report.text}"[:20_000]
    seen = _Seen(
        everybody=bool(_EVERYBODY.search(text)),
        shop=bool(_SHOP.search(text)),
        down=bool(_DOWN.search(text)),
        slow=bool(_SLOW.search(text)),
        over=bool(_NOT_NOW.search(text)),
        question=bool(_QUESTION.search(text)),
        fault=bool(_FAULT.search(text)),
    )
    severity, confidence, reasons = _by_effect(seen, phone=report.channel == "phone")
    if report.keypad is not None and report.keypad.rank < severity.rank:
        severity, reasons = report.keypad, (*reasons, "the caller's own choice")
    unsure = severity is Severity.CRITICAL and confidence < 0.7 and not desk_open
    return Judgement(severity, confidence, reasons, confirm=unsure)


_Verdict = tuple[Severity, float, tuple[str, ...]]


def _by_effect(seen: _Seen, *, phone: bool) -> _Verdict:
    """Return the first of the rules that fits; ``phone`` decides where nothing is known."""
    limited = seen.down or (seen.slow and (seen.fault or seen.everybody))
    stopped = seen.down and seen.shop
    rules: tuple[tuple[bool, _Verdict], ...] = (
        (
            stopped and seen.everybody and not seen.over,
            (Severity.CRITICAL, 0.9, ("the shop has stopped", "for everybody")),
        ),
        (
            stopped and not seen.over,
            (Severity.CRITICAL, 0.6, ("the shop seems to have stopped",)),
        ),
        (limited and not seen.over, (Severity.SERIOUS, 0.6, ("use is limited",))),
        (seen.fault and not seen.over, (Severity.MINOR, 0.6, ("a fault beside the buying",))),
        (phone, (Severity.SERIOUS, 0.4, ("phoned in, and no effect was named",))),
        (
            seen.question or seen.over,
            (Severity.REQUEST, 0.6, ("a question, and nothing is named as broken now",)),
        ),
    )
    unknown = (Severity.MINOR, 0.3, ("no effect was named",))
    return next((verdict for fits, verdict in rules if fits), unknown)
