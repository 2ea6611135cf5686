"""A language model's server: speaks chat completions strictly, and says what it is told to."""

import json
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-of-a-test"
SHAPES = ("json_schema", "json_object", None)


def says(severity: str, confidence: float = 0.95, evidence: str = "") -> str:
    return json.dumps({"severity": severity, "confidence": confidence, "evidence": evidence})


@dataclass
class ModelServer:
    """What was asked, what is answered, and which shapes of answers the server knows."""

    port: int = 0
    # What the model says to a text; a status in place of words is an error of the server's.
    answer: Callable[[str], str | int] = field(default=lambda _: says("critical"))
    knows: tuple[str | None, ...] = SHAPES
    # What is sent in place of a completion, byte by byte as it stands.
    raw: bytes | None = None
    # Held until it is set: a server that takes its time.
    go_on: threading.Event = field(default_factory=threading.Event)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def texts(self) -> list[str]:
        return [body["messages"][1]["content"] for body in self.bodies]

    def reply(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Return the status and body of an answer; what a strict server refuses is refused."""
        if path != "/v1/chat/completions":
            return 404, b'{"error": {"message": "no such path"}}'
        if headers.get("authorization") != f"Bearer {KEY}":
            return 401, b'{"error": {"message": "no such key"}}'
        if headers.get("content-type") != "application/json":
            return 415, b'{"error": {"message": "not json"}}'
        asked = json.loads(body)
        self.bodies.append(asked)
        problem = _problem(asked, self.knows)
        if problem:
            return 400, json.dumps({"error": {"message": problem}}).encode()
        said = self.answer(asked["messages"][1]["content"])
        if isinstance(said, int):
            return said, b'{"error": {"message": "as told"}}'
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}}
        choice["message"] = {"role": "assistant", "content": said}
        completion = {"id": "1", "object": "chat.completion", "choices": [choice]}
        return 200, self.raw if self.raw is not None else json.dumps(completion, indent=2).encode()


def _problem(asked: dict[str, Any], knows: tuple[str | None, ...]) -> str:
    """Return what a strict server would refuse; empty where all is well."""
    shape = asked.get("response_format")
    kind = shape["type"] if shape else None
    schema = shape["json_schema"] if kind == "json_schema" else {}
    inner = schema.get("schema", {})
    wrong = {
        "unknown parameter": set(asked) - {"model", "messages", "response_format", "temperature"},
        "no such model": asked["model"] != "small-1",
        "wrong messages": [one["role"] for one in asked["messages"]] != ["system", "user"],
        f"response_format {kind} is not supported": kind not in knows,
        "a schema has a name": schema and not re.fullmatch(r"[\w-]{1,64}", schema["name"]),
        "not strict": schema and schema["strict"] is not True,
        # Strict schemas must close their objects and require every property.
        "additionalProperties must be false": schema and inner["additionalProperties"] is not False,
        "all are required": schema and set(inner["required"]) != set(inner["properties"]),
        "the messages must contain the word JSON": kind == "json_object"
        and "JSON" not in json.dumps(asked["messages"]),
    }
    return next((problem for problem, is_so in wrong.items() if is_so), "")


@contextmanager
def model_server() -> Generator[ModelServer]:
    """Run such a server on a free port of this machine."""
    server = ModelServer()
    server.go_on.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = server.reply(self.path, headers, body)
            server.go_on.wait(20)
            self.close_connection = True
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                # Whoever asked has gone.
                return

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.go_on.set()
        http.shutdown()
        thread.join()
