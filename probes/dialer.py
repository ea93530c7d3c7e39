"""Opens the connection of one request: straight to a checked address, or through a proxy, with or without TLS.

aiohttp's own proxy support sends names to the proxy, and aiohttp-socks ignores both the resolver and the
name for TLS; so the stream is opened here, in one way for all kinds: TCP to the proxy (TLS for an HTTPS
proxy), the handshake of `tunnels.py`, then TLS to the target under the target's name, and the finished
transport is handed on.

The proxy's own part (TCP, TLS, greeting) has a time limit of its own, so that a dead proxy is told from a
slow target. The proxy's address is checked like any other, its certificate always.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from probes.addresses import PORT, AddressPolicy, Refused, Way
from probes.failures import ProbeFailure, explain
from probes.tunnels import Pipe, ask_for, greet
from vocabulary.checks import HttpReason
from vocabulary.personas import TlsVersion
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

P = TypeVar("P", bound=asyncio.Protocol)

# How long a closed TLS connection waits for the other side's good-bye; asyncio's 30 s would pile up sockets.
_GOODBYE_SECONDS = 1.0


class Target(NamedTuple):
    """Where a connection ends: a checked address, and the name for TLS, or None for a plain connection."""

    address: str
    port: int
    tls_name: str | None


class Contexts(NamedTuple):
    """TLS towards targets as the persona has it, and towards proxies, whose certificates are always checked."""

    target: ssl.SSLContext
    proxy: ssl.SSLContext


TLS_VERSIONS = {TlsVersion.TLS12: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS13: ssl.TLSVersion.TLSv1_3}


def make_contexts(
    *,
    verify: bool,
    ca_file: Path | None,
    versions: tuple[TlsVersion, TlsVersion] = (TlsVersion.TLS12, TlsVersion.TLS13),
) -> Contexts:
    """Read the system's authorities and those of `ca_file`; targets get the oldest to the newest of `versions`.

    Blocks on files.

    Raises:
        OSError, ssl.SSLError: `ca_file` cannot be read or is no PEM file.
    """
    strict = ssl.create_default_context()
    if ca_file is not None:
        strict.load_verify_locations(cafile=str(ca_file))
    target = ssl.create_default_context()
    if not verify:
        target.check_hostname = False
        target.verify_mode = ssl.CERT_NONE
    elif ca_file is not None:
        target.load_verify_locations(cafile=str(ca_file))
    target.minimum_version, target.maximum_version = (TLS_VERSIONS[version] for version in versions)
    return Contexts(target, strict)


class Dialer:
    """Opens connections by one route: direct, or through `proxy`. Holds nothing open itself."""

    def __init__(
        self, contexts: Contexts, policy: AddressPolicy, proxy: ProxyEndpoint | None, proxy_timeout: float
    ) -> None:
        self._contexts = contexts
        self._policy = policy
        self._proxy = proxy
        own = None if proxy is None else proxy.reach_seconds
        self._proxy_timeout = proxy_timeout if own is None else min(own, proxy_timeout)

    def __repr__(self) -> str:
        return f"<Dialer {self._proxy!r}>" if self._proxy else "<Dialer direct>"

    async def open(self, target: Target, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        """A connection to `target` with a protocol of `factory` on it. Its address is judged here.

        Raises:
            ProbeFailure: there is none; nothing stays open.
        """
        try:
            self._policy.check([target.address], target.port, Way.WEB)
            if self._proxy is None:
                return await self._connect(target, factory)
            return await self._tunnel(self._proxy, target, factory)
        except Refused as error:
            detail = error.told_of(target.tls_name or "the host")
            raise ProbeFailure(HttpReason.BLOCKED_ADDRESS, detail) from error
        except OSError as error:
            raise explain(error) from error

    async def _connect(self, target: Target, factory: Callable[[], P]) -> tuple[asyncio.Transport, P]:
        options = _tls_options(self._contexts.target, target.tls_name)
        loop = asyncio.get_running_loop()
        return await loop.create_connection(factory, target.address, target.port, **options)

    async def _tunnel(
        self, proxy: ProxyEndpoint, target: Target, factory: Callable[[], P]
    ) -> tuple[asyncio.Transport, P]:
        transport, pipe = await self._reach(proxy)
        try:
            await ask_for(pipe, proxy, target.address, target.port)
            return await self._hand_over(transport, target, factory())
        except BaseException:
            transport.abort()
            raise

    async def _hand_over(
        self, transport: asyncio.Transport, target: Target, protocol: P
    ) -> tuple[asyncio.Transport, P]:
        """Let `protocol` take the place of the pipe, inside TLS if the target has it."""
        if target.tls_name is None:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)
            return transport, protocol
        inner = await asyncio.get_running_loop().start_tls(
            transport,
            protocol,
            self._contexts.target,
            server_hostname=target.tls_name,
            ssl_shutdown_timeout=_GOODBYE_SECONDS,
        )
        if inner is None:
            raise ConnectionResetError("The connection ended during the TLS handshake.")
        protocol.connection_made(inner)
        return inner, protocol

    async def _reach(self, proxy: ProxyEndpoint) -> tuple[asyncio.Transport, Pipe]:
        """A connection to the proxy that is ready to be asked for a target."""
        async with _blaming_proxy(self._proxy_timeout):
            transport, pipe = await self._connect_to_proxy(proxy)
            try:
                await greet(pipe, proxy)
            except BaseException:
                transport.abort()
                raise
            return transport, pipe

    async def _connect_to_proxy(self, proxy: ProxyEndpoint) -> tuple[asyncio.Transport, Pipe]:
        options = _tls_options(
            self._contexts.proxy, proxy.host if proxy.protocol is ProxyProtocol.HTTPS else None
        )
        loop = asyncio.get_running_loop()
        problem: OSError | None = None
        for address in await self._proxy_addresses(proxy):
            try:
                return await loop.create_connection(Pipe, address, proxy.port, **options)
            except OSError as error:
                problem = error
        raise problem or ProbeFailure(HttpReason.PROXY_ERROR, "the proxy has no address")

    async def _proxy_addresses(self, proxy: ProxyEndpoint) -> list[str]:
        try:
            # The port first, so that no name is looked up for a connection that nobody may make.
            self._policy.check((), proxy.port, Way.PROXY)
            return self._policy.check(await system_addresses(proxy.host), proxy.port, Way.PROXY)
        except Refused as error:
            detail = f"the proxy's {'port' if error.reason == PORT else 'address'} is not allowed"
            raise ProbeFailure(HttpReason.PROXY_ERROR, detail) from error


def _tls_options(context: ssl.SSLContext, name: str | None) -> dict[str, Any]:
    """What `create_connection` is told for TLS under `name`; nothing for a plain connection."""
    if name is None:
        return {}
    return {"ssl": context, "server_hostname": name, "ssl_shutdown_timeout": _GOODBYE_SECONDS}


@asynccontextmanager
async def _blaming_proxy(seconds: float) -> AsyncIterator[None]:
    """Whatever fails in here, or takes longer than `seconds`, is the proxy's fault."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except OSError as error:
        # A TimeoutError is an OSError. One that is not this limit's is the kernel's, and no less the proxy's.
        detail = explain(error).detail
        raise ProbeFailure(HttpReason.PROXY_ERROR, f"the proxy: {detail}", proxy_fault=True) from error
    except ProbeFailure as error:
        raise ProbeFailure(HttpReason.PROXY_ERROR, error.detail, proxy_fault=True) from error


async def system_addresses(host: str) -> list[str]:
    """The addresses of `host` by the system's resolver; an address is itself.

    Raises:
        OSError: it does not resolve.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        try:
            rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            # What has an empty label, or one of more than 63 characters, is no name: Python refuses to ask for it.
            raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from error
        return list(dict.fromkeys(str(row[4][0]) for row in rows))
