"""What a customer's earlier fault tells of a message that says only that it goes on.

"No change here" or "still the same" names no fault, so by its own words it is minor or nothing at
all. Where the same customer has a worse fault that is not solved, that is the one it speaks of. It
only ever makes a message worse, and only one that says little itself.
"""

import re
from dataclasses import replace

from app.sla.severity.judgement import Judgement, Report
from app.sla.severity.words import newest
from app.sla.terms import Severity

# A longer message says itself what is wrong.
LONGEST = 160
_GOES_ON = re.compile(
    r"""\b(?: (?:fortsatt|fremdeles|framleis|fortfarande|stadig|ennå|enno|ännu|endnu|still
               |immer\ noch|weiterhin)
              \W+ (?:(?:er|är|is|det|akkurat|helt|the|exactly|just|like|på) \W+){0,3}
              (?:samme|same|samma|likt|likadant|gleich|dasselbe|down|nede|nere|ned|offline|dødt?)
            | (?:akkurat|nøyaktig|helt|exactly|just|genau) \W+
              (?:likt|likedan|det\ samme|the\ same|samma|samme|dasselbe)
            | (?:ingen|inga|ingenting|no|keine|nothing) \W+ (?:har\ |has\ )?
              (?:endring|endringar|forandring|forandret|endret|bedring|betring|förändring|change
                |changed|improvement|änderung|besserung)
            | (?:ikke|ikkje|inte|nicht|not|isn't) \W+ (?:\w+\W+)?
              (?:løst|løyst|fikset|fiksa|rettet|retta|löst|fixat|fixed|solved|resolved|behoben|bedre)
          )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# What may be unsolved for long without anybody's shop standing still, and any question.
_OF_BUSINESS = re.compile(
    r"\?|faktur|invoice|rechnung|avtale|contract|pris|price|tilbud|tilbod|offer|offert|angebot|møte|"
    r"meeting|kurs|tilgang|access|passord|password|logo|skrivefeil|typo",
    re.IGNORECASE,
)


def goes_on(report: Report, judged: Judgement) -> bool:
    """Tell whether a message says that something goes on, and next to nothing else."""
    if judged.settled or judged.severity is Severity.CRITICAL:
        return False
    text = f"{report.subject or ''}\n{newest(report.text)}".strip()
    if len(text) > LONGEST or _OF_BUSINESS.search(text):
        return False
    return _GOES_ON.search(text) is not None


def with_earlier(
    judged: Judgement, *, number: int, severity: Severity, desk_open: bool
) -> Judgement:
    """Return the judgement of a message that goes on about an unsolved ticket of this severity."""
    if severity.rank >= judged.severity.rank:
        return judged
    why = f"#{number} of the same customer is {severity.value}, and this says that it goes on"
    return replace(
        judged,
        severity=severity,
        reasons=(why, *judged.reasons),
        confirm=severity is Severity.CRITICAL and not desk_open,
    )
