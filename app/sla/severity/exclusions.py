"""A hint that the time may not count: only where the text says so, and never applied by itself."""

from functools import cache

from app.sla.severity.signals import Heard, Signals, read_data
from app.sla.terms import Exclusion


@cache
def _patterns() -> Signals:
    return read_data("exclusions.toml")


def excluded_by(heard: Heard) -> Exclusion | None:
    """Return what the text says that the fault comes from; None where it does not say."""
    of = _patterns()

    def told(name: str) -> bool:
        return heard.tells(of[name])

    # Past the end of a window, or for what it left behind, the time counts.
    if told("maintenance") and told("window") and not told("overrun"):
        return Exclusion.PLANNED_MAINTENANCE
    if told("third"):
        return Exclusion.THIRD_PARTY_APP
    if told("customer"):
        return Exclusion.CUSTOMER_CAUSED
    # A storm that only closed the customer's own office is nobody's excuse.
    if told("force") and told("ours"):
        return Exclusion.FORCE_MAJEURE
    return None
