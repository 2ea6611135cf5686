"""The running service: the API and the loops under one roof, started and stopped together."""

import asyncio
import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session

from app.config import Settings, Smtp
from app.connections import (
    channels,
    lifeline_url,
    outside,
    signer,
    smtp_settings,
    watch_settings,
)
from app.desk.audit_chain import Sealer
from app.desk.deliveries import tell_of_failure
from app.desk.house import House
from app.desk.judging import warm_up
from app.desk.pulse import Patience
from app.desk.subscriptions import tell_of_disabling
from app.desk.tokens import tell_of_expiry
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.kit.log import logger
from app.kit.wake import Topic
from app.models import Delivery
from app.outbox.deliver import Lanes, Sender
from app.outbox.publish import Publisher
from app.outbox.signing import Signing
from app.outbox.smtp import SmtpTransport
from app.outbox.twilio.account import Account
from app.worker import Loop, LoopHealth, Loops
from escalation.engine import Engine
from escalation.heartbeat import Lifeline
from escalation.rounds import ROUND_EVERY_S, Rounds
from intake.canary import Canaries
from intake.handed import HandedLedger
from intake.imap.health import Health, WatchState
from intake.imap.terms import WatchSettings
from intake.imap.watch import watch
from intake.lmtp import LmtpServer
from intake.phone.lost import LostCalls
from intake.phone.recordings import Recordings
from intake.process import Processor
from intake.receive import MailLedger
from intake.sms_lost import LostTexts

# Objects that are made before the collector looks at them; it would at every 700.
YOUNG_OBJECTS = 10_000
# A loop that waits for a signal looks by itself this often: another process may have left work.
POLL_S = 0.5
# The audit log is sealed this often: so long could an entry be changed without a trace.
SEAL_S = 1.0
# Recordings come some seconds after a call; nobody waits for them at the telephone.
CALLS_POLL_S = 2.0


class Part(StrEnum):
    """A part of the service that can run alone, on a machine of its own."""

    API = "api"
    INTAKE = "intake"
    SENDER = "sender"
    ENGINE = "engine"


ALL = frozenset(Part)
# What comes in by these is judged.
JUDGING = frozenset({Part.API, Part.INTAKE})


@dataclass
class Service:
    """Everything that one process runs."""

    settings: Settings
    db: Database
    house: House
    clock: Clock
    parts: frozenset[Part] = ALL

    def __post_init__(self) -> None:
        self.loops = Loops(self.db.wake)
        self.lmtp: Listener | None = None
        self._warning = threading.Lock()

    @classmethod
    def open(
        cls, settings: Settings, db: Database, clock: Clock, parts: frozenset[Part] = ALL
    ) -> "Service":
        """Read the promises in force and put the service together."""
        with db.writing() as session:
            house = House.open(session, settings, now=clock.now())
        if parts & JUDGING:
            warm_up(house, at=clock.now())
        return cls(settings=settings, db=db, house=house, clock=clock, parts=parts)

    def start(self) -> None:
        """Start the loops of the parts that run here."""
        makers: dict[Part, Callable[[], Loop]] = {
            Part.INTAKE: self._intake,
            Part.SENDER: self._sender,
            Part.ENGINE: self._engine,
        }
        more = [self._canaries()] if Part.ENGINE in self.parts and self._has_canaries() else []
        if Part.SENDER in self.parts:
            more += [self._messenger(), self._publisher()]
        if Part.ENGINE in self.parts:
            more += [self._rounds(), self._sealer(), *self._lifelines()]
        if Part.INTAKE in self.parts and self.settings.twilio.account_sid:
            more.append(self._lost_texts())
            more.append(self._calls())
        # What is loaded by now lives as long as the process; the collector need not look at it.
        gc.collect()
        gc.freeze()
        # A batch makes tens of thousands of objects that are in use until its end.
        gc.set_threshold(YOUNG_OBJECTS, 20, 20)
        self.loops.start([make() for part, make in makers.items() if part in self.parts] + more)
        if Part.INTAKE in self.parts:
            self._start_watchers()
            self._start_lmtp()

    def stop(self) -> list[str]:
        """Let the work in hand finish; return the names of what did not in time."""
        return self.loops.stop()

    def _intake(self) -> Loop:
        batch = self.settings.intake.batch
        processor = Processor(self.db, self.house, self.clock, batch=batch)
        return Loop("intake", processor.pass_once, Topic.LEDGER, lambda: POLL_S)

    def _engine(self) -> Loop:
        engine = Engine(self.db, self.house, self.clock)
        return Loop("engine", engine.pass_once, Topic.CLOCKS, engine.wait_s, engine.rest_s)

    def _rounds(self) -> Loop:
        rounds = Rounds(self.db, self.house, self.clock)
        every = self.clock.on_wall(ROUND_EVERY_S)
        return Loop("rounds", rounds.pass_once, Topic.LIFELINE, lambda: every)

    def _lifelines(self) -> list[Loop]:
        """Return the loop that calls the address outside; none where there is no address."""
        url = lifeline_url(self.settings)
        if url is None:
            return []
        patience = Patience.of(self.settings.engine, self.clock)
        line = Lifeline(self.db, self.clock, outside(self.settings), url, patience)
        every = self.settings.engine.heartbeat_every_s
        return [Loop("lifeline", line.pass_once, Topic.LIFELINE, lambda: every)]

    def _sealer(self) -> Loop:
        return Loop("audit", Sealer(self.db, self.clock).pass_once, Topic.AUDIT, lambda: SEAL_S)

    def _calls(self) -> Loop:
        account = Account(self.settings)
        recordings = Recordings(self.db, self.house, self.clock, account)
        lost = LostCalls(self.db, self.house, self.clock, account)
        return Loop(
            "calls",
            lambda: recordings.pass_once() + lost.pass_once(),
            Topic.CALLS,
            lambda: CALLS_POLL_S,
        )

    def _has_canaries(self) -> bool:
        return any(box.canary_minutes for box in self.settings.mailboxes.values())

    def _canaries(self) -> Loop:
        canaries = Canaries(self.db, self.house, self.clock)
        return Loop("canary", canaries.pass_once, Topic.CANARY, canaries.wait_s)

    def _sender(self) -> Loop:
        """Return the mail's sender, with an event loop of its own for the one library that asks."""
        runner = asyncio.Runner()
        transports: Mapping[str, Sequence[SmtpTransport | Signing]] = {
            name: [self._transport(name, box.smtp)] for name, box in self.settings.mailboxes.items()
        }
        boxes = self.settings.mailboxes
        most = {name: box.smtp.most_a_minute for name, box in boxes.items()}
        sender = Sender(
            self.db,
            self.clock,
            transports,
            failed=self._failed,
            lanes=Lanes.MAIL,
            most_a_minute={name: limit for name, limit in most.items() if limit},
        )

        async def say_goodbye() -> None:
            for several in transports.values():
                for transport in several:
                    await transport.close()

        def close() -> None:
            runner.run(say_goodbye())
            runner.close()

        return Loop(
            "sender",
            lambda: runner.run(sender.pass_once()),
            Topic.OUTBOX,
            lambda: POLL_S,
            close=close,
        )

    def _publisher(self) -> Loop:
        """Return what tells other programs of events, with an event loop of its own."""
        runner = asyncio.Runner()
        publisher = Publisher(
            self.db,
            self.clock,
            outside(self.settings),
            disabled=lambda session, one, now: tell_of_disabling(session, self.house, one, now=now),
        )

        def close() -> None:
            runner.run(publisher.finish())
            runner.close()

        return Loop(
            "publisher",
            lambda: runner.run(publisher.pass_once()),
            Topic.FEED,
            lambda: POLL_S,
            close=close,
        )

    def _messenger(self) -> Loop:
        """Return the sender of all that is no mail: a provider that hangs delays no mail."""
        runner = asyncio.Runner()
        ways = channels(self.settings, self.clock, self.db)
        sender = Sender(self.db, self.clock, {}, ways, failed=self._failed, lanes=Lanes.NOTICES)
        return Loop(
            "messenger",
            lambda: runner.run(sender.pass_once()),
            Topic.NOTICES,
            lambda: POLL_S,
            close=runner.close,
        )

    def _lost_texts(self) -> Loop:
        lost = LostTexts(self.db, self.house, self.clock, Account(self.settings))
        return Loop("texts", lost.pass_once, Topic.TEXTS, lost.wait_s)

    def _failed(self, session: Session, row: Delivery, now: datetime) -> None:
        tell_of_failure(session, self.house, row, now=now)

    def _transport(self, name: str, smtp: Smtp) -> SmtpTransport | Signing:
        plain = SmtpTransport(smtp_settings(name, smtp, self.clock))
        signs = signer(name, smtp)
        return plain if signs is None else Signing(plain, signs)

    def _start_watchers(self) -> None:
        for name, box in self.settings.mailboxes.items():
            for folder in box.imap.folders if box.imap else ():
                assert box.imap is not None  # noqa: S101 - there are folders only with it
                what = watch_settings(
                    name,
                    box.imap,
                    folder,
                    max_bytes=self.settings.intake.max_bytes,
                    clock=self.clock,
                )
                ledger = MailLedger(self.db, self.clock)
                Watcher(what, ledger, self.clock, self._warn).start(self.loops)

    def _warn(self, mailbox: str, warning: str) -> None:
        """Tell staff what will keep a mailbox from being read soon."""
        log.error("mailbox", mailbox=mailbox, warning=warning)
        # Each folder of a mailbox has a watcher, and all of them are warned.
        with self._warning, self.db.writing() as session:
            tell_of_expiry(session, self.house, mailbox, warning, now=self.clock.now())

    def _start_lmtp(self) -> None:
        where = self.settings.lmtp
        if where.port is None and where.socket_file is None:
            return
        ledger = HandedLedger(self.db, self.clock)
        self.lmtp = Listener(lambda: LmtpServer(self.settings, ledger))
        self.lmtp.start(self.loops)


class Listener:
    """The LMTP server, in a thread with an event loop of its own, and how it is."""

    def __init__(self, make: Callable[[], LmtpServer]) -> None:
        self._make = make
        self._state = "starting"
        self._error: str | None = None
        # Where it listens, and a signal once it does.
        self.addresses: Sequence[object] = ()
        self.listening = threading.Event()

    def start(self, loops: Loops) -> None:
        """Listen in a thread; what cannot be listened on is tried again."""
        loops.start_watcher("lmtp", self._listen, self.health)

    def health(self) -> LoopHealth:
        """Return how it is."""
        return LoopHealth("lmtp", self._state, error=self._error)

    def _listen(self, stop: threading.Event) -> None:
        try:
            asyncio.run(self._serve(stop))
        except Exception as error:
            self._state, self._error = "failing", str(error)
            raise
        self._state = "stopped"

    async def _serve(self, stop: threading.Event) -> None:
        stopped = asyncio.Event()
        serving = asyncio.create_task(self._make().serve(stopped, self._note))
        waiting = asyncio.create_task(asyncio.to_thread(stop.wait))
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        stopped.set()
        await serving

    def _note(self, addresses: Sequence[object]) -> None:
        self.addresses = addresses
        self._state, self._error = "running", None
        self.listening.set()


# A warning of a mailbox is told once a day; this is how often we look whether it was.
WARN_AGAIN = timedelta(hours=6)
log = logger("service")


class Watcher:
    """One folder's watcher and how it last said it was."""

    def __init__(
        self,
        what: WatchSettings,
        ledger: MailLedger,
        clock: Clock,
        warn: Callable[[str, str], None],
    ) -> None:
        self._what = what
        self._ledger = ledger
        self._clock = clock
        self._warn = warn
        self._warned_at: datetime | None = None
        self._last: Health | None = None
        self.name = f"imap:{what.mailbox}:{what.folder}"

    def start(self, loops: Loops) -> None:
        """Watch in a thread of its own; the watcher reconnects by itself."""
        loops.start_watcher(self.name, self._watch, self.health)

    def health(self) -> LoopHealth:
        """Return how the watcher is."""
        last = self._last
        if last is None:
            return LoopHealth(self.name, "starting")
        if last.state is WatchState.STOPPED:
            return LoopHealth(self.name, "stopped")
        failing = last.state is WatchState.RETRYING
        missed = f"missed: UID {', '.join(map(str, last.missed[:20]))}" if last.missed else None
        state = "failing" if failing else "running"
        return LoopHealth(self.name, state, error=last.problem or missed)

    def _watch(self, stop: threading.Event) -> None:
        watch(
            self._what,
            self._ledger,
            stop=stop,
            clock=self._clock,
            # The ledger wakes the processor with its commit.
            on_received=lambda _count: None,
            report=self.note,
        )

    def note(self, health: Health) -> None:
        """Keep how the watcher is, and tell staff what it is warned of."""
        self._last = health
        if not health.warning or (self._warned_at and health.at - self._warned_at < WARN_AGAIN):
            return
        try:
            self._warn(self._what.mailbox, health.warning)
        except Unavailable as error:
            # It is told at every look at the whole folder, so a later one will do.
            log.warning("staff not warned", mailbox=self._what.mailbox, error=str(error))
            return
        self._warned_at = health.at
