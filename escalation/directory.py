"""Who can be reached: the staff and the schedules, as the ladder's decisions ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session
from typing_extensions import override

from app.desk.house import House
from app.models import Agent, Role, Ticket
from app.sla.ladder import PageChannel, Receiver, ReceiverKind
from app.sla.terms import Severity
from app.store import people
from escalation.ladder import Directory, Method, Reach

CATCH_ALL = "catch_all"
_BY_MAIL = frozenset({PageChannel.MAIL, PageChannel.PREFERRED})


@dataclass(frozen=True)
class Staff:
    """The active staff at one moment, read once a batch of alarms."""

    agents: dict[str, Agent]
    # A mail address that is nobody's in particular; None where none is set.
    catch_all: str | None

    @classmethod
    def of(cls, session: Session, house: House) -> "Staff":
        """Read who works here now."""
        agents = {str(agent.id): agent for agent in people.active_agents(session)}
        return cls(agents=agents, catch_all=house.settings.policy.catch_all)

    def for_ticket(self, ticket: Ticket) -> "TicketDirectory":
        """Return the directory as one ticket sees it."""
        return TicketDirectory(self, ticket)


@dataclass(frozen=True)
class TicketDirectory(Directory):
    """The staff as the ladder of one ticket asks for them.

    A desk that has written no schedule has everybody who works on tickets on call at all times.
    """

    staff: Staff
    ticket: Ticket

    @override
    def people(self, receiver: Receiver, at: datetime) -> Sequence[str]:
        name = receiver.name
        if receiver.kind is ReceiverKind.CATCH_ALL:
            return [CATCH_ALL] if self.staff.catch_all else []
        return [key for key, one in self.staff.agents.items() if self._is(one, receiver.kind, name)]

    def _is(self, agent: Agent, kind: ReceiverKind, name: str) -> bool:
        match kind:
            case ReceiverKind.ASSIGNEE:
                return agent.id == self.ticket.assignee_id
            case ReceiverKind.ON_CALL:
                return agent.role is Role.AGENT
            case ReceiverKind.AGENT:
                return name in {agent.email, str(agent.id)}
            case ReceiverKind.TEAM:
                return agent.team == name
            case ReceiverKind.ROLE:
                return agent.role == name
            case _:
                return False

    @override
    def reach(
        self, person: str, how: Sequence[PageChannel], severity: Severity, at: datetime
    ) -> Reach:
        # Everybody has a mail address.
        if not _BY_MAIL.intersection(how):
            return Reach(reason="no channel of this step is set up")
        return Reach(methods=(Method(PageChannel.MAIL),))
