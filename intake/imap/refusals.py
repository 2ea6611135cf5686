"""What a mail server's refusal means: which setting, what to do, and whether to try again.

The one question here is *temporary or permanent*. Temporary is what passes by itself: a server
that is down, a link that is cut, a limit that is reached. Permanent is what somebody must change.
"""

import re
import socket
import ssl

from app.kit.errors import OutsideError, PermanentError, TemporaryError
from intake.imap.terms import ImapSettings

# RFC 5530: the server says that it, and not the request, is in trouble.
TEMPORARY_CODES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA"})

# Said by servers that send no code; Gmail and Exchange limit connections and commands this way.
TEMPORARY_WORDS = (
    "too many",
    "try again",
    "temporar",
    "throttl",
    "unavailable",
    "server busy",
    "internal error",
)

_CODE = re.compile(r"\[([A-Z-]+)", re.IGNORECASE)


def of_network(error: OSError, settings: ImapSettings) -> OutsideError:
    """Say what a failing socket means. The order is from special to general."""
    where = f"{settings.host}:{settings.port}"
    key = settings.key
    if isinstance(error, ssl.SSLError):
        return _of_tls(error, settings)
    if isinstance(error, socket.gaierror):
        return TemporaryError(
            f"the name {settings.host} is not found: {error.strerror}.",
            field=f"{key}.host",
            remedy="Check the name, and the machine's name server.",
        )
    if isinstance(error, ConnectionRefusedError):
        return TemporaryError(
            f"nothing answers at {where}.",
            field=f"{key}.port",
            remedy="Check that the server runs, and host and port.",
        )
    if isinstance(error, TimeoutError):
        return TemporaryError(
            f"{where} did not answer within {settings.timeout_s:g} s.",
            field=f"{key}.timeout_s",
            remedy="Check the network and the firewall between; security = 'tls' at a port that "
            "wants starttls waits like this too.",
        )
    if isinstance(error, FileNotFoundError | PermissionError):
        return PermanentError(
            f"{settings.ca_file} cannot be read: {error.strerror}.",
            field=f"{key}.ca_file",
            remedy="Name a file that this user may read.",
        )
    return TemporaryError(
        f"the connection to {where} broke: {error.strerror or error}.", field=f"{key}.host"
    )


def _of_tls(error: ssl.SSLError, settings: ImapSettings) -> OutsideError:
    where = f"{settings.host}:{settings.port}"
    key = settings.key
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError(
            f"the certificate of {where} is not accepted: {error.verify_message}.",
            field=f"{key}.ca_file",
            remedy="Renew the server's certificate, write host as the certificate names it, or "
            "name the private authority in ca_file.",
        )
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return TemporaryError(f"{where} closed the connection.", field=f"{key}.host")
    return PermanentError(
        f"no TLS connection to {where} came about: {error.reason or error}.",
        field=f"{key}.security",
        remedy="Port 993 usually wants tls, port 143 starttls.",
    )


def of_login(words: str, settings: ImapSettings, *, by_token: bool) -> OutsideError:
    """Say what a refused sign-in means."""
    who = f"{settings.username} at {settings.host}"
    if is_temporary(words):
        return TemporaryError(
            f"{who} cannot sign in for the moment: {words}", field=f"{settings.key}.username"
        )
    if _code(words) == "PRIVACYREQUIRED" or "plaintext" in words.lower():
        return tls_required(settings)
    if by_token:
        return PermanentError(
            f"the server refused the token of {who}: {words}",
            field=f"{settings.key}.oauth",
            remedy="Check scope, client_id and that the application may read this mailbox by IMAP.",
        )
    return PermanentError(
        f"the server refused the password of {who}: {words}",
        field=f"{settings.key}.password",
        remedy="Check username and password; Microsoft 365 and Google take oauth only.",
    )


def tls_required(settings: ImapSettings) -> PermanentError:
    """Say that the server takes no password over an open line."""
    return PermanentError(
        f"{settings.host} takes no password over an unprotected connection.",
        field=f"{settings.key}.security",
        remedy="Set it to starttls or tls.",
    )


def no_starttls(settings: ImapSettings) -> PermanentError:
    """Say that a server cannot protect an open connection."""
    return PermanentError(
        f"{settings.host}:{settings.port} offers no STARTTLS.",
        field=f"{settings.key}.security",
        remedy="Set it to tls and take the port for that, usually 993.",
    )


def of_folder(folder: str, words: str, settings: ImapSettings) -> OutsideError:
    """Say what a folder that cannot be opened means."""
    if is_temporary(words):
        return TemporaryError(f"the folder {folder!r} cannot be opened for the moment: {words}")
    return PermanentError(
        f"the folder {folder!r} cannot be opened: {words}",
        field=f"{settings.key}.folders",
        remedy="Create the folder, correct its name, or give this login the right to read it.",
    )


def no_uid_validity(folder: str, settings: ImapSettings) -> PermanentError:
    """Say that a server's mail cannot be told apart (RFC 3501 section 2.3.1.1 demands it)."""
    return PermanentError(
        f"the server gives {folder!r} no UIDVALIDITY, so mail there cannot be told apart.",
        field=f"{settings.key}.folders",
        remedy="Take the mail in by LMTP or HTTP from this server.",
    )


def of_command(command: str, words: str) -> OutsideError:
    """Say what a refused command means."""
    if is_temporary(words):
        return TemporaryError(f"the server cannot do {command} for the moment: {words}")
    return PermanentError(f"the server refused {command}: {words}")


def is_temporary(words: str) -> bool:
    """Return whether a refusal passes by itself, judged by its code and, without one, its words."""
    code = _code(words)
    if code in TEMPORARY_CODES:
        return True
    return code is None and any(sign in words.lower() for sign in TEMPORARY_WORDS)


def _code(words: str) -> str | None:
    match = _CODE.search(words)
    return match[1].upper() if match else None
