"""``python -m app`` is the ``svartid`` command, for a checkout that is not installed."""

from app.cli import main

main()
