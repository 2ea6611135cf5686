"""The message with the code that proves that a contact method is a person's own."""

from datetime import datetime

from sqlmodel import Session

from app.desk.house import House
from app.desk.staff_notices import ToStaff, notify
from app.models import Agent, ContactMethod

_WORDS = {
    "nb": (
        "Din kode: {code}",
        "Koden for varsler fra {desk} er {code}. Den gjelder i 15 minutter.",
    ),
    "nn": ("Koden din: {code}", "Koden for varsel frå {desk} er {code}. Han gjeld i 15 minutt."),
    "en": ("Your code: {code}", "The code for pages from {desk} is {code}. It lasts 15 minutes."),
}


def send_code(
    session: Session,
    house: House,
    agent: Agent,
    method: ContactMethod,
    *,
    code: str,
    now: datetime,
) -> None:
    """Put the code on its way to the method that it is to prove."""
    desk = house.settings.desk.name
    subject, text = (
        line.format(code=code, desk=desk) for line in _WORDS.get(agent.language, _WORDS["en"])
    )
    what = ToStaff(
        key=f"code:{method.id}:{now.isoformat()}",
        channel=method.channel,
        address=method.address,
        subject=subject,
        text=text,
        language=agent.language,
    )
    notify(session, house, what, now=now)
