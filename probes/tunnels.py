"""The client's side of asking a proxy for a tunnel: HTTP CONNECT (RFC 9110, 9.3.6), SOCKS 4, SOCKS 5 (RFC 1928, 1929).

SOCKS 4 is NEC's protocol ("SOCKS: A protocol for TCP proxy across firewalls", Ying-Da Lee): the user id stands in
the request itself, there is no password, and the target is an IPv4 address.

Written here and not taken from a library, because the answers decide whose fault a failure is:

* the proxy's (`proxy_fault`, a strike): it refuses our credentials, does not speak the protocol, or hangs
  up before it was asked for a target;
* the target's: SOCKS 3, 4, 5 and CONNECT 502 become CONNECTION_REFUSED, SOCKS 6 and CONNECT 504 TIMEOUT; so does
  an IPv6 address that SOCKS 4 cannot carry, as an address that nothing leads to;
* nobody's that we could name: a ruleset (SOCKS 2, CONNECT 403), a general failure (SOCKS 1, the 91 of SOCKS 4,
  CONNECT 5xx) or a hang-up after the target was named stay PROXY_ERROR without a strike, for many proxies say
  so of targets that are down.

The target is always an address that was checked; a proxy is never given a name that it could resolve
otherwise.
"""

import asyncio
import base64
import ipaddress
from typing import cast

from probes.failures import ProbeFailure
from vocabulary.checks import HttpReason
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

MAX_HEAD = 16 * 1024
_NO_AUTH, _PASSWORD, _NONE_ACCEPTABLE = 0x00, 0x02, 0xFF
_PROXY_AT_FAULT = frozenset({400, 401, 405, 407, 426, 501, 505})

_SOCKS_REPLIES = {
    0x01: (HttpReason.PROXY_ERROR, "general failure", False),
    0x02: (HttpReason.PROXY_ERROR, "not allowed by the ruleset", False),
    0x03: (HttpReason.CONNECTION_REFUSED, "network unreachable", False),
    0x04: (HttpReason.CONNECTION_REFUSED, "host unreachable", False),
    0x05: (HttpReason.CONNECTION_REFUSED, "connection refused", False),
    0x06: (HttpReason.TIMEOUT, "TTL expired", False),
    0x07: (HttpReason.PROXY_ERROR, "command not supported", True),
    0x08: (HttpReason.PROXY_ERROR, "address type not supported", True),
}


# The codes of SOCKS 4; 90 is the good one. The last two are about the user id, which is ours.
_SOCKS4_GRANTED = 90
_SOCKS4_REPLIES = {
    91: ("rejected or failed", False),
    92: ("it cannot ask who we are", True),
    93: ("the user id is refused", True),
}


class Pipe(asyncio.Protocol):
    """The bytes of a connection to a proxy until the tunnel stands, with nothing read beyond that."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ended: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        # uvloop's transports are asyncio's in all but their class.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._buffer += data
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._ended = exc or ConnectionResetError("closed")
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def write(self, data: bytes) -> None:
        """Send."""
        if self.transport is not None:
            self.transport.write(data)

    async def _more(self) -> None:
        if self._ended is not None:
            raise ConnectionResetError("The proxy closed the connection.") from self._ended
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def read(self, count: int) -> bytes:
        """Exactly `count` bytes; ConnectionResetError if they do not come."""
        while len(self._buffer) < count:
            await self._more()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def read_head(self) -> bytes:
        """Up to and with the empty line that ends an HTTP head; ConnectionResetError if it does not come."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise _fault("the answer to CONNECT is too long")
            await self._more()
        return await self.read(end + 4)

    @property
    def is_empty(self) -> bool:
        """Whether everything that came was read."""
        return not self._buffer


async def greet(pipe: Pipe, proxy: ProxyEndpoint) -> None:
    """What is said before a target is named; only SOCKS 5 has such a part.

    Raises:
        ProbeFailure: PROXY_ERROR, and the fault is the proxy's.
    """
    if proxy.protocol is ProxyProtocol.SOCKS5:
        await _greet_socks(pipe, proxy)


async def ask_for(pipe: Pipe, proxy: ProxyEndpoint, address: str, port: int) -> None:
    """Ask for the tunnel to `address` (an address, not a name) and `port`.

    Raises:
        ProbeFailure: with the reason and the blame as the module says.
    """
    try:
        await _ASKING[proxy.protocol](pipe, proxy, address, port)
    except ConnectionResetError as error:
        raise ProbeFailure(HttpReason.PROXY_ERROR, "the proxy hung up when asked for the target") from error
    if not pipe.is_empty:
        raise _fault("the proxy sent more than its answer")


def _fault(detail: str, status: int | None = None) -> ProbeFailure:
    return ProbeFailure(HttpReason.PROXY_ERROR, detail, proxy_fault=True, status_code=status)


async def _ask_http(pipe: Pipe, proxy: ProxyEndpoint, address: str, port: int) -> None:
    host = f"[{address}]" if ":" in address else address
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.username is not None:
        pair = f"{proxy.username}:{proxy.password or ''}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode('ascii')}")
    pipe.write("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = await pipe.read_head()
    _judge_connect(head.split(b"\r\n", 1)[0])


def _judge_connect(line: bytes) -> None:
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/1.") or not code.isdigit() or len(code) != 3:
        raise _fault("the proxy does not speak HTTP")
    status = int(code)
    if 200 <= status <= 299:
        return
    detail = f"the proxy answered {status} to CONNECT"
    if status in _PROXY_AT_FAULT:
        raise _fault(detail, status)
    reason = {502: HttpReason.CONNECTION_REFUSED, 504: HttpReason.TIMEOUT}.get(status, HttpReason.PROXY_ERROR)
    raise ProbeFailure(reason, detail)


async def _greet_socks(pipe: Pipe, proxy: ProxyEndpoint) -> None:
    has_password = proxy.username is not None
    pipe.write(bytes([5, 2, _NO_AUTH, _PASSWORD] if has_password else [5, 1, _NO_AUTH]))
    version, method = await pipe.read(2)
    if version != 5:
        raise _fault("the proxy does not speak SOCKS 5")
    if method == _PASSWORD and has_password:
        await _log_in(pipe, proxy)
    elif method == _NONE_ACCEPTABLE:
        raise _fault("the proxy wants other credentials")
    elif method != _NO_AUTH:
        raise _fault("the proxy chose a method that was not offered")


async def _log_in(pipe: Pipe, proxy: ProxyEndpoint) -> None:
    fields = [(text or "").encode() for text in (proxy.username, proxy.password)]
    if any(not 0 < len(field) <= 255 for field in fields):
        raise _fault("SOCKS 5 credentials have 1 to 255 bytes each")
    pipe.write(b"\x01" + b"".join(bytes([len(field)]) + field for field in fields))
    _, status = await pipe.read(2)
    if status != 0:
        raise _fault("the proxy refused the credentials")


async def _ask_socks5(pipe: Pipe, _proxy: ProxyEndpoint, address: str, port: int) -> None:
    parsed = ipaddress.ip_address(address)
    kind = 1 if parsed.version == 4 else 4
    pipe.write(bytes([5, 1, 0, kind]) + parsed.packed + port.to_bytes(2, "big"))
    _, reply, _, bound = await pipe.read(4)
    if reply != 0:
        reason, detail, at_fault = _SOCKS_REPLIES.get(reply, (HttpReason.PROXY_ERROR, f"reply {reply}", True))
        raise ProbeFailure(reason, f"the proxy says: {detail}", proxy_fault=at_fault)
    if bound not in (1, 3, 4):
        raise _fault("the proxy answered with an unknown address type")
    size = (await pipe.read(1))[0] if bound == 3 else {1: 4, 4: 16}[bound]
    await pipe.read(size + 2)


async def _ask_socks4(pipe: Pipe, proxy: ProxyEndpoint, address: str, port: int) -> None:
    parsed = ipaddress.ip_address(address)
    if parsed.version != 4:
        raise ProbeFailure(HttpReason.CONNECTION_REFUSED, "SOCKS 4 leads to IPv4 addresses only")
    user = (proxy.username or "").encode()
    if b"\0" in user:
        raise _fault("a SOCKS 4 user id has no zero byte")
    pipe.write(bytes([4, 1]) + port.to_bytes(2, "big") + parsed.packed + user + b"\0")
    version, code, *_ = await pipe.read(8)
    if version != 0:
        raise _fault("the proxy does not speak SOCKS 4")
    if code != _SOCKS4_GRANTED:
        detail, at_fault = _SOCKS4_REPLIES.get(code, (f"reply {code}", True))
        raise ProbeFailure(HttpReason.PROXY_ERROR, f"the proxy says: {detail}", proxy_fault=at_fault)


_ASKING = {
    ProxyProtocol.HTTP: _ask_http,
    ProxyProtocol.HTTPS: _ask_http,
    ProxyProtocol.SOCKS4: _ask_socks4,
    ProxyProtocol.SOCKS5: _ask_socks5,
}
