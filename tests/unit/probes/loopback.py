"""Tiny servers on the loopback interface, each with every byte of its answers in the hands of the test."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import dns.message
import dns.rcode
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from probes.addresses import AddressPolicy

LOCAL = AddressPolicy([ipaddress.ip_network("127.0.0.0/8")])

DnsHandler = Callable[[dns.message.Message], bytes | None]


def closed_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nothing listens on."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(query: dns.message.Message, *lines: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    """A reply whose answer section has `lines`, each "owner type data"."""
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    for line in lines:
        owner, kind, data = line.split(" ", 2)
        data += "." if kind == "CNAME" else ""
        reply.answer.append(dns.rrset.from_text(owner + ".", 60, "IN", kind, data))
    return reply.to_wire()


class DnsServer(asyncio.DatagramProtocol):
    """A DNS server on UDP and TCP; `asked` holds "A name" for each UDP question, `asked_tcp` for TCP."""

    def __init__(self, handler: DnsHandler, tcp_handler: DnsHandler | None) -> None:
        self.handler = handler
        self.tcp_handler = tcp_handler
        self.asked: list[str] = []
        self.asked_tcp: list[str] = []
        self.sources: list[int] = []
        self.port = 0
        self._news = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def text(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def until_asked(self, count: int) -> None:
        """Wait until so many questions came over UDP."""
        while len(self.asked) < count:
            self._news.clear()
            await self._news.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(describe(query))
        self.sources.append(addr[1])
        self._news.set()
        reply = self.handler(query)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            size = int.from_bytes(await reader.readexactly(2), "big")
            query = dns.message.from_wire(await reader.readexactly(size))
            self.asked_tcp.append(describe(query))
            reply = self.tcp_handler(query) if self.tcp_handler else None
            if reply is not None:
                writer.write(len(reply).to_bytes(2, "big") + reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def describe(query: dns.message.Message) -> str:
    asked = query.question[0]
    return f"{dns.rdatatype.to_text(asked.rdtype)} {asked.name.to_text(omit_final_dot=True)}"


@asynccontextmanager
async def dns_server(handler: DnsHandler, tcp: DnsHandler | None = None) -> AsyncIterator[DnsServer]:
    """A server on one free port, for both transports."""
    server = DnsServer(handler, tcp)
    loop = asyncio.get_running_loop()
    listener = await asyncio.start_server(server.serve_tcp, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", server.port))
    try:
        yield server
    finally:
        transport.close()
        listener.close()
        await listener.wait_closed()


class Request:
    """What a client sent: the first line, and its headers as they stood."""

    def __init__(self, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.line = lines[0]
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]

    def __getitem__(self, name: str) -> str:
        return next(pair[1] for pair in self.headers if pair[0].lower() == name.lower())


Reply = bytes | None
WebHandler = Callable[[Request], Reply | Awaitable[Reply]]


class WebServer:
    """A server that answers each request with the bytes of its handler and closes; None hangs up without a word."""

    def __init__(self, handler: WebHandler) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.cut = 0
        self.port = 0
        self.idle = asyncio.Event()
        self.seen = asyncio.Event()
        self._opened = asyncio.Event()

    async def until_open(self, count: int) -> None:
        """Wait until so many connections are open at once."""
        while self.open < count:
            self._opened.clear()
            await self._opened.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.idle.clear()
        self._opened.set()
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self.cut += 1
        finally:
            self.open -= 1
            if self.open == 0:
                self.idle.set()
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"\x16":
            # A TLS handshake came to a server without TLS, which answers as such servers do.
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        request = Request(first + await reader.readuntil(b"\r\n\r\n"))
        self.requests.append(request)
        self.seen.set()
        reply = self.handler(request)
        if isinstance(reply, Awaitable):
            # A handler that waits is ended when the client goes away.
            reply = await first_of(reply, reader.read(1))
        if reply is not None:
            writer.write(reply)
            await writer.drain()


async def first_of(work: Awaitable[Reply], gone: Awaitable[bytes]) -> Reply:
    tasks = {asyncio.ensure_future(work), asyncio.ensure_future(gone)}
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait(tasks)
    result = done.pop().result()
    return result or None


@asynccontextmanager
async def web_server(
    handler: WebHandler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[WebServer]:
    """A web server on a free port."""
    server = WebServer(handler)
    listener = await asyncio.start_server(server.serve, host, port, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


def page(body: bytes | str = b"hello", status: int = 200, **headers: str) -> bytes:
    """A response; header names are written with _ for -."""
    data = body.encode() if isinstance(body, str) else body
    fields = {"content_type": "text/html; charset=utf-8", "content_length": str(len(data))} | headers
    lines = [
        f"HTTP/1.1 {status} Any",
        *(f"{k.replace('_', '-')}: {v}" for k, v in fields.items() if v),
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + data


def redirect(location: str, status: int = 302) -> bytes:
    return page(b"", status, location=location)


class Authority:
    """A certificate authority of the test, and server contexts with certificates that it signed."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / "ca.pem"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._build(self._name, self._key.public_key(), days=10).add_extension(
            basic, critical=True
        )
        self._write(self.file, certificate)

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=20))
            .not_valid_after(now + datetime.timedelta(days=days))
        )

    def _write(self, path: Path, certificate: x509.CertificateBuilder) -> None:
        signed = certificate.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def files(self, *names: str, days: int = 10) -> tuple[Path, Path]:
        """Certificate and key files for `names` (addresses too); negative days have expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
        certificate = self._build(x509.Name([]), key.public_key(), days).add_extension(
            alternatives, critical=True
        )
        stem = f"{names[0]}{days}".replace("*", "_")
        certificate_file, key_file = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        self._write(certificate_file, certificate)
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key_file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
        return certificate_file, key_file

    def context(self, *names: str, days: int = 10) -> ssl.SSLContext:
        """A server's TLS context for `names`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.files(*names, days=days))
        return context


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
