"""A token server on the loopback: both OAuth 2 flows, and the look-up that a mail server makes."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override


@dataclass
class TokenServer:
    """What it hands out, and what it was asked."""

    port: int = 0
    client_id: str = "svartid"
    client_secret: str = "hemmelig-nok"
    refresh_token: str = "r-1"
    # Refresh tokens are replaced at every use.
    rotates: bool = False
    expires_in: object = 3600
    # While set, every request is answered with this.
    answer: tuple[int, dict[str, Any] | bytes] | None = None
    # Access tokens that the mail server's look-up knows, and whose they are.
    good: dict[str, str] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    owner: str = ""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    def grant(self, form: dict[str, str]) -> tuple[int, dict[str, Any] | bytes]:
        """Answer one request for a token (RFC 6749 sections 4.4, 5 and 6)."""
        self.forms.append(form)
        if self.answer is not None:
            return self.answer
        if form.get("client_id") != self.client_id:
            return 401, {"error": "invalid_client", "error_description": "unknown client"}
        kind = form.get("grant_type")
        told: dict[str, Any] = {}
        if kind == "client_credentials":
            if form.get("client_secret") != self.client_secret:
                return 401, {"error": "invalid_client", "error_description": "wrong secret"}
        elif kind == "refresh_token":
            if form.get("refresh_token") != self.refresh_token:
                return 400, {"error": "invalid_grant", "error_description": "token is withdrawn"}
            if self.rotates:
                self.refresh_token = f"r-{next(self._numbers) + 1}"
                told["refresh_token"] = self.refresh_token
        else:
            return 400, {"error": "unsupported_grant_type"}
        token = f"a-{next(self._numbers)}"
        self.good[token] = self.owner
        return 200, told | {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }

    def look_up(self, token: str) -> tuple[int, dict[str, Any] | bytes]:
        """Tell a mail server whose a token is."""
        if token not in self.good:
            return 401, {"error": "invalid_token"}
        return 200, {"email": self.good[token], "active": True}


@contextmanager
def token_server(**settings: Any) -> Generator[TokenServer]:
    """Run a token server until the block ends."""
    state = TokenServer(**settings)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._say(*state.grant({name: values[0] for name, values in parse_qs(body).items()}))

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            self._say(*state.look_up(asked.get("access_token", [""])[0]))

        def _say(self, status: int, answer: dict[str, Any] | bytes) -> None:
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = web.server_address[1]
    thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        web.shutdown()
        web.server_close()
        thread.join(5)
