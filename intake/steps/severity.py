"""How bad is it?"""

from datetime import datetime

from app.desk.house import House
from app.sla.severity import Judgement, Report, judge, kept, own_of
from intake.mail import ParsedMail

# A judge reads the newest text; what stands far below it changes nothing and costs time.
LONGEST = 20_000


def judge_mail(mail: ParsedMail, house: House, *, at: datetime) -> Judgement:
    """Judge a mail by its subject and its newest text."""
    calendar = house.policy.calendar()
    report = Report(
        channel="email",
        subject=mail.subject,
        text=(mail.reply_text or mail.text)[:LONGEST],
    )
    choice = house.settings.severity
    return judge(
        report,
        desk_open=calendar.is_open(at),
        model=kept(choice.model) if choice.model else None,
        critical_from=choice.critical_from,
        own=own_of(choice.own) if choice.own else None,
    )
