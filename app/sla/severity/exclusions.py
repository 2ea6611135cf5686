"""A hint that the time may not count: only where the text says so, and never applied by itself."""

from functools import cache

from app.sla.severity.signals import Signals, read_data, told_by
from app.sla.terms import Exclusion


@cache
def _patterns() -> Signals:
    return read_data("exclusions.toml")


def excluded_by(text: str) -> Exclusion | None:
    """Return what the text says that the fault comes from; None where it does not say."""
    told = told_by(text.lower(), _patterns())
    # Past the end of a window, or for what it left behind, the time counts.
    if {"maintenance", "window"} <= told.keys() and "overrun" not in told:
        return Exclusion.PLANNED_MAINTENANCE
    if "third" in told:
        return Exclusion.THIRD_PARTY_APP
    if "customer" in told:
        return Exclusion.CUSTOMER_CAUSED
    # A storm that only closed the customer's own office is nobody's excuse.
    if {"force", "ours"} <= told.keys():
        return Exclusion.FORCE_MAJEURE
    return None
