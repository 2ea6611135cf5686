"""``svartid serve``: run the service."""

import signal
import socket
import threading
from functools import partial
from typing import Annotated

import typer
import uvicorn

from app.cli.options import ConfigFile, open_database, settings_of
from app.config import Settings
from app.kit import log
from app.kit.clock import MachineClock
from app.kit.errors import BadConfig
from app.service import ALL, Part, Service


def serve(
    config: ConfigFile = None,
    only: Annotated[
        list[Part] | None,
        typer.Option(help="Run this part alone; may be repeated. For several machines."),
    ] = None,
) -> None:
    """Run the API, the intake, the sender and the engine until told to stop."""
    settings = settings_of(config)
    log.set_up(level=settings.log.level, json=settings.log.json_lines)
    with open_database(settings) as db:
        parts = frozenset(only) if only else ALL
        service = Service.open(settings, db, MachineClock(), parts)
        listener = listen(settings) if Part.API in parts else None
        web = server(service) if listener is not None else None
        service.start()
        try:
            if listener is not None and web is not None:
                # The web server gives the signal back once it has stopped; the loops stop then.
                signal.signal(signal.SIGTERM, partial(end, web))
                print(
                    f"The API is at http://{listener.getsockname()[0]}:{listener.getsockname()[1]}"
                )
                web.run(sockets=[listener])
            else:
                stopped = threading.Event()
                until_a_signal(stopped)
                stopped.wait()
        finally:
            late = service.stop()
            if late:
                log.logger("serve").warning("did not stop in time", loops=late)


def listen(settings: Settings) -> socket.socket:
    """Take the API's port before anything starts; BadConfig when somebody else has it."""
    family = socket.AF_INET6 if ":" in settings.api.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.api.host, settings.api.port))
    except OSError as error:
        listener.close()
        raise BadConfig(
            f"{settings.api.host}:{settings.api.port} cannot be listened on: {error.strerror}.",
            field="api.port",
            remedy="Choose another port, or stop what listens there.",
        ) from error
    return listener


def server(service: Service) -> uvicorn.Server:
    """Return the web server, not yet running."""
    # The web application takes 40 MB; a machine that runs another part does without.
    from app.main import create_app

    api = service.settings.api
    app = create_app(service.db, service.house, service.clock, loop_health=service.loops.health)
    web = uvicorn.Server(
        uvicorn.Config(
            app,
            host=api.host,
            port=api.port,
            log_config=None,
            access_log=False,
            proxy_headers=bool(api.trusted_proxies),
            forwarded_allow_ips=list(api.trusted_proxies),
            # A request that takes longer is cut off.
            timeout_graceful_shutdown=5,
        )
    )
    # The streams of events end by themselves once it is to stop.
    app.state.stopping = lambda: web.should_exit
    return web


def end(web: uvicorn.Server, *_: object) -> None:
    """Stop a web server, also one that has not begun to listen to signals itself."""
    web.should_exit = True


def until_a_signal(stopped: threading.Event) -> None:
    """Let the signals that end a process set the event."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
