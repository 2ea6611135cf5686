"""``svartid demo``: the whole service on a mail server of its own, in under a minute."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from app.kit import log
from app.kit.errors import BadConfig


def demo(
    speed: Annotated[
        float, typer.Option(min=1, max=3600, help="How many times as fast as the wall.")
    ] = 600,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running at the end.")] = False,
    port: Annotated[int, typer.Option(help="The API's port; another where it is taken.")] = 8080,
) -> None:
    """Run the service beside an embedded mail server and tell what happens."""
    try:
        from app.demo.story import Demo, fast_clock
    except ImportError as error:
        raise BadConfig(
            f"the demo needs {error.name}.", remedy="Install it with: pip install 'svartid[demo]'."
        ) from error
    log.set_up(level="warning")
    folder = Path(tempfile.mkdtemp(prefix="svartid-demo-"))
    clock = fast_clock(speed)
    try:
        with Demo(
            folder, clock, tell=lambda line: print(line, flush=True), api_port=port
        ).running() as run:
            _introduce(run.url, run.token, run.host.imap_port, run.host.smtp_port, speed)
            run.play()
            print(f"\nThat was the story. The API: {run.url}/docs   Token: {run.token}")
            while keep:
                run.watch()
                time.sleep(0.2)
    except KeyboardInterrupt:
        print("Stopped.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _introduce(url: str, token: str, imap: int, smtp: int, speed: float) -> None:
    from app.demo.cast import PASSWORD, SUPPORT

    print(f"API      {url}/docs")
    print(f"Token    {token}")
    print(
        f"Mail     IMAP 127.0.0.1:{imap}, SMTP 127.0.0.1:{smtp}, any mailbox, password {PASSWORD}"
    )
    print(f"         write to {SUPPORT}; a second on the wall is {speed:g} seconds here\n")
