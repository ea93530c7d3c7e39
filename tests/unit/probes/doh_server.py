"""A DNS server on HTTPS that keeps its connections, with its answers in the hands of the test."""

import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.message
from aiohttp import web

from tests.unit.probes.loopback import describe

Answering = Callable[[dns.message.Message], bytes]


class DohFake:
    """What was asked, and over which connections; `shape` makes the response of an answer."""

    def __init__(self, handler: Answering) -> None:
        self.handler = handler
        self.asked: list[str] = []
        self.ids: set[int] = set()
        self.connections: set[int] = set()
        self.heads: list[dict[str, str]] = []
        self.port = 0
        self.shape: Callable[[bytes], web.StreamResponse] = plain

    async def serve(self, request: web.Request) -> web.StreamResponse:
        text = request.query["dns"]
        assert "=" not in text
        query = dns.message.from_wire(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        self.asked.append(describe(query))
        self.ids.add(query.id)
        self.connections.add(id(request.transport))
        self.heads.append(dict(request.headers))
        return self.shape(self.handler(query))

    def url(self, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}/dns-query"


def plain(packet: bytes) -> web.StreamResponse:
    return web.Response(body=packet, content_type="application/dns-message")


@asynccontextmanager
async def doh_server(handler: Answering, tls: ssl.SSLContext) -> AsyncIterator[DohFake]:
    """A server on a free port of the loopback interface."""
    fake = DohFake(handler)
    app = web.Application()
    app.router.add_get("/dns-query", fake.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    fake.port = runner.addresses[0][1]
    try:
        yield fake
    finally:
        await runner.cleanup()
