"""A house with very many tickets, filled fast: rows go in by COPY, or many to a statement.

``fill(db, size, opened)`` puts ``size`` tickets into an empty database, the last ``opened`` of them
open. Each has two clocks and two messages of forty words, the last of all ``LONG`` messages. What
the search index holds of a text is what the service itself would have written.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.desk import people
from app.desk.house import House
from app.kit import schema
from app.kit.db import Database
from app.kit.ids import new_id
from app.models import Contact, Role
from app.models.base import Id
from app.store.search import rowid
from app.store.search_words import plain
from tests.bench.bulk import filling
from tests.harness.world import make_settings

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LONG = 200
RARE, COMMON = "sertifikat", "oppdatering"
_BATCH = 5000
_WORDS = (
    *("faktura", "kassen", "nettbutikk", "frakt", "betaling", "feilmelding", "innlogging"),
    *("kunde", "ordre", "levering", "siden", "treg", "bilde", "logo", "skjema", "passord"),
    *("epost", "mobil", "kort", "vipps", "retur", "lager", "pris", "kampanje", "rabatt"),
)
# So many different texts are said; one in a hundred has the rare word, every other the common one.
_TEXTS = 5000
_TICKET = (
    *("id", "number", "subject", "status", "channel", "mailbox", "severity"),
    *("severity_confidence", "severity_reasons", "confirm_severity", "language", "time_zone"),
    *("contact_id", "policy_id", "ladder_id", "received_at", "created_at", "updated_at"),
    *("solved_at", "next_due_at", "hand_backs", "tags", "flags", "version"),
)
_CLOCK = (
    *("id", "ticket_id", "kind", "status", "started_at", "target_at", "limit_at", "met_at"),
    *("run", "paused_s", "failures", "urgency"),
)
_MESSAGE = (
    *("id", "ticket_id", "kind", "at", "author", "from_address", "to_addresses"),
    *("cc_addresses", "subject", "text", "verdict", "verdict_reason", "problems"),
)
_FTS5 = ("rowid", "ticket_id", "message_id", "head", "body")
_SAID = ("message", "ticket", "head", "body")
_COLUMNS = {"ticket": _TICKET, "clock": _CLOCK, "message": _MESSAGE}
_TABLES = (*_COLUMNS, "message_search")


@dataclass(frozen=True)
class Made:
    """What a house was filled with."""

    token: str
    # The number of the ticket with many messages.
    long: int
    # Numbers of open tickets, to be replied to.
    open: list[int]


def fill(db: Database, size: int, opened: int) -> Made:
    """Put ``size`` tickets into an empty database, the last ``opened`` of them open."""
    schema.migrate(db)
    with db.writing() as session:
        house = House.open(session, make_settings(), now=NOW)
        agent = people.add_agent(
            session, name="Ola", email="ola@desk.example", role=Role.AGENT, now=NOW
        )
        token, _ = people.create_token(session, agent, name="bench", now=NOW)
        contacts = [
            Contact(email=f"kari{one}@shop.example", name=f"Kari {one}", created_at=NOW)
            for one in range(500)
        ]
        session.add_all(contacts)
    maker = _Maker(
        policy=house.policy_id,
        ladder=house.ladder_id,
        whose=[(contact.id, contact.email or "") for contact in contacts],
        size=size,
        opened=opened,
    )
    (_into_sqlite if db.is_sqlite else _into_postgres)(db, maker)
    return Made(token, size, list(range(size - opened + 1, size)))


class _Maker:
    """Makes the rows of tickets, by table."""

    def __init__(
        self, *, policy: Id, ladder: Id, whose: Sequence[tuple[Id, str]], size: int, opened: int
    ) -> None:
        self.size = size
        self._chance = random.Random(size)
        self._first_open = size - opened + 1
        self._policy, self._ladder, self._whose = policy, ladder, whose
        self.texts = [self._text(number) for number in range(_TEXTS)]

    def _text(self, number: int) -> str:
        marks = [RARE] * (number % 100 == 0) + [COMMON] * (number % 2)
        return " ".join([*self._chance.choices(_WORDS, k=40), *marks])

    def batches(self) -> Iterator[dict[str, list[Sequence[Any]]]]:
        """Yield the rows of some tickets after those of others."""
        for start in range(1, self.size + 1, _BATCH):
            rows: dict[str, list[Sequence[Any]]] = {table: [] for table in _TABLES}
            for number in range(start, min(start + _BATCH, self.size + 1)):
                self._add(rows, number)
            yield rows

    def _add(self, rows: dict[str, list[Sequence[Any]]], number: int) -> None:
        is_open = number >= self._first_open
        at = NOW - timedelta(minutes=self.size - number)
        key, (contact, address) = new_id(), self._chance.choice(self._whose)
        due = NOW + timedelta(minutes=number - self._first_open) if is_open else None
        subject = f"{self._chance.choice(_WORDS).title()} {number}"
        solved = None if is_open else at
        rows["ticket"].append(
            (
                *(key, number, subject, "open" if is_open else "solved", "email", "support"),
                *("minor", 1.0, [], False, "nb", "Europe/Oslo", contact, self._policy),
                *(self._ladder, at, at, at, solved, due, 0, [], [], 1),
            )
        )
        status = "running" if is_open else "met"
        for kind in ("first_response", "work_started"):
            rows["clock"].append((new_id(), key, kind, status, at, due, due, solved, 1, 0, 0, 0))
        for _ in range(LONG if number == self.size else 2):
            said = self._chance.randrange(_TEXTS)
            message = new_id()
            rows["message"].append(
                (
                    *(message, key, "inbound", at, address, address, ["support@desk.example"]),
                    *([], subject, self.texts[said], "human", "", []),
                )
            )
            rows["message_search"].append((message, key, f"{subject} {address}", said))


def _into_postgres(db: Database, maker: _Maker) -> None:
    """Copy the rows in; the words of each text are found once, when all are there."""
    with filling(db, _TABLES) as into:
        into.ask("CREATE UNLOGGED TABLE said (message uuid, ticket uuid, head text, body int)")
        for rows in maker.batches():
            for table, columns in _COLUMNS.items():
                into.put(table, columns, rows[table])
            into.put("said", _SAID, rows["message_search"])
        _find_words(into.ask, maker.texts)
        into.ask("DROP TABLE said")
        into.ask("SELECT setval('ticket_number', %s)", [maker.size])


def _find_words(ask: Any, texts: Sequence[str]) -> None:
    """Fill the search table as ``app.store.search`` does, each text's words looked up once."""
    ask("CREATE TEMP TABLE texts (body int PRIMARY KEY, vector tsvector)")
    for number, body in enumerate(texts):
        ask(
            "INSERT INTO texts VALUES (%s, to_tsvector('norwegian', %s) || "
            "to_tsvector('english', %s))",
            [number, plain(body), plain(body)],
        )
    ask(
        "INSERT INTO message_search (message_id, ticket_id, vector) SELECT message, ticket, "
        "setweight(to_tsvector('norwegian', head) || to_tsvector('english', head), 'A') || vector "
        "FROM said JOIN texts USING (body) ORDER BY message"
    )
    ask("DROP TABLE texts")


def _into_sqlite(db: Database, maker: _Maker) -> None:
    with filling(db, _TABLES) as into:
        for rows in maker.batches():
            for table, columns in _COLUMNS.items():
                into.put(table, columns, rows[table])
            found = [
                (rowid(message), ticket, message, plain(head), plain(maker.texts[body]))
                for message, ticket, head, body in rows["message_search"]
            ]
            into.put("message_search", _FTS5, found)
        into.ask("INSERT INTO number_series (name, value) VALUES ('ticket', ?)", [maker.size])
