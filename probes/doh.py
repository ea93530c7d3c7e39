"""DNS over HTTPS (RFC 8484): a question as a GET, over connections that are kept for the next one.

The resolver's host is chosen by a user, so each of its addresses is judged before it is connected to; an address
in the URL was judged when the resolver was made. Redirects are not followed and proxies of the environment are not
used. GET and not POST, because aiohttp repeats a GET whose kept connection turns out to be closed.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from core.tasks import Owner
from probes.addresses import AddressPolicy, Refused, Way
from probes.dialer import system_addresses
from probes.dns_message import answers, identify, query
from probes.dns_transport import Answer
from probes.servers import Doh

MEDIA_TYPE = "application/dns-message"
MAX_ANSWER = 64 * 1024
MAX_CONNECTIONS = 32
ADDRESSES_KEPT_SECONDS = 60
USER_AGENT = "heliograph"


def checked_socket(policy: AddressPolicy | None) -> Callable[[AddrInfoType], socket.socket]:
    """Makes the sockets of connections that are allowed: aiohttp asks no resolver for what it takes for an address."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        if policy is not None:
            try:
                policy.check([str(address[0])], int(address[1]), Way.WEB)
            except Refused as error:
                raise OSError(None, str(error)) from error
        return socket.socket(family, kind, proto)

    return make


class CheckedAddresses(AbstractResolver):
    """Finds a host's addresses as the system does, and gives those that may be connected to."""

    def __init__(self, policy: AddressPolicy | None) -> None:
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Part of aiohttp's AbstractResolver.

        Raises:
            OSError: it does not resolve, or only to addresses that are refused.
        """
        found = await system_addresses(host)
        try:
            allowed = found if self._policy is None else self._policy.check(found, port, Way.WEB)
        except Refused as error:
            raise OSError(None, f"{host} has no address that is allowed: {error}") from error
        return [_result(host, address, port) for address in allowed if family in {0, _family(address)}]

    async def close(self) -> None:
        """Part of aiohttp's AbstractResolver."""


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _result(host: str, address: str, port: int) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(
        hostname=host, host=address, port=port, family=_family(address), proto=0, flags=flags
    )


class DohServer:
    """One resolver that is asked over HTTPS. Made inside a running loop. See `Upstream`."""

    def __init__(self, doh: Doh, policy: AddressPolicy | None, context: ssl.SSLContext) -> None:
        self.text = doh.text
        self._url = URL(doh.text)
        self._owner = Owner("doh")
        connector = aiohttp.TCPConnector(
            limit=MAX_CONNECTIONS,
            ssl=context,
            resolver=CheckedAddresses(policy),
            socket_factory=checked_socket(policy),
            ttl_dns_cache=ADDRESSES_KEPT_SECONDS,
        )
        self._client = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers={"Accept": MEDIA_TYPE, "User-Agent": USER_AGENT},
            auto_decompress=False,
            skip_auto_headers=("Accept-Encoding",),
        )

    def __repr__(self) -> str:
        return f"<DohServer {self.text}, {len(self._owner)} under way>"

    def ask(self, asked: bytes) -> Answer:
        """See `Upstream.ask`."""
        answer: Answer = asyncio.get_running_loop().create_future()
        task = self._owner.start(self._fill(answer, asked), "ask")
        answer.add_done_callback(lambda _: task.cancel())
        return answer

    async def ask_whole(self, asked: bytes) -> bytes:
        """Nothing cuts an answer over HTTPS but the server, which would cut it again.

        Raises:
            ConnectionAbortedError: always.
        """
        raise ConnectionAbortedError(f"The server cut its answer to {len(asked)} bytes of question.")

    async def close(self) -> None:
        """End everything that is open."""
        await self._owner.close()
        await self._client.close()

    async def _fill(self, answer: Answer, asked: bytes) -> None:
        try:
            packet = await self._exchange(asked)
        except (aiohttp.ClientError, OSError) as error:
            if not answer.done():
                answer.set_exception(ConnectionError(str(error) or type(error).__name__))
        else:
            if not answer.done():
                answer.set_result(packet)

    async def _exchange(self, asked: bytes) -> bytes:
        # An id of 0 lets caches of HTTP answer (RFC 8484, 4.1); TLS keeps forgers out.
        message = base64.urlsafe_b64encode(query(0, asked)).rstrip(b"=").decode()
        url = self._url.with_query(dns=message)
        async with self._client.get(url, allow_redirects=False) as response:
            packet = await _read(response)
        if identify(packet) is None or not answers(packet, asked):
            raise ConnectionAbortedError("The server answered another question.")
        return packet


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body of a good response.

    Raises:
        ConnectionAbortedError: it is not one, or too large.
    """
    if response.status != 200 or response.content_type != MEDIA_TYPE:
        raise ConnectionAbortedError(f"The server answered {response.status} {response.content_type}.")
    packet = bytearray()
    async for chunk in response.content.iter_any():
        packet += chunk
        if len(packet) > MAX_ANSWER:
            response.close()
            raise ConnectionAbortedError("The answer is larger than a DNS message may be.")
    return bytes(packet)
