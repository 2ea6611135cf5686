"""The message with the code that proves that a contact method is a person's own."""

from datetime import datetime

from sqlmodel import Session

from app.desk.addresses import message_id
from app.desk.house import House
from app.models import Agent, ContactMethod, DeliveryClass
from app.outbox.compose import Letter
from app.outbox.put import Notice, Outgoing, put, put_notice
from app.sla.ladder import PageChannel

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
    key = f"code:{method.id}:{now.isoformat()}"
    if method.channel is not PageChannel.MAIL:
        notice = Notice(
            dedupe_key=key,
            kind=DeliveryClass.RECEIPT,
            channel=method.channel,
            recipient=method.address,
            payload={"text": text, "language": agent.language},
        )
        put_notice(session, notice, now=now)
        return
    mailbox, box = house.mailbox(None)
    part = f"code-{method.id.hex[-12:]}-{int(now.timestamp())}"
    letter = Letter(
        from_address=box.address,
        from_name=desk,
        to=(method.address,),
        subject=subject,
        text=text,
        html=None,
        message_id=message_id(house.secret, number=0, part=part, address=box.address),
        date=now,
        auto_submitted="auto-generated",
    )
    outgoing = Outgoing(dedupe_key=key, kind=DeliveryClass.RECEIPT, mailbox=mailbox, letter=letter)
    put(session, outgoing, now=now)
