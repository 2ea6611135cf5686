"""Somebody else's web server: takes requests on this machine, and answers as it is told."""

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class OtherSide:
    """What was asked of the server, and what it answers next."""

    port: int = 0
    asked: list[Request] = field(default_factory=list)
    # (status, body, headers); 200 when the list is empty.
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def other_side(context: ssl.SSLContext | None = None) -> Generator[OtherSide]:
    """Run a server on a free port, with TLS where a context is given."""
    side = OtherSide()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            side.asked.append(Request(self.command, self.path, headers, self.rfile.read(length)))
            status, body, more = side.answers.pop(0) if side.answers else (200, "ok", {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        side.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield side
        server.shutdown()
        thread.join()
