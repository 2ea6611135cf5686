"""What is judged, and what comes of it."""

from dataclasses import dataclass

from app.sla.terms import Exclusion, Severity


@dataclass(frozen=True, slots=True)
class Report:
    """What the customer said; ``text`` is the newest text, quotations apart."""

    channel: str
    subject: str | None
    text: str
    keypad: Severity | None = None
    # From an address that the operator has named as a machine that watches.
    from_monitor: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """A severity, how sure it is (0 to 1), and why, in words an agent understands."""

    severity: Severity
    confidence: float
    reasons: tuple[str, ...]
    # A hint, never applied by itself.
    excluded: Exclusion | None = None
    # "Looks critical, please confirm."
    confirm: bool = False
    # How likely it is critical, by the words and, where asked for, the sentence's vector.
    critical: float = 0.0
    # Decided by what kind of message it is: nobody outside is asked.
    settled: bool = False
    # Raised by a rule, the operator's own patterns or the caller: no opinion makes it milder.
    held: bool = False
