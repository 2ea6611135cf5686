"""On-call schedules: the document, who is on call when, gaps and hand-offs, and a calendar feed.

Pure, and below the desk, so that whatever saves or shows a schedule may ask the same questions as
the ladder, which asks through ``escalation.oncall``.

A schedule is a list of layers over a time zone. At any moment the first layer that has somebody
for that moment is the one that counts; overrides come before all layers, and leave takes a person
away from any of them. So nobody is on call only where every layer is empty: a gap.
"""

from app.sla.oncall.document import Layer, Override, Schedule, Window
from app.sla.oncall.duty import Away, Duty, duty_at
from app.sla.oncall.feed import Event, calendar_feed, duty_events
from app.sla.oncall.shifts import HandOff, Shift, gaps, hand_offs, next_shift, shifts, swapped

__all__ = [
    "Away",
    "Duty",
    "Event",
    "HandOff",
    "Layer",
    "Override",
    "Schedule",
    "Shift",
    "Window",
    "calendar_feed",
    "duty_at",
    "duty_events",
    "gaps",
    "hand_offs",
    "next_shift",
    "shifts",
    "swapped",
]
