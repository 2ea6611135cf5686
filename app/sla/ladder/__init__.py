"""Ladders: the document, when its steps are due, and whether they reach anybody.

Pure, and below the desk, so that what saves a ladder may check it and what opens a ticket may set
its first alarm. What is done when an alarm is due is decided in ``escalation.ladder``.
"""

from app.sla.ladder.document import CatchAll, Ladder, Offset, ShareUsed, Step, default_ladder
from app.sla.ladder.reach import DeadStep, check_reachability, silences
from app.sla.ladder.run import (
    ENDED,
    HANDED_BACK,
    DeskTiming,
    Fired,
    RunSoFar,
    RunState,
    Timing,
    WallTiming,
)
from app.sla.ladder.times import Shot, alarm_of, first_alarm, left_of, pending, plan
from app.sla.ladder.words import Anchor, Only, PageChannel, Receiver, ReceiverKind

__all__ = [
    "ENDED",
    "HANDED_BACK",
    "Anchor",
    "CatchAll",
    "DeadStep",
    "DeskTiming",
    "Fired",
    "Ladder",
    "Offset",
    "Only",
    "PageChannel",
    "Receiver",
    "ReceiverKind",
    "RunSoFar",
    "RunState",
    "ShareUsed",
    "Shot",
    "Step",
    "Timing",
    "WallTiming",
    "alarm_of",
    "check_reachability",
    "default_ladder",
    "first_alarm",
    "left_of",
    "pending",
    "plan",
    "silences",
]
