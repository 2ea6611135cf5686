"""A hint that the time may not count: only where the text says so, and never applied by itself."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from app.sla.severity.signals import Heard, Signals, read_data
from app.sla.terms import Exclusion

# From this share on the encoder's word is enough, and from the other what a pattern tells holds.
CLEAR: Final = 0.5
NOT_AGAINST: Final = 0.2


def suspected(
    heard: Heard, encoded: Mapping[Exclusion | None, float] | None = None
) -> Exclusion | None:
    """Return what patterns tell; with the encoder's shares, what it is sure of or not against."""
    told = excluded_by(heard)
    if encoded is None:
        return told
    likeliest = max((one for one in encoded if one), key=lambda one: encoded[one])
    if encoded[likeliest] >= CLEAR:
        return likeliest
    return told if told is not None and encoded[told] >= NOT_AGAINST else None


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
