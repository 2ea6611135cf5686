"""What answering a step of a call takes: python -m tests.bench.phone

Signed requests go through the application itself, on SQLite on this disk and on PostgreSQL: the
greeting (which reads), the choice (which opens a ticket, or joins one), a person who takes the
call, the message's callback, and the end of a call. The floor, in the same run: the same request to
a route that checks the signature, inserts one row and commits. The aim is a p99 below 500 ms.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.testclient import TestClient
from twilio.request_validator import RequestValidator

from app.desk import people
from app.desk.house import House
from app.kit import log, schema
from app.kit.clock import MachineClock
from app.kit.db import Database
from app.kit.ids import new_id
from app.main import create_app
from app.models import Contact
from app.outbox.twilio.webhook import FromTwilio
from tests.bench.figures import p99
from tests.harness.calls import phone_settings
from tests.harness.databases import postgres_database, postgres_programs, postgres_server
from tests.harness.fake_twilio import ACCOUNT, OUR_NUMBER, PUBLIC, TOKEN
from tests.harness.twiml import read

CUSTOMERS = 500
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Line:
    """Twilio's side of many calls, one after the other; it keeps how long each answer took."""

    def __init__(self, db: Database) -> None:
        settings = phone_settings(
            twilio={
                "account_sid": ACCOUNT,
                "auth_token": TOKEN,
                "number": OUR_NUMBER,
                "public_url": PUBLIC,
            }
        )
        clock = MachineClock()
        with db.writing() as session:
            house = House.open(session, settings, now=clock.now())
            for number in range(CUSTOMERS):
                name = f"Kunde {number}"
                customer = people.add_customer(session, name=name, domains=(), now=clock.now())
                people.add_contact(
                    session, phone=phone(number), customer=customer, name=name, now=clock.now()
                )
            people.add_agent(
                session,
                name="Ola Vakt",
                email="ola@desk.example",
                phone="+4790000001",
                now=clock.now(),
            )
        app = create_app(db, house, clock)

        @app.post("/twilio/floor")
        def floor(request: Request, hook: FromTwilio) -> Response:
            with db.writing() as session:
                session.add(Contact(name=hook.get("CallSid"), id=new_id(), created_at=hook.now))
            return Response("<Response/>", media_type="text/xml")

        self.web = TestClient(app)
        self.taken: dict[str, list[float]] = {}
        self.sign = RequestValidator(TOKEN).compute_signature

    def post(self, what: str, url: str, fields: dict[str, str]) -> str:
        headers = {**FORM, "X-Twilio-Signature": self.sign(url, fields)}
        content = urlencode(fields)
        began = time.perf_counter()
        said = self.web.post(url.removeprefix(PUBLIC), content=content, headers=headers)
        self.taken.setdefault(what, []).append(time.perf_counter() - began)
        assert said.status_code < 300, said.text
        return said.text

    def call(self, place: int, number: str) -> None:
        sid = f"CA{place:032x}"
        own = {"CallSid": sid, "AccountSid": ACCOUNT, "From": number, "To": OUR_NUMBER}
        self.post("floor", f"{PUBLIC}/twilio/floor", own)
        heard = read(self.post("greeting", f"{PUBLIC}/twilio/line", own))
        gather = heard.find("Gather")
        assert gather is not None
        key = random.choice("1123")
        heard = read(self.post("choice", gather.attributes["action"], {**own, "Digits": key}))
        redirect = heard.find("Redirect")
        if redirect is not None:
            heard = read(self.post("connect", redirect.text, own))
        dial = heard.find("Dial")
        if dial is not None and place % 2:
            whisper = read(self.post("whisper", dial.inside[0].attributes["url"], own))
            accept = whisper.find("Gather")
            assert accept is not None
            self.post("accept", accept.attributes["action"], {**own, "Digits": "1"})
        elif dial is not None:
            more = {**own, "DialCallStatus": "no-answer", "DialBridged": "false"}
            heard = read(self.post("nobody answers", dial.attributes["action"], more))
        record = heard.find("Record")
        if record is not None:
            url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{place:032x}"
            told = {**own, "RecordingUrl": url, "RecordingStatus": "completed"}
            self.post("recording", record.attributes["recordingStatusCallback"], told)
        ended = {**own, "CallStatus": "completed", "CallDuration": "30"}
        self.post("status", f"{PUBLIC}/twilio/line/status", ended)


def phone(number: int) -> str:
    return f"+4791{number:06}"


@contextmanager
def databases() -> Generator[list[tuple[str, Callable[[], Database]]]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        found: list[tuple[str, Callable[[], Database]]] = [
            ("SQLite", lambda: Database(f"sqlite:///{folder}/bench.db"))
        ]
        if postgres_programs() is None:
            yield found
            return
        with postgres_server() as server, postgres_database(server, "bench") as url:
            yield [*found, ("PostgreSQL", lambda: Database(url))]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:7.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400)
    count = parser.parse_args().calls
    random.seed(1)
    log.set_up(level="error")
    with databases() as found:
        for name, opened in found:
            db = opened()
            schema.migrate(db)
            line = Line(db)
            for place in range(count):
                line.call(place, phone(random.randrange(CUSTOMERS)))
            db.close()
            floor = statistics.median(line.taken["floor"])
            print(f"{name}, {count} calls of {CUSTOMERS} customers; ms")
            print(f"{'':16}     p50     p99   worst   of floor  count")
            for what, taken in line.taken.items():
                p50 = statistics.median(taken)
                print(
                    f"{what:16} {ms(p50)} {ms(p99(taken))} {ms(max(taken))} {p50 / floor:10.1f} "
                    f"{len(taken):6}"
                )


if __name__ == "__main__":
    main()
