"""An open stream of events ends when the service is told to stop, and does not hold it up."""

import http.client
import signal
import subprocess
import sys
import time
from pathlib import Path

from app.demo.mailhost import free_port
from app.desk import people
from app.kit import schema
from app.kit.clock import MachineClock
from app.kit.db import Database

ROOT = Path(__file__).resolve().parents[2]
# uvicorn cuts off after 5 s what does not end by itself.
CUT_OFF_S = 5.0


def test_a_stream_ends_with_the_service(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "secret").write_text("s" * 40)
    config = tmp_path / "svartid.toml"
    config.write_text(f'[desk]\nsecret_file = "secret"\n[api]\nport = {port}\n')
    db = Database(f"sqlite:///{tmp_path / 'svartid.db'}")
    schema.migrate(db)
    now = MachineClock().now()
    with db.writing() as session:
        kari = people.add_agent(session, name="Kari", email="kari@desk.example", now=now)
        token, _ = people.create_token(session, kari, name="test", now=now)
    db.close()
    words = [sys.executable, "-m", "app", "serve", "--config", str(config), "--only", "api"]
    environment = {"SVARTID_DATABASE__URL": f"sqlite:///{tmp_path / 'svartid.db'}"}
    service = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    connection = connect(port, token)
    try:
        stream = connection.getresponse()
        assert stream.getheader("content-type", "").startswith("text/event-stream")
        assert stream.readline() == b"retry: 2000\n"
        began = time.monotonic()
        service.send_signal(signal.SIGTERM)
        # The stream is ended properly, and not cut: reading to its end raises nothing.
        assert stream.read() == b"\n"
        assert service.wait(30) == 0
        assert time.monotonic() - began < CUT_OFF_S
    finally:
        connection.close()
        service.kill()
        service.communicate()


def connect(port: int, token: str) -> http.client.HTTPConnection:
    end = time.monotonic() + 40
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request(
                "GET",
                "/api/v1/events",
                headers={"Authorization": f"Bearer {token}", "Accept": "text/event-stream"},
            )
            return connection
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the service does not come up"
            time.sleep(0.1)
