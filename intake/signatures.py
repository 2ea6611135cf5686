"""Who has signed a mail: our own check of DKIM (RFC 6376), where no server that we trust tells.

The library is an extra (``svartid[dkim]``), and the keys are asked for in the DNS, so this is done
outside any transaction, and only for a mailbox that asks for it and a mail that it matters to.
"""

import importlib
from collections.abc import Callable
from typing import Any

from app.kit.errors import BadConfig
from app.kit.log import logger

log = logger("intake")
MOST_SIGNATURES = 5
LONGEST = 10_000_000
WAIT_S = 5
# Returns the text that the DNS has under a name; b"" or an exception where it has none.
Resolve = Callable[..., bytes | None]


def signing_domains(raw: bytes, *, resolve: Resolve | None = None) -> frozenset[str]:
    """Return the domains whose signature on a mail is good; none where that cannot be told.

    A signature of only the beginning of the body (RFC 6376, section 8.2) counts for nothing.
    """
    library = _library()
    if len(raw) > LONGEST:
        return frozenset()
    found = set()
    for number in range(MOST_SIGNATURES):
        try:
            check = library.DKIM(raw, timeout=WAIT_S)
            words = {"dnsfunc": resolve} if resolve else {}
            good = check.verify(idx=number, **words)
        except library.DKIMException:
            # This signature says nothing; another one may.
            continue
        except Exception as error:  # noqa: BLE001 - a stranger wrote what the library reads
            log.warning("a signature could not be checked", error=str(error))
            continue
        if good and b"l" not in check.signature_fields:
            found.add(check.signature_fields[b"d"].decode("ascii", "replace").lower())
    return frozenset(found)


def check_library(field: str) -> None:
    """Refuse the setting that asks for the check where the library is not installed."""
    _library(field)


def _library(field: str = "check_dkim") -> Any:
    try:
        return importlib.import_module("dkim")
    except ImportError:
        raise BadConfig(
            "checking DKIM needs a library that is not installed.",
            field=field,
            remedy="Install svartid[dkim], or name your server in trusted_authserv.",
        ) from None


def aligns(signer: str, sender: str) -> bool:
    """Tell whether a signing domain speaks for a sender's (RFC 7489, section 3.1.1, relaxed).

    The domain itself, or one above it; a whole country's signs nothing.
    """
    return "." in signer and (sender == signer or sender.endswith(f".{signer}"))
