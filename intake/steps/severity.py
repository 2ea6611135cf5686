"""How bad is it?"""

from collections.abc import Sequence
from datetime import datetime

from app.desk.acknowledge import is_monitor
from app.desk.house import House
from app.desk.judging import judge_report
from app.desk.second_opinion import Judged, SecondOpinion
from app.sla.severity import Judgement, Report
from intake.mail import ParsedMail, Verdict

# A judge reads the newest text; what stands far below it changes nothing and costs time.
LONGEST = 20_000


def report_of(mail: ParsedMail, *, from_monitor: bool = False) -> Report:
    """Return what a judge reads of a mail."""
    return Report(
        channel="email",
        subject=mail.subject,
        text=(mail.reply_text or mail.text)[:LONGEST],
        from_monitor=from_monitor,
    )


def judge_mail(mail: ParsedMail, house: House, *, at: datetime) -> Judgement:
    """Judge a mail by its subject and its newest text, and by whether a monitor sent it."""
    report = report_of(mail, from_monitor=is_monitor(house, mail.from_address))
    return judge_report(house, report, at=at)


def heed_opinions(
    second: SecondOpinion,
    mails: Sequence[tuple[ParsedMail, Judgement]],
    house: House,
    *,
    at: datetime,
) -> list[Judgement]:
    """Return the judgements with what a language model says of what people wrote."""
    asked = [number for number, (mail, _) in enumerate(mails) if mail.verdict is Verdict.HUMAN]
    judged = [
        Judged(report_of(mail), judgement, (mail.from_name,))
        for mail, judgement in (mails[number] for number in asked)
    ]
    result = [judgement for _, judgement in mails]
    desk_open = house.policy.calendar().is_open(at)
    for number, judgement in zip(asked, second.heed(judged, desk_open=desk_open), strict=True):
        result[number] = judgement
    return result
