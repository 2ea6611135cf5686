"""What a test needs of the machine: skipped with a reason where it is missing, or refused.

``SVARTID_REQUIRE_SERVERS=1`` turns each such skip into a failure, for machines that promise to
have everything.
"""

import os
import shutil

import pytest


def missing(what: str) -> None:
    """Skip the test because ``what`` is not on this machine; fail where it must be."""
    reason = f"{what} is not on this machine"
    if os.environ.get("SVARTID_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{reason}, and SVARTID_REQUIRE_SERVERS=1 demands it")
    pytest.skip(reason)


def program(name: str, *, within: str = "/usr/sbin:/usr/local/sbin") -> str:
    """Return where a server program is, looking also where an ordinary PATH does not lead."""
    found = shutil.which(name) or shutil.which(name, path=within)
    if found is None:
        missing(f"the program {name}")
    assert found is not None
    return found
