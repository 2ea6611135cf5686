"""Telling staff that a mailbox's permission to sign in ends soon, while its mail still comes."""

from datetime import datetime

from sqlmodel import Session

from app.config import Language
from app.desk.house import House
from app.desk.staff import everybody
from app.desk.staff_notices import ToStaff, notify
from app.models import DeliveryClass
from app.sla.ladder import PageChannel
from app.store import outbox

_WORDS = {
    Language.BOKMAL: (
        "Tilgangen til postboksen {mailbox} går snart ut",
        "Post til {mailbox} kommer fortsatt inn, men ikke lenge:\n\n{warning}\n",
    ),
    Language.NYNORSK: (
        "Tilgangen til postboksen {mailbox} går snart ut",
        "Post til {mailbox} kjem framleis inn, men ikkje lenge:\n\n{warning}\n",
    ),
    Language.ENGLISH: (
        "Access to the mailbox {mailbox} ends soon",
        "Mail to {mailbox} still comes in, but not for long:\n\n{warning}\n",
    ),
}


def tell_of_expiry(
    session: Session, house: House, mailbox: str, warning: str, *, now: datetime
) -> None:
    """Write to everybody who works on tickets, and to the catch-all, once a day at the most."""
    desk = house.settings.desk
    day = now.astimezone(house.settings.zone).date()
    for address, own in everybody(session, house).items():
        key = f"token:{mailbox}:{day.isoformat()}:{address}"
        if outbox.find_by_key(session, key) is not None:
            continue
        language = Language(own) if own in set(Language) else desk.language
        subject, text = _WORDS[language]
        about = ToStaff(
            key=key,
            channel=PageChannel.MAIL,
            address=address,
            subject=subject.format(mailbox=mailbox),
            text=text.format(mailbox=mailbox, warning=warning),
            language=language.value,
            kind=DeliveryClass.PAGE,
        )
        notify(session, house, about, now=now)
