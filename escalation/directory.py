"""Who can be reached: the staff and the schedules, as the ladder's decisions ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlmodel import Session
from typing_extensions import override

from app.config import WebhookKind
from app.desk.house import House
from app.desk.schedules import on_call
from app.models import Agent, ContactMethod, Role, Ticket
from app.sla.ladder import PageChannel, Receiver, ReceiverKind
from app.sla.oncall import Away
from app.sla.terms import Severity
from app.store import oncall, people
from escalation.contact import OwnMethod, Profile, QuietHours, Urgency, reach
from escalation.ladder import Directory, Method, Reach, is_program
from escalation.oncall import Rota

CATCH_ALL = "catch_all"


@dataclass(frozen=True)
class Staff:
    """The active staff at one moment, read once a batch of alarms."""

    agents: dict[str, Agent]
    # A mail address that is nobody's in particular; None where none is set.
    catch_all: str | None
    rota: Rota
    methods: Sequence[ContactMethod] = ()
    desk_zone: str = "UTC"
    # The webhooks of the configuration, by name.
    webhooks: Mapping[str, WebhookKind] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, house: House, now: datetime) -> "Staff":
        """Read who works here now."""
        agents = {str(agent.id): agent for agent in people.active_agents(session)}
        state = on_call(session, since=now)
        return cls(
            agents=agents,
            catch_all=house.settings.policy.catch_all,
            rota=Rota(state.schedules, state.away),
            methods=oncall.methods(session),
            desk_zone=house.settings.desk.time_zone,
            webhooks={name: one.kind for name, one in house.settings.webhooks.items()},
        )

    def for_ticket(self, ticket: Ticket) -> "TicketDirectory":
        """Return the directory as one ticket sees it."""
        return TicketDirectory(self, ticket)

    def name_of(self, person: str) -> str:
        """Return a person's name as staff read it."""
        if person in self.agents:
            return self.agents[person].name
        return (self.catch_all or CATCH_ALL) if person == CATCH_ALL else person

    @cached_property
    def by_email(self) -> dict[str, str]:
        """Return the active agents' ids by their addresses, which schedules name them by."""
        return {agent.email: key for key, agent in self.agents.items()}

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Return how everybody wants to be reached."""
        return {key: self._profile(agent) for key, agent in self.agents.items()}

    def _profile(self, agent: Agent) -> Profile:
        own = [
            OwnMethod(
                channel=row.channel,
                address=row.address,
                verified=row.verified_at is not None,
                urgencies=frozenset(Urgency(word) for word in row.urgencies),
            )
            for row in self.methods
            if row.agent_id == agent.id
        ]
        # The address that somebody signs in with is known to be theirs, and is the last to try.
        if not any((row.channel, row.address) == (PageChannel.MAIL, agent.email) for row in own):
            urgencies = frozenset(Urgency) if not own else frozenset[Urgency]()
            own.append(OwnMethod(PageChannel.MAIL, agent.email, verified=True, urgencies=urgencies))
        quiet = None
        if agent.quiet_from and agent.quiet_to:
            quiet = QuietHours(
                time.fromisoformat(agent.quiet_from), time.fromisoformat(agent.quiet_to)
            )
        return Profile(
            person=str(agent.id),
            methods=tuple(own),
            tz=ZoneInfo(agent.time_zone or self.desk_zone),
            active=agent.active,
            quiet=quiet,
            away=self._away(agent),
        )

    def _away(self, agent: Agent) -> tuple[Away, ...]:
        return tuple(leave for leave in self.rota.away if leave.person == agent.email)


@dataclass(frozen=True)
class TicketDirectory(Directory):
    """The staff as the ladder of one ticket asks for them.

    A desk that has not written the schedule that is asked for has everybody who works on tickets
    on call at all times, and nobody who comes next.
    """

    staff: Staff
    ticket: Ticket

    @override
    def people(self, receiver: Receiver, at: datetime) -> Sequence[str]:
        name, staff = receiver.name, self.staff
        match receiver.kind:
            case ReceiverKind.CATCH_ALL | ReceiverKind.WEBHOOK | ReceiverKind.ASSIGNEE:
                return self._alone(receiver)
            case ReceiverKind.ON_CALL if name in staff.rota.schedules:
                return self._ids(staff.rota.now(name, at))
            case ReceiverKind.ON_CALL_NEXT:
                return self._ids(staff.rota.next(name, at))
            case ReceiverKind.TEAM:
                return self._in_turn(name)
            case _:
                return [
                    key for key, one in staff.agents.items() if self._is(one, receiver.kind, name)
                ]

    def _alone(self, receiver: Receiver) -> list[str]:
        """Return the one whom such a receiver can only be; empty for nobody."""
        match receiver.kind:
            case ReceiverKind.CATCH_ALL:
                found, there = CATCH_ALL, bool(self.staff.catch_all)
            case ReceiverKind.WEBHOOK:
                found, there = str(receiver), receiver.name in self.staff.webhooks
            case _:
                found = str(self.ticket.assignee_id)
                there = found in self.staff.agents
        return [found] if there else []

    def _ids(self, emails: Sequence[str]) -> list[str]:
        """Return the ids of those who still work here."""
        return [self.staff.by_email[one] for one in emails if one in self.staff.by_email]

    def _in_turn(self, team: str) -> list[str]:
        """Return a team's members, beginning with another one for each ticket."""
        members = [key for key, one in self.staff.agents.items() if one.team == team]
        turn = self.ticket.number % len(members) if members else 0
        return members[turn:] + members[:turn]

    def _is(self, agent: Agent, kind: ReceiverKind, name: str) -> bool:
        match kind:
            case ReceiverKind.ON_CALL:
                return agent.role is Role.AGENT
            case ReceiverKind.AGENT:
                return name in {agent.email, str(agent.id)}
            case ReceiverKind.ROLE:
                return agent.role == name
            case _:
                return False

    @override
    def reach(
        self, person: str, how: Sequence[PageChannel], severity: Severity, at: datetime
    ) -> Reach:
        if person == CATCH_ALL:
            return Reach(methods=(Method(PageChannel.MAIL, self.staff.catch_all or ""),))
        if is_program(person):
            name = person.partition(":")[2]
            chat = self.staff.webhooks[name] is WebhookKind.CHAT
            return Reach((Method(PageChannel.CHAT if chat else PageChannel.WEBHOOK, name),))
        return reach(self.staff.profiles[person], how, severity, at)
