"""How bad is it?"""

from datetime import datetime

from app.desk.house import House
from app.desk.judging import judge_report
from app.sla.severity import Judgement, Report
from intake.mail import ParsedMail

# A judge reads the newest text; what stands far below it changes nothing and costs time.
LONGEST = 20_000


def judge_mail(mail: ParsedMail, house: House, *, at: datetime) -> Judgement:
    """Judge a mail by its subject and its newest text."""
    report = Report(
        channel="email",
        subject=mail.subject,
        text=(mail.reply_text or mail.text)[:LONGEST],
    )
    return judge_report(house, report, at=at)
