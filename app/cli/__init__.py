"""The ``svartid`` command; ``app.cli.commands`` lists what it can do."""

import sys

from app.kit.errors import SvartidError


def main() -> None:
    """Run the command; an error of ours is one line on stderr and exit status 1."""
    if sys.argv[1:3] == ["mail", "parse"]:
        # Without the rest of the house, which takes a second and 90 MB to load.
        from app.cli.mail_parse import main as parse_alone

        parse_alone(sys.argv[3:])
        return
    from app.cli.commands import cli

    try:
        cli()
    except SvartidError as error:
        print(f"svartid: {error}", file=sys.stderr)
        raise SystemExit(1) from None
