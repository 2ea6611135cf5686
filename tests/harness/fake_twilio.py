"""Twilio, as far as a desk can tell: a server for its requests, and callbacks signed as it signs.

Every request is held to Twilio's own document. Telephones are strict: a test says which SMS and
calls it expects, and what nothing expected fails the test at its end.
"""

import base64
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator

from tests.harness.twilio_document import Document

ACCOUNT = "AC" + "5" * 32
TOKEN = "fake-auth-token-of-the-account"
OUR_NUMBER = "+4721000000"
PUBLIC = "https://desk.example"
_CREATES = {"/Messages.json": ("Messages", "SM"), "/Calls.json": ("Calls", "CA")}
_BASE = f"/2010-04-01/Accounts/{ACCOUNT}"


@dataclass
class Answered:
    """What the desk answered to a callback."""

    status: int
    text: str


# Posts a form to an address of the desk's, with headers.
Post = Callable[[str, Mapping[str, str], Mapping[str, str]], Answered]


@dataclass
class Made:
    """A message or a call that Twilio was asked for."""

    sid: str
    fields: dict[str, list[str]]
    made_at: datetime
    status: str = "queued"
    direction: str = "outbound-api"
    error_code: int | None = None
    sequence: int = 0
    ended_at: datetime | None = None

    def get(self, name: str) -> str:
        return self.fields.get(name, [""])[0]


@dataclass
class Recording:
    """What somebody left after the tone."""

    sid: str
    call: str
    sound: bytes
    made_at: datetime
    # So many times it is not there yet when it is asked for.
    late: int = 0


@dataclass
class Fault:
    """What goes wrong with the next request of a kind."""

    what: str
    status: int = 0
    code: int = 0
    # Twilio does what it was asked, and nobody hears of it.
    loses_answer: bool = False


@dataclass
class FakeTwilio:
    """One account with one number."""

    now: Callable[[], datetime]
    url: str = ""
    messages: list[Made] = field(default_factory=list)
    calls: list[Made] = field(default_factory=list)
    # Who expected them is told in telephones.py.
    unexpected: list[Made] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    # What a request or a callback had that Twilio would not have stood.
    complaints: list[str] = field(default_factory=list)
    # Each callback is posted so often.
    repeats: int = 1
    # Calls that came in, and what was recorded of them.
    incoming: list[Made] = field(default_factory=list)
    recordings: dict[str, "Recording"] = field(default_factory=dict)
    # Callbacks that nobody waits for are kept here instead of posted, where it is a list.
    held: list[tuple[str, dict[str, str]]] | None = None
    # What the number is set up with in Twilio's console.
    number_settings: dict[str, str] = field(default_factory=dict)
    standing: str = "active"
    post: Post | None = None
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fails_next(self, what: str, *, status: int, code: int) -> None:
        """Let the next create of Messages or Calls fail."""
        self.faults.append(Fault(what, status=status, code=code))

    def loses_next_answer(self, what: str) -> None:
        """Let the next create succeed without anybody being told."""
        self.faults.append(Fault(what, loses_answer=True))

    def callback(
        self, url: str, fields: Mapping[str, str], *, expect: int | None = None
    ) -> Answered:
        """Post a signed form to the desk, and return its (last) answer; it must be a 2xx."""
        assert self.post is not None, "nobody told where the desk is"
        assert url.startswith(PUBLIC), f"{url} is not the desk's"
        for _ in range(self.repeats):
            self._count += 1
            headers = {
                "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, dict(fields)),
                "I-Twilio-Idempotency-Token": f"token-{self._count}",
            }
            answered = self.post(url.removeprefix(PUBLIC), fields, headers)
            wanted = answered.status == expect if expect else 200 <= answered.status < 300
            assert wanted, f"{url} answers {answered.status}: {answered.text}"
            # An empty "200" stands in Twilio's log as an error.
            assert answered.status != 200 or answered.text, f"{url} answers 200 with nothing"
        return answered

    def tell(self, url: str, fields: Mapping[str, str]) -> None:
        """Post a callback that tells something; where they are held, keep it for later."""
        if self.held is not None:
            self.held.append((url, dict(fields)))
            return
        self.callback(url, fields)

    def new_sid(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count:032x}"

    def expect_silence(self) -> None:
        """Fail for everything that nothing expected, or that Twilio would not have stood."""
        left = [f"{one.sid[:2]} to {one.get('To')}: {one.get('Body')}" for one in self.unexpected]
        assert not left, f"unexpected: {left}"
        assert not self.complaints, self.complaints
        assert not self.faults, f"never happened: {self.faults}"

    # What follows answers the desk's requests.

    def answer(
        self, method: str, target: str, form: Mapping[str, list[str]], authorization: str
    ) -> tuple[int, dict[str, Any]] | None:
        """Return status and body; None where the connection is to break without an answer."""
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        with self._lock:
            self.requests.append(f"{method} {parts.path}")
            wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
            if authorization != wanted:
                return 401, _error(401, 20003, "Authenticate")
            document = Document.load()
            wrong = document.wrong_in_request(method, parts.path, query, form) if document else []
            if wrong:
                self.complaints += wrong
                return 400, _error(400, 20001, "; ".join(wrong))
            made = self._do(method, parts.path.removeprefix(_BASE), query, form)
            if made is not None and document and made[0] < 300:
                self.complaints += document.wrong_in_answer(method, parts.path, made[1])
            return made

    def _do(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        form: Mapping[str, list[str]],
    ) -> tuple[int, dict[str, Any]] | None:
        if method == "POST" and path in _CREATES:
            return self._create(*_CREATES[path], form)
        if path == ".json":
            return 200, {"sid": ACCOUNT, "status": self.standing, "friendly_name": "Desk"}
        lists = {
            "/Messages.json": lambda: _page("messages", _to(self.messages, query), _message),
            "/Calls.json": lambda: _page("calls", _to([*self.incoming, *self.calls], query), _call),
            "/Recordings.json": lambda: _page(
                "recordings", list(self.recordings.values()), _recording
            ),
            "/IncomingPhoneNumbers.json": lambda: self._numbers(query),
        }
        if path in lists:
            return 200, lists[path]()
        for one in (*self.messages, *self.calls):
            if path.endswith(f"/{one.sid}.json"):
                return 200, _message(one) if one.sid.startswith("SM") else _call(one)
        return 404, _error(404, 20404, "The requested resource was not found")

    def _create(
        self, what: str, prefix: str, form: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, Any]] | None:
        fault = next((one for one in self.faults if one.what == what), None)
        if fault is not None:
            self.faults.remove(fault)
            if not fault.loses_answer:
                return fault.status, _error(fault.status, fault.code, "As the test asked for")
        made = Made(self.new_sid(prefix), dict(form), self.now())
        (self.messages if what == "Messages" else self.calls).append(made)
        self.unexpected.append(made)
        if fault is not None:
            return None
        return 201, _message(made) if what == "Messages" else _call(made)

    def _numbers(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        asked = query.get("PhoneNumber", [""])[0]
        settings = {"phone_number": OUR_NUMBER, "sid": "PN" + "1" * 32, **self.number_settings}
        rows = [settings] if asked == OUR_NUMBER and self.number_settings else []
        return _page("incoming_phone_numbers", rows, dict)


def _to(rows: Sequence[Made], query: Mapping[str, list[str]]) -> list[Made]:
    to, since = query.get("To", [""])[0], query.get("DateSent>", [""])[0]
    return [
        one
        for one in reversed(rows)
        if (not to or one.get("To") == to)
        and (not since or one.made_at >= datetime.fromisoformat(since))
    ]


def _page(name: str, rows: Sequence[Any], told: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        name: [told(row) for row in rows],
        "first_page_uri": "/",
        "next_page_uri": None,
        "previous_page_uri": None,
        "page": 0,
        "page_size": 50,
        "uri": "/",
    }


def _message(made: Made) -> dict[str, Any]:
    return {
        "sid": made.sid,
        "account_sid": ACCOUNT,
        "body": made.get("Body"),
        "to": made.get("To"),
        "from": made.get("From") or None,
        "messaging_service_sid": made.get("MessagingServiceSid") or None,
        "status": made.status,
        "direction": made.direction,
        "error_code": made.error_code,
        "date_created": format_datetime(made.made_at),
        "date_sent": format_datetime(made.made_at) if made.direction == "inbound" else None,
    }


def _call(made: Made) -> dict[str, Any]:
    return {
        "sid": made.sid,
        "account_sid": ACCOUNT,
        "to": made.get("To"),
        "from": made.get("From"),
        "status": made.status,
        "direction": made.direction,
        "date_created": format_datetime(made.made_at),
        "start_time": format_datetime(made.made_at),
        "end_time": format_datetime(made.ended_at) if made.ended_at else None,
    }


def _recording(made: Recording) -> dict[str, Any]:
    return {
        "sid": made.sid,
        "call_sid": made.call,
        "account_sid": ACCOUNT,
        "status": "completed",
        "source": "RecordVerb",
        "date_created": format_datetime(made.made_at),
    }


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


@contextmanager
def fake_twilio(now: Callable[[], datetime]) -> Generator[FakeTwilio]:
    """Run the stand-in on a free port."""
    twilio = FakeTwilio(now)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            if ".mp3" in self.path:
                self.play()
                return
            length = int(self.headers.get("Content-Length") or 0)
            form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
            said = twilio.answer(
                self.command, self.path, form, self.headers.get("Authorization", "")
            )
            if said is None:
                self.close_connection = True
                return
            body = json.dumps(said[1]).encode()
            self.send_response(said[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def play(self) -> None:
            """Give a recording's sound to whoever may have it."""
            sid = self.path.rpartition("/")[2].removesuffix(".mp3")
            made = twilio.recordings.get(sid)
            wanted = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
            allowed = self.headers.get("Authorization") == wanted
            there = made is not None and made.late <= 0
            if made is not None:
                made.late -= 1
            sound = made.sound if made is not None and allowed and there else b""
            self.send_response(200 if sound else (404 if allowed else 401))
            self.send_header("Content-Type", "audio/mpeg")
            self.send_header("Content-Length", str(len(sound)))
            self.end_headers()
            self.wfile.write(sound)

        do_GET = do_POST = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        # The library keeps its connections open; nobody waits for them at the end.
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        twilio.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield twilio
        server.shutdown()
        thread.join()
