"""From a ledger row to a ticket: one walk a message, one transaction a batch.

Reading and judging are pure and happen outside any transaction, so that a slow message holds
nobody's lock. What follows is short: claim the rows, walk the steps, write.
"""

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import Session

from app.desk.house import House
from app.desk.second_opinion import SecondOpinion
from app.kit.clock import Clock
from app.kit.db import Database
from app.kit.errors import Unavailable
from app.kit.log import logger
from app.kit.text import storable
from app.models import InboundMail, LedgerState
from app.models.base import Id
from app.sla.severity import Judgement
from app.store import mail as ledger
from app.store import numbers
from intake.case import Case, Outcome
from intake.known import Known
from intake.mail import ParsedMail, parse
from intake.signatures import Resolve, check_library, signing_domains
from intake.steps.bounce import settle_bounce
from intake.steps.canary import end_canary
from intake.steps.duplicate import end_duplicate
from intake.steps.own_echo import refuse_own_echo
from intake.steps.quarantine import open_minimal
from intake.steps.route import route
from intake.steps.sender import meet_sender
from intake.steps.severity import heed_opinions, judge_mail
from intake.steps.thread import join_thread, names_a_number

log = logger("intake")
READERS = 2

# In this order; a step ends the walk by returning an outcome, and the last one always does.
STEPS: tuple[Callable[[Case], Outcome | None], ...] = (
    # A mail to ourselves that shows that mail comes in.
    end_canary,
    # A mail of our own that went round.
    refuse_own_echo,
    # The same message again, by another way or another time.
    end_duplicate,
    # Who wrote it; makes a contact of a stranger.
    meet_sender,
    # Which ticket it belongs to, if any.
    join_thread,
    # A bounce is tied to the delivery that caused it, and joins that one's ticket.
    settle_bounce,
    # Append to that ticket, or open one; acknowledge where a person waits for it.
    route,
)
# What is left of them where staff have asked for a ticket of its own.
OPENING: tuple[Callable[[Case], Outcome | None], ...] = (meet_sender, route)


@dataclass(frozen=True, slots=True)
class _Read:
    """A ledger row that has been parsed and judged."""

    id: Id
    raw: bytes
    mail: ParsedMail
    judgement: Judgement
    signed_by: frozenset[str]


class Processor:
    """Works on the ledger's waiting rows."""

    def __init__(
        self,
        db: Database,
        house: House,
        clock: Clock,
        *,
        batch: int,
        resolve: Resolve | None = None,
    ) -> None:
        self._db = db
        self._house = house
        self._clock = clock
        self._batch = batch
        self._resolve = resolve
        self._second = SecondOpinion.of(house.settings, clock)
        # The encoder computes outside the interpreter's lock, so that two read faster than one.
        self._readers = (
            ThreadPoolExecutor(READERS, "reader") if house.settings.severity.encoder else None
        )
        for name, box in house.settings.mailboxes.items():
            if box.check_dkim:
                check_library(f"mailboxes.{name}.check_dkim")

    def pass_once(self) -> int:
        """Process one batch of waiting rows; return how many there were."""
        with self._db.reading() as session:
            ids = ledger.due_ids(session, self._clock.now(), self._batch)
            waiting = ledger.raw_by_id(session, ids) if ids else ()
        read = []
        for (row_id, _, _), one in zip(waiting, self._read_all(waiting), strict=True):
            if isinstance(one, str):
                self._quarantine(row_id, one)
            else:
                read.append(one)
        if not read:
            return len(waiting)
        if self._second is not None:
            read = self._with_opinions(self._second, read)
        try:
            self._write(read)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whichever row it was, the others must not wait for it
            for one in read:
                self._write_alone(one)
        return len(waiting)

    def _read_all(self, waiting: Sequence[tuple[Id, str, bytes]]) -> Sequence[_Read | str]:
        if self._readers is None or len(waiting) == 1:
            return [self._read(*one) for one in waiting]
        return list(self._readers.map(lambda one: self._read(*one), waiting))

    def _read(self, row_id: Id, mailbox: str, raw: bytes) -> _Read | str:
        """Parse and judge; return what went wrong where a row breaks even the parser."""
        try:
            parsed = parse(raw)
            judgement = judge_mail(parsed, self._house, at=self._clock.now())
            signed_by = self._signed_by(mailbox, parsed, raw)
        except Exception:  # noqa: BLE001 - nothing a stranger writes may stop the intake
            return traceback.format_exc()
        return _Read(row_id, raw, parsed, judgement, signed_by)

    def _with_opinions(self, second: SecondOpinion, read: Sequence[_Read]) -> list[_Read]:
        """Ask a language model besides; no lock is held meanwhile, and no mail waits for long."""
        mails = [(one.mail, one.judgement) for one in read]
        heeded = heed_opinions(second, mails, self._house, at=self._clock.now())
        return [replace(one, judgement=each) for one, each in zip(read, heeded, strict=True)]

    def _signed_by(self, mailbox: str, mail: ParsedMail, raw: bytes) -> frozenset[str]:
        """Check who has signed a mail, where that decides what it joins."""
        box = self._house.settings.mailboxes.get(mailbox)
        if box is None or not box.check_dkim or not names_a_number(mail.subject):
            return frozenset()
        return signing_domains(raw, resolve=self._resolve)

    def _write(self, read: Sequence[_Read]) -> None:
        now = self._clock.now()
        by_id = {one.id: one for one in read}
        with self._db.writing() as session:
            rows = ledger.claim(session, list(by_id))
            known = Known.about(
                session,
                rows,
                [by_id[row.id].mail for row in rows],
                automatic=self._house.settings.automatic,
                now=now,
            )
            fresh = sum(1 for row in rows if known.is_news(row, by_id[row.id].mail))
            if fresh > 1:
                numbers.draw(session, fresh)
            for row in rows:
                one = by_id[row.id]
                case = Case(
                    session=session,
                    house=self._house,
                    now=now,
                    row=row,
                    raw=one.raw,
                    mail=one.mail,
                    judgement=one.judgement,
                    known=known,
                    signed_by=one.signed_by,
                )
                end(case, walk(case))
            if fresh > 1:
                numbers.give_back(session)

    def _write_alone(self, one: _Read) -> None:
        try:
            self._write([one])
        except Unavailable:
            raise
        except Exception:
            log.exception("quarantined", row=str(one.id))
            self._quarantine(one.id, traceback.format_exc())

    def _quarantine(self, row_id: Id, error: str) -> None:
        now = self._clock.now()
        try:
            with self._db.writing() as session:
                for row, raw in ledger.with_raw(session, [row_id]):
                    row.state = LedgerState.QUARANTINED
                    row.reason = "exception"
                    row.error = error
                    row.processed_at = now
                    row.ticket_id = open_minimal(session, self._house, row, raw, now=now).id
        except Unavailable:
            raise
        except Exception:
            # Even the minimal ticket failed: the row is pushed forward, and the error is raised.
            with self._db.writing() as session:
                push_forward(session, row_id, now + timedelta(hours=1), error)
            raise


def walk(case: Case) -> Outcome:
    """Walk the steps until one ends it."""
    for step in OPENING if case.row.open_anyway else STEPS:
        outcome = step(case)
        if outcome is not None:
            return outcome
    raise AssertionError("the last step always ends the walk")


def end(case: Case, outcome: Outcome) -> None:
    """Write the outcome on the ledger's row."""
    case.row.state = outcome.state
    case.row.reason = outcome.reason.value
    case.row.processed_at = case.now
    case.row.message_id = case.mail.message_id and storable(case.mail.message_id)
    case.row.attempts += 1
    if outcome.ticket is not None:
        case.row.ticket_id = outcome.ticket.id
        case.known.note_entry(outcome.ticket, case.mail)
    case.known.note_ended(case.row)


def push_forward(session: Session, row_id: Id, until: object, error: str) -> None:
    """Let a row that cannot be processed wait, so that it never blocks or spins."""
    row = session.get(InboundMail, row_id)
    if row is not None:
        row.next_at = until  # type: ignore[assignment] # an instant; typed by the caller
        row.error = error
        row.attempts += 1
