"""The trade's fixed words, as enums: severities, clocks, ways of counting, exclusions."""

from enum import StrEnum


class Severity(StrEnum):
    """How badly the customer is hit, judged by effect; the order of the list is worst first."""

    CRITICAL = "critical"  # Kritisk: the service stops, business-critical work is impossible.
    SERIOUS = "serious"  # Alvorlig: reduced, limits use.
    MINOR = "minor"  # Mindre alvorlig: a fault beside the business.
    REQUEST = "request"  # No fault: a question, a wish, a thank-you.

    @property
    def rank(self) -> int:
        """Return 0 for the worst, 3 for the least, so that ``min`` finds the worst."""
        return tuple(Severity).index(self)


FAULTS = frozenset({Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR})


class ClockKind(StrEnum):
    """What is promised by a time."""

    FIRST_RESPONSE = "first_response"
    WORK_STARTED = "work_started"
    NEXT_UPDATE = "next_update"
    RESOLVE = "resolve"


class Counting(StrEnum):
    """How the time of a promise is counted."""

    EVERY_HOUR = "every_hour"
    BUSINESS_HOURS = "business_hours"
    CALENDAR_DAYS = "calendar_days"  # To the end of the n-th local day.


class Exclusion(StrEnum):
    """Why a stretch of time is not counted against the host (the agreement's exceptions)."""

    FORCE_MAJEURE = "force_majeure"
    CUSTOMER_CAUSED = "customer_caused"
    THIRD_PARTY_APP = "third_party_app"  # The shop software or its plugins.
    PLANNED_MAINTENANCE = "planned_maintenance"
    SUSPENDED_AGREEMENT = "suspended_agreement"

    @property
    def billed(self) -> bool:
        """Tell whether work in its time is paid by the hour: the monthly fee does not cover it."""
        return self in _BILLED


_BILLED = frozenset(
    {Exclusion.CUSTOMER_CAUSED, Exclusion.THIRD_PARTY_APP, Exclusion.SUSPENDED_AGREEMENT}
)


class ClockEventKind(StrEnum):
    """What can happen to a ticket's clocks."""

    STARTED = "started"  # The report reached us; names severity and policy.
    PAUSED = "paused"  # We wait for the customer.
    RESUMED = "resumed"
    EXCLUDED = "excluded"  # The agreement's exceptions; its `ref` names the exclusion.
    INCLUDED = "included"  # That exclusion is over.
    WITHDRAWN = "withdrawn"  # That exclusion never counted.
    RETARGETED = "retargeted"  # Another severity, another policy, or both.
    UPDATED = "updated"  # The customer was told something; re-arms `next_update` alone.
    MET = "met"
    CANCELLED = "cancelled"
    REINSTATED = "reinstated"  # What was met or cancelled before is as if it never had been.
    BREACHED = "breached"  # Written down by the engine when the limit was passed; it stays.


class ClockStatus(StrEnum):
    """Where a clock stands."""

    PENDING = "pending"  # Not started, or nothing is promised for this severity.
    RUNNING = "running"
    PAUSED = "paused"  # Waiting for the customer, or excluded.
    MET = "met"
    CANCELLED = "cancelled"
