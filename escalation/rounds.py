"""The rounds that are made beside the ladder: hand-off notices, and a look ahead once a day.

What was looked at is written down with what was told, so that each is told once, whatever crashes
and however many engines there are.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from app.desk.house import House
from app.desk.reachability import in_words, who_is_there
from app.desk.schedules import on_call
from app.desk.staff_notices import ToStaff, notify
from app.kit import i18n
from app.kit.clock import Clock
from app.kit.db import Database
from app.models import Agent, ContactMethod, Role
from app.sla.ladder import PageChannel, check_reachability
from app.sla.oncall import HandOff
from app.store import agreements, heartbeats, oncall, people
from escalation.oncall import Rota

# A hand-off is told so long before it.
AHEAD = timedelta(hours=1)
# A gap is reported when it lies within so long.
GAPS_AHEAD = timedelta(days=14)
ROUND_EVERY_S = 60.0
# Locally, in the morning of every day.
_DAILY_HOUR = 8

# A subject and a text.
_LETTERS = {
    "nb": {
        "begins": ("Du har snart vakt", "Du overtar vakten «{schedule}» {at}{other}."),
        "ends": ("Vakten din slutter snart", "Vakten din i «{schedule}» slutter {at}{other}."),
        "daily": ("{desk}: noe må ordnes før det haster", "Dette fant dagens kontroll:"),
    },
    "en": {
        "begins": ("You are on call soon", "You take over “{schedule}” {at}{other}."),
        "ends": ("Your shift ends soon", "Your shift in “{schedule}” ends {at}{other}."),
        "daily": ("{desk}: something to mend before it is urgent", "Today's check found this:"),
    },
}
_LINES = {
    "nb": {
        "begins": " etter {name}",
        "ends": "; {name} tar over",
        "nobody": "; ingen tar over",
        "gap": "Ingen har vakt i «{schedule}» fra {start} til {end}.",
        "dead": "Stigen «{ladder}»: {what}.",
    },
    "en": {
        "begins": " from {name}",
        "ends": "; {name} takes over",
        "nobody": "; nobody takes over",
        "gap": "Nobody is on call in “{schedule}” from {start} to {end}.",
        "dead": "The ladder “{ladder}”: {what}.",
    },
}


class Rounds:
    """Makes the rounds."""

    def __init__(self, db: Database, house: House, clock: Clock) -> None:
        self._db = db
        self._house = house
        self._clock = clock

    def pass_once(self) -> int:
        """Tell of the hand-offs that come near, and once a day of what reaches nobody."""
        now = self._clock.now()
        with self._db.writing() as session:
            tell_hand_offs(session, self._house, now=now)
        with self._db.writing() as session:
            check_daily(session, self._house, now=now)
        return 0


def tell_hand_offs(session: Session, house: House, *, now: datetime) -> None:
    """Tell whoever leaves and whoever comes, an hour before; each hand-off once.

    The first look tells of nothing that is nearer: nobody is told late of what they knew.
    """
    since = heartbeats.seen_until(session, "hand-offs", now + AHEAD)
    state = on_call(session, since=now)
    rota = Rota(state.schedules, state.away)
    agents = {agent.email: agent for agent in people.active_agents(session)}
    methods = oncall.methods(session)
    for schedule, change in rota.hand_offs(since, now + AHEAD):
        arriving, leaving = (agents.get(one or "") for one in (change.arriving, change.leaving))
        for agent, key, other in ((arriving, "begins", leaving), (leaving, "ends", arriving)):
            if agent is not None:
                what = _notice(house, agent, key, schedule, change, other=other, now=now)
                _send(session, house, agent, methods, what, now=now)


def check_daily(session: Session, house: House, *, now: datetime) -> None:
    """Tell the leads of gaps and of ladders that reach nobody; nothing, where all is well."""
    local = now.astimezone(house.settings.zone)
    day = local.replace(hour=_DAILY_HOUR, minute=0, second=0, microsecond=0)
    due = day if local >= day else day - timedelta(days=1)
    if heartbeats.seen_until(session, "daily check", now) >= due:
        return
    for lead in people.active_agents(session):
        if lead.role not in {Role.LEAD, Role.ADMIN}:
            continue
        lines = findings(session, house, lead.language, now=now)
        if lines:
            subject, text = _LETTERS[_written(lead.language)]["daily"]
            what = ToStaff(
                key=f"daily-check:{due.date().isoformat()}:{lead.id}",
                channel=PageChannel.MAIL,
                address=lead.email,
                subject=subject.format(desk=house.settings.desk.name),
                text="\n".join([text, *(f"- {line}" for line in lines)]),
                language=lead.language,
            )
            notify(session, house, what, now=now)


def findings(session: Session, house: House, language: str, *, now: datetime) -> list[str]:
    """Return what is to be mended: gaps on call, and steps that reach nobody."""
    words = _LINES[_written(language)]
    who = who_is_there(session, house.settings, now=now)
    rota = Rota(who.rota.schedules, who.rota.away)
    lines = []
    for schedule, holes in sorted(rota.gaps_ahead(now, GAPS_AHEAD).items()):
        zone = who.rota.schedules[schedule].zone
        for hole in holes:
            start, end = (_moment(at, zone, language, now) for at in (hole.start, hole.end))
            lines.append(words["gap"].format(schedule=schedule, start=start, end=end))
    for ladder_id in {house.ladder_id, *agreements.ladders_in_use(session, now)}:
        ladder = house.ladder_of(session, ladder_id)
        lines += [
            words["dead"].format(ladder=ladder.name, what=in_words(dead))
            for dead in check_reachability(ladder, who.why_not)
        ]
    return lines


def _notice(
    house: House,
    agent: Agent,
    key: str,
    schedule: str,
    change: HandOff,
    *,
    other: Agent | None,
    now: datetime,
) -> ToStaff:
    language = _written(agent.language)
    if other is not None:
        said = _LINES[language][key].format(name=other.name)
    else:
        said = _LINES[language]["nobody"] if key == "ends" else ""
    zone = ZoneInfo(agent.time_zone or house.settings.desk.time_zone)
    at = _moment(change.at, zone, agent.language, now)
    subject, text = _LETTERS[language][key]
    return ToStaff(
        key=f"hand-off:{schedule}:{change.at.isoformat()}:{key}:{agent.id}",
        channel=PageChannel.MAIL,
        address=agent.email,
        subject=subject,
        text=text.format(schedule=schedule, at=at, other=said),
        language=agent.language,
    )


def _send(
    session: Session,
    house: House,
    agent: Agent,
    methods: Sequence[ContactMethod],
    what: ToStaff,
    *,
    now: datetime,
) -> None:
    """Send a notice by the person's first verified method that rings nobody up."""
    own = (
        row
        for row in methods
        if row.agent_id == agent.id and row.verified_at and row.channel is not PageChannel.VOICE
    )
    first = next(own, None)
    if first is not None:
        what = ToStaff(
            key=what.key,
            channel=first.channel,
            address=first.address,
            subject=what.subject,
            text=what.text,
            language=what.language,
        )
    notify(session, house, what, now=now)


def _written(language: str) -> str:
    return "en" if language == "en" else "nb"


def _moment(at: datetime, zone: ZoneInfo, language: str, now: datetime) -> str:
    return i18n.moment(at, zone=zone, language=i18n.closest(language, default="en"), now=now)
