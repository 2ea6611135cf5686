"""A language model's opinion of mails, beside our own judge's; nothing waits long for it.

A mail is asked about where its answer could change something, and never a call or an SMS. A batch
waits for its budget at most, in a thread of its own, so that not even a name server that hangs
holds the mail: what has not come by then is judged without. After three failures in a row nobody is
asked for a minute, and then one mail is.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Final, Self

from prometheus_client import Counter as Metric
from prometheus_client import Histogram

from app.config import OutsideModel, Settings, read_secret
from app.kit.clock import Clock
from app.kit.errors import OutsideError
from app.kit.language_model import LanguageModel, Question
from app.kit.log import logger
from app.kit.net import Outside
from app.sla.severity.judgement import Judgement, Report
from app.sla.severity.masking import masked
from app.sla.severity.opinion import NAME, SCHEMA, SYSTEM, Opinion, heed, read_opinion, text_for
from app.sla.severity.rules import SURE_FROM
from app.sla.severity.words import newest
from app.sla.terms import Severity

log = logger("severity")
# A model of one's own: the address stands in the configuration, where no stranger writes. What
# such an address must never be is the cloud's metadata, which is link-local.
NEAR: Final = tuple(
    ip_network(one)
    for one in (
        "127.0.0.0/8",
        "::1/128",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
    )
)
# So many failures in a row, and then so long without asking.
ENOUGH = 3
REST_S = 60.0
# What the thread gets beyond the budget, to hand over what it has.
_GRACE_S = 0.25
_LONGEST_SUBJECT = 300
_outcomes = Metric(
    "svartid_severity_opinions", "What became of asking a language model about mails.", ["outcome"]
)
_seconds = Histogram(
    "svartid_severity_opinion_seconds",
    "How long a language model took to answer.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 30),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A mail as our own judge sees it, and the names that it shows as its sender's."""

    report: Report
    judgement: Judgement
    names: Sequence[str] = ()

    @property
    def is_worth_asking(self) -> bool:
        """Tell whether an opinion could change anything."""
        ours = self.judgement
        if ours.settled or not (self.report.text.strip() or self.report.subject):
            return False
        # What is surely critical stays so, and those who are woken for it need not wait.
        return ours.severity is not Severity.CRITICAL or not (
            ours.held or ours.critical >= SURE_FROM
        )


class SecondOpinion:
    """Asks a language model, and remembers whether it is there."""

    def __init__(self, model: LanguageModel, terms: OutsideModel, clock: Clock) -> None:
        self._model = model
        self._terms = terms
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest_until: datetime | None = None

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Self | None:
        """Return what the settings name; None where they name none."""
        terms = settings.severity.outside
        if terms is None:
            return None
        way = Outside((*NEAR, *settings.network.private_targets))
        key = read_secret(terms.api_key, terms.api_key_file, field="severity.outside.api_key")
        return cls(LanguageModel(way, terms.url, terms.model, key), terms, clock)

    def heed(self, judged: Sequence[Judged], *, desk_open: bool) -> list[Judgement]:
        """Return the judgements of a batch, each with what the model says of it, if it says so."""
        asked = [number for number, one in enumerate(judged) if one.is_worth_asking]
        allowed = self._allowed(len(asked))
        _count("away", len(asked) - allowed)
        asked = asked[:allowed]
        texts = {number: self.shown(judged[number]) for number in asked}
        found, failed = self._ask_in_time(texts) if texts else ({}, 0)
        _count("failed", failed)
        _count("late", len(texts) - len(found) - failed)
        result = [one.judgement for one in judged]
        for number, opinion in found.items():
            result[number], outcome = heed(
                judged[number].judgement, opinion, texts[number], desk_open=desk_open
            )
            _count(outcome.value, 1)
        return result

    async def ask(self, judged: Judged) -> Opinion:
        """Ask about one message, in the time for one; raise OutsideError or ValueError."""
        return await self._opinion(self.shown(judged))

    async def ask_each(self, judged: Sequence[Judged]) -> list[Opinion | str]:
        """Ask about each, however long it takes; a sentence in place of an answer that failed."""
        gate = asyncio.Semaphore(self._terms.at_once)

        async def one(each: Judged) -> Opinion | str:
            async with gate:
                try:
                    return await self.ask(each)
                except (OutsideError, ValueError) as error:
                    return str(error)

        return await asyncio.gather(*map(one, judged))

    @property
    def shape(self) -> str:
        """Return how the server was last asked for the answer's shape."""
        return self._model.shape

    def shown(self, judged: Judged) -> str:
        """Return what the model is shown of a message."""
        text = newest(judged.report.text)[: self._terms.letters]
        subject = (judged.report.subject or "")[:_LONGEST_SUBJECT]
        return text_for(*(masked(one, names=judged.names) for one in (subject, text)))

    async def _opinion(self, text: str) -> Opinion:
        question = Question(SYSTEM, text, SCHEMA, NAME)
        return read_opinion(await self._model.ask(question, timeout_s=self._terms.timeout_s))

    def _allowed(self, wanted: int) -> int:
        """Return how many may be asked now: all, one to see whether it is back, or none."""
        with self._lock:
            if self._rest_until is None:
                return wanted
            return min(wanted, 1) if self._clock.now() >= self._rest_until else 0

    def _ask_in_time(self, texts: dict[int, str]) -> tuple[dict[int, Opinion], int]:
        found: dict[int, Opinion] = {}
        failed: list[int] = []
        thread = threading.Thread(
            target=lambda: asyncio.run(self._ask_all(texts, found, failed)),
            name="second opinion",
            daemon=True,
        )
        thread.start()
        thread.join(self._terms.budget_s + _GRACE_S)
        # A thread that hangs may still write into its own; ours stay as they are now.
        return dict(found), len(failed)

    async def _ask_all(
        self, texts: dict[int, str], found: dict[int, Opinion], failed: list[int]
    ) -> None:
        gate = asyncio.Semaphore(self._terms.at_once)

        async def one(number: int, text: str) -> None:
            async with gate:
                if self._rest_until is not None and len(texts) > 1:
                    failed.append(number)
                    return
                began = time.monotonic()
                try:
                    found[number] = await self._opinion(text)
                except (OutsideError, ValueError) as error:
                    failed.append(number)
                    self._note_failure(str(error))
                else:
                    _seconds.observe(time.monotonic() - began)
                    self._note_answer()

        try:
            async with asyncio.timeout(self._terms.budget_s):
                await asyncio.gather(*(one(*each) for each in texts.items()))
        except TimeoutError:
            self._note_failure("the budget of the batch is spent")
        except Exception:
            log.exception("second opinion failed")

    def _note_answer(self) -> None:
        with self._lock:
            was_away = self._rest_until is not None
            self._failures, self._rest_until = 0, None
        if was_away:
            log.info("the language model answers again")

    def _note_failure(self, why: str) -> None:
        with self._lock:
            self._failures += 1
            rests = self._failures >= ENOUGH
            if rests:
                self._rest_until = self._clock.now() + self._clock.of_wall(REST_S)
        if rests:
            log.warning("the language model is not asked for a while", why=why)


def _count(outcome: str, number: int) -> None:
    if number > 0:
        _outcomes.labels(outcome).inc(number)
