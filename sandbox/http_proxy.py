"""An HTTP proxy with Basic credentials, in clear or inside TLS (RFC 9110 sections 9.3.6, 11.7 and 7.6.3).

It tunnels CONNECT and forwards GET and HEAD in absolute form. A target that it cannot reach is a 502 with a
Proxy-Status field that says why (RFC 9209), so that a client can tell the proxy's own fault from the target's.
"""

import base64
import binascii
import secrets
import ssl
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from sandbox.listener import Connection, Listener, Streams
from sandbox.upstream import Credentials, NotAllowed, Unresolvable, Upstream, join
from sandbox.web import Head, read_head

_NAME = "sandbox"
_CHALLENGE = f'Proxy-Authenticate: Basic realm="{_NAME}"'


class Refusal(Exception):
    """A request that is answered by the proxy itself: a status line and one header field."""

    def __init__(self, status: str, field: str) -> None:
        self.answer = (
            f"HTTP/1.1 {status}\r\n{field}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        super().__init__(status)


class HttpProxy:
    """One HTTP proxy; with a context clients speak TLS to it."""

    def __init__(
        self, upstream: Upstream, credentials: Credentials, context: ssl.SSLContext | None = None
    ) -> None:
        self.upstream = upstream
        self.listener = Listener("https proxy" if context else "http proxy", self._serve)
        self._credentials = credentials
        self._context = context

    def __repr__(self) -> str:
        return f"<HttpProxy {self.listener!r}, {self.upstream!r}>"

    async def _serve(self, connection: Connection) -> None:
        async with connection.streams(self._context) as client:
            try:
                await self._pass_on(connection, client)
            except Refusal as refusal:
                client[1].write(refusal.answer)

    async def _pass_on(self, connection: Connection, client: Streams) -> None:
        head = await read_head(client[0])
        self._authenticate(head)
        host, port = _target(head)
        async with AsyncExitStack() as stack:
            target = await self._reach(stack, host, port)
            if head.method == "CONNECT":
                client[1].write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            else:
                target[1].write(_forwarded(head))
            await join(connection, client, target)

    def _authenticate(self, head: Head) -> None:
        scheme, _, given = head.headers.get("proxy-authorization", "").partition(" ")
        expected = f"{self._credentials.username}:{self._credentials.password}".encode()
        try:
            decoded = base64.b64decode(given, validate=True)
        except binascii.Error:
            decoded = b""
        if scheme.lower() != "basic" or not secrets.compare_digest(decoded, expected):
            raise Refusal("407 Proxy Authentication Required", _CHALLENGE)

    async def _reach(self, stack: AsyncExitStack, host: str, port: int) -> Streams:
        try:
            return await stack.enter_async_context(self.upstream.connect(host, port))
        except Unresolvable as error:
            raise _unreached("502 Bad Gateway", "dns_error") from error
        except NotAllowed as error:
            raise _unreached("403 Forbidden", "http_request_denied") from error
        except ConnectionRefusedError as error:
            raise _unreached("502 Bad Gateway", "connection_refused") from error
        except TimeoutError as error:
            raise _unreached("504 Gateway Timeout", "connection_timeout") from error


def _unreached(status: str, error: str) -> Refusal:
    return Refusal(status, f"Proxy-Status: {_NAME}; error={error}")


def _target(head: Head) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{head.target}" if head.method == "CONNECT" else head.target)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refusal("400 Bad Request", "X-Reason: target") from error
    if host is None or (head.method != "CONNECT" and parts.scheme != "http"):
        raise Refusal("400 Bad Request", "X-Reason: target")
    return host, port or (443 if head.method == "CONNECT" else 80)


def _forwarded(head: Head) -> bytes:
    """The request for the target: in origin form, without what was meant for the proxy."""
    parts = urlsplit(head.target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    dropped = {"proxy-authorization", "proxy-connection", "connection"}
    fields = [f"{name}: {value}" for name, value in head.headers.items() if name not in dropped]
    return "\r\n".join([f"{head.method} {path} HTTP/1.1", *fields, "connection: close", "", ""]).encode(
        "latin-1"
    )
