"""The sandbox as one thing: open it, and an offline world answers on loopback; close it, and nothing is left.

```
async with Sandbox.open(directory) as box:
    box.dns, box.http_port, box.https_port, box.ca_file, box.proxies, box.probe_url, box.world
```
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

import msgspec

from sandbox.certificates import Certificates
from sandbox.http_proxy import HttpProxy
from sandbox.listener import HOST, bind
from sandbox.socks4_proxy import Socks4Proxy
from sandbox.socks_proxy import SocksProxy
from sandbox.upstream import Credentials, Upstream
from sandbox.web import WebServers
from sandbox.world import WORLD, World
from sandbox.zone import Zone
from vocabulary.proxies import ProxyEndpoint, ProxyProtocol

# These open nothing but the sandbox's own proxies, which listen on loopback and lead nowhere else.
PROXY_CREDENTIALS = Credentials(username="helio", password="sunrise-in-the-sandbox")  # noqa: S106


class SandboxPorts(msgspec.Struct, frozen=True):
    """Which ports to use; 0 is any free one. A demo that is to find its world again after a restart fixes them."""

    dns: int = 0
    http: int = 0
    https: int = 0
    http_proxy: int = 0
    https_proxy: int = 0
    socks4_proxy: int = 0
    socks5_proxy: int = 0
    dead_proxy: int = 0


class NamedProxy(msgspec.Struct, frozen=True):
    """A proxy of the sandbox under the name that the demo shows: `http`, `https`, `socks4`, `socks5` or `dead`."""

    name: str
    endpoint: ProxyEndpoint


class Sandbox:
    """A running world. Make it with `open`."""

    def __init__(self, world: World, directory: Path) -> None:
        certificates = Certificates(world, directory)
        self.world = world
        self.zone = Zone(world)
        self.web = WebServers(world, certificates)
        self.ca_file = certificates.ca_file
        # Each proxy goes out from its own address, which is what the target sees and /ip tells.
        self._http = HttpProxy(Upstream(world, "127.0.0.2"), PROXY_CREDENTIALS)
        self._https = HttpProxy(Upstream(world, "127.0.0.3"), PROXY_CREDENTIALS, certificates.proxy)
        self._socks5 = SocksProxy(Upstream(world, "127.0.0.4"), PROXY_CREDENTIALS)
        self._socks4 = Socks4Proxy(Upstream(world, "127.0.0.5"), PROXY_CREDENTIALS.username)
        self._working: dict[str, HttpProxy | Socks4Proxy | SocksProxy] = {
            "http": self._http,
            "https": self._https,
            "socks4": self._socks4,
            "socks5": self._socks5,
        }
        # Bound and never listened on: connections are refused, and nobody else can take the port meanwhile.
        self._dead = socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def __repr__(self) -> str:
        return f"<Sandbox dns {self.dns}, http {self.http_port}, https {self.https_port}>"

    @classmethod
    @asynccontextmanager
    async def open(
        cls, directory: Path, ports: SandboxPorts | None = None, world: World = WORLD
    ) -> AsyncIterator[Self]:
        """Start everything; certificates are written to `directory`. All is closed when the block ends.

        Raises:
            Misconfigured: a port that was asked for is in use.
        """
        box = cls(world, directory)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(box._close)
            await box._open(ports or SandboxPorts())
            yield box

    async def _open(self, ports: SandboxPorts) -> None:
        # The fixed ones first, so that no free port that is taken here is one of them.
        bind(self._dead, ports.dead_proxy, "the dead proxy")
        self.web.open(ports.http, ports.https)
        self._http.listener.open(ports.http_proxy)
        self._https.listener.open(ports.https_proxy)
        self._socks4.listener.open(ports.socks4_proxy)
        self._socks5.listener.open(ports.socks5_proxy)
        await self.zone.open(ports.dns)

    async def _close(self) -> None:
        self._dead.close()
        listeners = (proxy.listener.close() for proxy in self._working.values())
        await asyncio.gather(self.zone.close(), self.web.close(), *listeners)

    @property
    def dns(self) -> str:
        """The name server, as `host:port`, over UDP and TCP."""
        return f"{HOST}:{self.zone.port}"

    @property
    def http_port(self) -> int:
        """The port of all plain web hosts."""
        return self.web.ports.http

    @property
    def https_port(self) -> int:
        """The port of all web hosts over TLS."""
        return self.web.ports.https

    @property
    def probe_url(self) -> str:
        """A page that tells the address that it was asked from, as JSON `{"origin": …}`."""
        return f"http://{HOST}:{self.http_port}/ip"

    @property
    def proxies(self) -> tuple[NamedProxy, ...]:
        """All proxies: four that work, with credentials, and a dead one. SOCKS 4 has no password."""
        return (
            _named("http", ProxyProtocol.HTTP, self._http.listener.port),
            _named("https", ProxyProtocol.HTTPS, self._https.listener.port),
            _named("socks4", ProxyProtocol.SOCKS4, self._socks4.listener.port),
            _named("socks5", ProxyProtocol.SOCKS5, self._socks5.listener.port),
            _named("dead", ProxyProtocol.HTTP, int(self._dead.getsockname()[1])),
        )

    def proxy(self, name: str) -> ProxyEndpoint:
        """The endpoint of the proxy with this name.

        Raises:
            KeyError: there is none.
        """
        return {proxy.name: proxy.endpoint for proxy in self.proxies}[name]

    @property
    def served(self) -> Mapping[str, int]:
        """How many connections to targets each working proxy has made."""
        return {name: proxy.upstream.served for name, proxy in self._working.items()}


def _named(name: str, protocol: ProxyProtocol, port: int) -> NamedProxy:
    known = PROXY_CREDENTIALS
    password = None if protocol is ProxyProtocol.SOCKS4 else known.password
    return NamedProxy(name, ProxyEndpoint(protocol, HOST, port, known.username, password))
