"""The tables, a family a file: columns and what they mean, no queries.

Importing this package makes every table known to ``metadata``.
"""

from app.models.agreements import (
    Agreement,
    AgreementStatus,
    LadderStart,
    LadderVersion,
    Notice,
    NoticeState,
    PolicyStart,
    PolicyVersion,
    Site,
)
from app.models.base import metadata
from app.models.calls import (
    Call,
    CallBack,
    CallOutcome,
    Direction,
    Suspicion,
    SuspicionState,
    SuspicionTicket,
)
from app.models.clocks import Clock, LadderStep
from app.models.exclusions import (
    Exclusion,
    ExclusionFile,
    ExclusionStatus,
    MaintenanceCustomer,
    MaintenanceWindow,
)
from app.models.feed import Subscription, SubscriptionDelivery, SubscriptionState
from app.models.incidents import Incident, IncidentState, IncidentUpdate
from app.models.mail import TERMINAL, Blob, Canary, InboundMail, LedgerState, MailPosition
from app.models.oncall import ContactMethod, Leave, Page, PageState
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
from app.models.quiet import AutomaticMail, MailStop
from app.models.system import AuditEntry, Heard, Heartbeat, NumberSeries
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
from app.models.work import (
    Draft,
    LinkKind,
    ReplyTemplate,
    SavedView,
    TicketLink,
    TicketTag,
    TimeEntry,
)

__all__ = [
    "OPEN",
    "TERMINAL",
    "Agent",
    "Agreement",
    "AgreementStatus",
    "ApiToken",
    "Attachment",
    "AuditEntry",
    "AutomaticMail",
    "Blob",
    "Call",
    "CallBack",
    "CallOutcome",
    "Canary",
    "Channel",
    "Clock",
    "Contact",
    "ContactMethod",
    "Customer",
    "CustomerDomain",
    "Delivery",
    "DeliveryClass",
    "DeliveryState",
    "Direction",
    "Draft",
    "Event",
    "Exclusion",
    "ExclusionFile",
    "ExclusionStatus",
    "Heard",
    "Heartbeat",
    "InboundMail",
    "Incident",
    "IncidentState",
    "IncidentUpdate",
    "LadderStart",
    "LadderStep",
    "LadderVersion",
    "Leave",
    "LedgerState",
    "LinkKind",
    "MailPosition",
    "MailReference",
    "MailStop",
    "MaintenanceCustomer",
    "MaintenanceWindow",
    "Message",
    "MessageKind",
    "Notice",
    "NoticeState",
    "NumberSeries",
    "Page",
    "PageState",
    "PolicyStart",
    "PolicyVersion",
    "ReferenceKind",
    "ReplyTemplate",
    "Role",
    "SavedView",
    "ScheduleVersion",
    "Site",
    "Status",
    "Subscription",
    "SubscriptionDelivery",
    "SubscriptionState",
    "Suspicion",
    "SuspicionState",
    "SuspicionTicket",
    "Ticket",
    "TicketEvent",
    "TicketLink",
    "TicketTag",
    "TimeEntry",
    "metadata",
]
