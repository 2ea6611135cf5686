"""The house's judge of severity: its model, its own words and its threshold, for any channel."""

from datetime import datetime

from app.desk.house import House
from app.sla.severity import Judgement, Report, encode, judge, kept, own_of


def warm_up(house: House, *, at: datetime) -> None:
    """Load what judging takes, so that the first message waits for nothing.

    BadConfig where the encoder is wanted and cannot run on this machine.
    """
    report = Report("email", "Down", "Our shop is down. Nobody can buy anything.")
    judge_report(house, report, at=at)


def judge_report(house: House, report: Report, *, at: datetime) -> Judgement:
    """Judge what was written or said at an instant; with the desk closed, an alarm may ask."""
    choice = house.settings.severity
    return judge(
        report,
        desk_open=house.policy.calendar().is_open(at),
        model=kept(choice.model) if choice.model else None,
        critical_from=choice.critical_from,
        own=own_of(choice.own) if choice.own else None,
        encode=encode if choice.encoder else None,
    )
