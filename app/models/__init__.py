"""The tables, a family a file: columns and what they mean, no queries.

Importing this package makes every table known to ``metadata``.
"""

from app.models.agreements import LadderVersion, PolicyVersion
from app.models.base import metadata
from app.models.clocks import Clock, LadderStep
from app.models.mail import TERMINAL, Blob, InboundMail, LedgerState, MailPosition
from app.models.outbox import Delivery, DeliveryClass, DeliveryState
from app.models.people import (
    Agent,
    ApiToken,
    Contact,
    Customer,
    CustomerDomain,
    Role,
    ScheduleVersion,
)
from app.models.system import AuditEntry, Heartbeat, NumberSeries
from app.models.tickets import (
    OPEN,
    Attachment,
    Channel,
    Event,
    MailReference,
    Message,
    MessageKind,
    ReferenceKind,
    Status,
    Ticket,
    TicketEvent,
)

__all__ = [
    "OPEN",
    "TERMINAL",
    "Agent",
    "ApiToken",
    "Attachment",
    "AuditEntry",
    "Blob",
    "Channel",
    "Clock",
    "Contact",
    "Customer",
    "CustomerDomain",
    "Delivery",
    "DeliveryClass",
    "DeliveryState",
    "Event",
    "Heartbeat",
    "InboundMail",
    "LadderStep",
    "LadderVersion",
    "LedgerState",
    "MailPosition",
    "MailReference",
    "Message",
    "MessageKind",
    "NumberSeries",
    "PolicyVersion",
    "ReferenceKind",
    "Role",
    "ScheduleVersion",
    "Status",
    "Ticket",
    "TicketEvent",
    "metadata",
]
