"""Fetching many mails with few commands and little memory.

Sizes are asked first, so that a command's worth of mail is known before it is read: an answer of
fifty large mails would otherwise be held in memory whole. What a group does not bring is asked for
alone, so that one mail that the server cannot read never holds up its neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.kit.errors import OutsideError
from intake.imap.replies import Answer
from intake.imap.terms import UIDS_A_COMMAND, Fetched, in_chunks

# One command's worth: enough to keep the line busy, little enough to hold in memory.
FETCH_MAILS = 100
FETCH_BYTES = 8_000_000


@dataclass(frozen=True)
class Fetching:
    """One run over a list of mails."""

    # FETCH these UIDs, with these items.
    ask: Callable[[Sequence[int], str], Iterator[Answer]]
    # Whether the connection still stands, after a refusal.
    alive: Callable[[], bool]
    # Which of these UIDs are there at this moment.
    present: Callable[[Sequence[int]], list[int]]
    # For a server that tells no receipt time.
    now: Callable[[], datetime]
    max_bytes: int

    def mails(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Yield those of the mails that are still there, ascending."""
        for some in in_chunks(sorted(set(uids)), UIDS_A_COMMAND):
            sizes = self._sizes(some)
            for group in _groups(some, sizes, self.max_bytes):
                yield from self._group(group, sizes)

    def _sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the sizes of those that are still there; 0 where the server does not tell one."""
        asked = set(uids)
        found: dict[int, int] = {}
        for answer in self.ask(uids, "RFC822.SIZE"):
            # Other people's changes of flags arrive in between, about any mail.
            if answer.uid is not None and answer.uid in asked:
                found[answer.uid] = answer.size or found.get(answer.uid, 0)
        return found

    def _group(self, group: Sequence[int], sizes: dict[int, int]) -> Iterator[Fetched]:
        found = self._together(group, sizes)
        for uid in group:
            answer = found.pop(uid, None)
            problem = ""
            if answer is None:
                answer, problem = self._alone(uid, sizes)
            # Neither a mail nor a problem: somebody removed it meanwhile.
            if answer is not None or problem:
                yield self._fetched(uid, sizes[uid], answer, problem)

    def _fetched(self, uid: int, told_size: int, answer: Answer | None, problem: str) -> Fetched:
        raw = (answer.body if answer else None) or b""
        # Exchange is known to tell a size that is not the mail's.
        size = max(told_size, len(raw)) if len(raw) >= self.max_bytes else len(raw) or told_size
        return Fetched(
            uid=uid,
            internal_date=(answer.internal_date if answer else None) or self.now(),
            size=size,
            raw=raw[: self.max_bytes],
            truncated=size > self.max_bytes or bool(problem),
            problem=problem,
        )

    def _together(self, group: Sequence[int], sizes: dict[int, int]) -> dict[int, Answer]:
        """Return what a group brings; nothing where the server refuses it, but lives on."""
        if len(group) == 1:
            return {}
        try:
            return self._bodies(group, sizes)
        except OutsideError:
            if self.alive():
                return {}
            raise

    def _alone(self, uid: int, sizes: dict[int, int]) -> tuple[Answer | None, str]:
        """Return one mail, or why the server cannot read it; neither means that it is gone."""
        try:
            answer = self._bodies([uid], sizes).get(uid)
            problem = "the server told of the mail and did not bring it."
        except OutsideError as error:
            if not self.alive():
                raise
            answer, problem = None, error.message
        if answer is not None or not self.present([uid]):
            return answer, ""
        return None, problem

    def _bodies(self, group: Sequence[int], sizes: dict[int, int]) -> dict[int, Answer]:
        # Only one that is too large is cut at the server: some servers cut wrongly.
        cut = len(group) == 1 and sizes.get(group[0], 0) > self.max_bytes
        part = f"<0.{self.max_bytes}>" if cut else ""
        # PEEK leaves the Seen flag alone.
        answers = self.ask(group, f"INTERNALDATE BODY.PEEK[]{part}")
        return {a.uid: a for a in answers if a.uid is not None and a.body is not None}


def _groups(uids: Sequence[int], sizes: dict[int, int], max_bytes: int) -> Iterator[Sequence[int]]:
    """Cut a list of mails into commands; one that is larger than the limit goes alone."""
    group: list[int] = []
    weight = 0
    for uid in uids:
        size = sizes.get(uid)
        if size is None:
            continue
        full = len(group) >= FETCH_MAILS or weight + size > FETCH_BYTES
        if group and (full or size > max_bytes):
            yield group
            group, weight = [], 0
        group.append(uid)
        weight += size
        if size > max_bytes:
            yield group
            group, weight = [], 0
    if group:
        yield group
