"""What keeps automatic mail from going round: what was sent, and to whom nothing is sent."""

from sqlalchemy import Index
from sqlmodel import Field

from app.models.base import Id, Instant, Row, id_field, link


class AutomaticMail(Row, table=True):
    """One automatic mail that was put into the outbox; counted against its budgets."""

    __tablename__ = "automatic_mail"
    __table_args__ = (
        Index("ix_automatic_mail_address_at", "address", "at"),
        Index("ix_automatic_mail_domain_at", "domain", "at"),
        Index("ix_automatic_mail_ticket_id", "ticket_id"),
        Index("ix_automatic_mail_at", "at"),
    )

    id: Id = id_field()
    address: str
    domain: str
    ticket_id: Id = link("ticket")
    # What the mail that it answers is like, apart from numbers; None where it answers none.
    likeness: str | None = None
    at: Instant


class MailStop(Row, table=True):
    """No automatic mail until a moment: to an address, to a whole domain, or to anybody."""

    __tablename__ = "mail_stop"

    # ``kari@fjellbod.example``, ``@fjellbod.example``, or ``*``; ``sms:+4790000000`` wants no SMS
    # at all, automatic or not.
    scope: str = Field(primary_key=True)
    since: Instant
    until: Instant
    reason: str
