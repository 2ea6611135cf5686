"""The one way by which we call addresses that somebody gave us: HTTP, guarded.

Whoever may write down an address must not be able to make this machine knock at its own doors or
its neighbours': the cloud's metadata, a database's console, the router. So a name is resolved
here, every address is looked at, and the connection goes to the address that was looked at and to
no other: a name that answers differently the second time gains nothing. Redirects are not
followed. Private targets are called only where the setting ``network.private_targets`` names them.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import httpx2

from app.kit.errors import PermanentError, TemporaryError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TIMEOUT_S = 10.0
# RFC 6052, section 2.1: an IPv4 address lies in the last 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Of what the other side says, so much is kept for staff to read: bytes.
KEPT = 300
_SCHEMES = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; ``text`` is its beginning."""

    status: int
    text: str = ""

    @property
    def taken(self) -> bool:
        """Tell whether it was accepted."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Outside:
    """Calls to other people's machines; ``private`` are the networks of ours that may be called."""

    private: tuple[Network, ...] = ()
    # Whose certificates are trusted; None for the machine's own choice.
    trust: ssl.SSLContext | None = None

    def check(self, url: str) -> None:
        """Refuse an address that must not be called, with a PermanentError that says why.

        It is asked when an address is written down; ``post`` looks again, since names move.
        """
        target = _parse(url)
        try:
            found = socket.getaddrinfo(target.host, _port(target), type=socket.SOCK_STREAM)
        except OSError as error:
            raise PermanentError(f"{target.host} is not found: {error.strerror}.") from error
        self._allowed(target, [str(one[4][0]) for one in found])

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout_s: float = TIMEOUT_S,
        keep: int = KEPT,
    ) -> Answer:
        """Post a body and return what is answered, whatever the status; ``keep`` bytes of it.

        PermanentError for an address that must not be called; TemporaryError when nobody answers
        in time.
        """
        return await self._call(url, body, headers, timeout_s=timeout_s, keep=keep)

    async def get(self, url: str, *, timeout_s: float = TIMEOUT_S) -> Answer:
        """Ask for a page, likewise."""
        return await self._call(url, None, {}, timeout_s=timeout_s)

    async def _call(
        self,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        timeout_s: float,
        keep: int = KEPT,
    ) -> Answer:
        try:
            async with asyncio.timeout(timeout_s):
                target = _parse(url)
                addresses = await self._resolved(target)
                return await self._send(target, addresses, body, headers, keep=keep)
        except TimeoutError as error:
            raise TemporaryError("the other side does not answer in time.") from error
        except (httpx2.HTTPError, OSError) as error:
            raise TemporaryError(f"the other side cannot be reached: {error}.") from error

    async def _resolved(self, target: httpx2.URL) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(target.host, _port(target), type=socket.SOCK_STREAM)
        return self._allowed(target, [str(one[4][0]) for one in found])

    def _allowed(self, target: httpx2.URL, found: Sequence[str]) -> Sequence[Address]:
        """Return the addresses that may be called; PermanentError where there is none."""
        addresses = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
        ours = [one for one in addresses if any(one in network for network in self.private)]
        if ours:
            return list(dict.fromkeys(ours))
        if target.scheme != "https":
            raise PermanentError(
                f"{target.host} would be told in the clear.",
                remedy="Write it as https://…",
            )
        public = [one for one in addresses if is_public(one)]
        if not public:
            raise PermanentError(
                f"{target.host} is an address of a private network.",
                field="network.private_targets",
                remedy="Name its network there if it is to be called.",
            )
        return list(dict.fromkeys(public))

    async def _send(
        self,
        target: httpx2.URL,
        addresses: Sequence[Address],
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        keep: int,
    ) -> Answer:
        # What the environment names as a proxy would resolve the name again.
        async with httpx2.AsyncClient(
            verify=self.trust or _machines_trust(),
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT_S,
        ) as client:
            for number, address in enumerate(addresses, start=1):
                request = client.build_request(
                    "GET" if body is None else "POST",
                    target.copy_with(host=str(address)),
                    content=body,
                    headers={"Host": target.netloc.decode("ascii"), **headers},
                    # The certificate is checked for the name, and not for the number.
                    extensions={"sni_hostname": target.host},
                )
                try:
                    reply = await client.send(request, stream=True)
                except httpx2.ConnectError:
                    if number == len(addresses):
                        raise
                    continue
                try:
                    return Answer(reply.status_code, await _beginning(reply, keep))
                finally:
                    await reply.aclose()
        raise TemporaryError("there is no address to call.")


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the world's, and none that hides a private one in it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _parse(url: str) -> httpx2.URL:
    try:
        target = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise PermanentError(
            f"it is no address: {error}.", remedy="Write it as https://…"
        ) from None
    if target.scheme not in _SCHEMES or not target.host:
        raise PermanentError("it is no web address.", remedy="Write it as https://…")
    if target.userinfo:
        raise PermanentError("an address that carries a password is not called.")
    return target


def _port(target: httpx2.URL) -> int:
    return target.port or _SCHEMES[target.scheme]


async def _beginning(reply: httpx2.Response, keep: int) -> str:
    kept = b""
    async for part in reply.aiter_bytes():
        kept += part
        if len(kept) >= keep:
            break
    return " ".join(kept[:keep].decode("utf-8", "replace").split())


@cache
def _machines_trust() -> ssl.SSLContext:
    """Return the machine's own trust, read once: it takes longer than a call."""
    return ssl.create_default_context()
