"""The authoritative DNS server of the sandbox, over UDP and TCP on one port (RFC 1035, RFC 7766).

What the server says is a pure function of the query (`Answers.reply`), and queries repeat, so replies are kept by
the bytes of the query without its id; only the id differs from one client to the next. That makes the difference
between hundreds and tens of thousands of answers a second.

What is no part of the function lives in `Zone`: a LOSSY name drops the first UDP query for each type and answers
all later ones, as a network does that loses a packet. A SILENT name is never answered, over either transport.
Names outside of `.test` are refused, for the server has no authority over them, but for the two that the world has
hosts for: a market place and a parking network.
"""

import asyncio
import functools
import socket
import struct

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import msgspec

from core.errors import Misconfigured
from sandbox.behaviours import Dns
from sandbox.listener import HOST, Connection, Listener, bind
from sandbox.world import Site, World

_TTL = 60
_SOA = "ns.sandbox.test. hostmaster.sandbox.test. 1 3600 600 86400 60"
_RCODES = {
    Dns.NXDOMAIN: dns.rcode.NXDOMAIN,
    Dns.SERVFAIL: dns.rcode.SERVFAIL,
    Dns.REFUSED: dns.rcode.REFUSED,
}
_KEPT_REPLIES = 4096
_PORT_TRIES = 20
_IDLE_SECONDS = 30.0


class Reply(msgspec.Struct, frozen=True):
    """What is said to a query: the message without its id, or None for silence.

    `loses` is the (name, type) whose first UDP query is dropped, for lossy names.
    """

    message: bytes | None
    loses: tuple[str, int] | None = None


_SILENCE = Reply(None)


class Answers:
    """The zone as a pure function from queries to replies."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._soa = dns.rrset.from_text("test.", _TTL, "IN", "SOA", _SOA)
        self.reply = functools.lru_cache(maxsize=_KEPT_REPLIES)(self._reply)

    def _reply(self, query: bytes, *, over_tcp: bool) -> Reply:
        """The reply to `query`, which is a DNS message without its two bytes of id."""
        if len(query) < 10 or query[0] & 0x80:
            return _SILENCE
        try:
            asked = dns.message.from_wire(b"\0\0" + query)
        except dns.exception.DNSException:
            # QR set, the opcode as it came, FORMERR; four empty sections.
            return Reply(bytes((0x80 | (query[0] & 0x79), dns.rcode.FORMERR)) + bytes(8))
        return self._answer(asked, over_tcp=over_tcp)

    def _answer(self, asked: dns.message.Message, *, over_tcp: bool) -> Reply:
        said = dns.message.make_response(asked)
        said.flags |= dns.flags.AA
        if asked.opcode() != dns.opcode.QUERY:
            said.set_rcode(dns.rcode.NOTIMP)
            return _wire(said)
        if len(asked.question) != 1 or asked.question[0].rdclass != dns.rdataclass.IN:
            said.set_rcode(dns.rcode.REFUSED)
            return _wire(said)
        name = asked.question[0].name.to_text(omit_final_dot=True).lower()
        site = self._world.find(name) or Site(name, _unknown(name))
        if site.dns is Dns.SILENT:
            return _SILENCE
        self._fill(said, site, truncated=site.dns is Dns.TRUNCATED and not over_tcp)
        return _wire(said, (name, int(asked.question[0].rdtype)) if site.dns is Dns.LOSSY else None)

    def _fill(self, said: dns.message.Message, site: Site, *, truncated: bool) -> None:
        said.set_rcode(_RCODES.get(site.dns, dns.rcode.NOERROR))
        if truncated:
            said.flags |= dns.flags.TC
            return
        if site.addresses:
            said.answer.extend(_records(said.question[0], site))
        last = said.answer[-1].rdtype if said.answer else dns.rdatatype.NONE
        # A negative answer carries the SOA (RFC 2308 section 2), also at the end of a chain of aliases.
        if said.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} and last in {
            dns.rdatatype.NONE,
            dns.rdatatype.CNAME,
        }:
            said.authority.append(self._soa)


def _unknown(name: str) -> Dns:
    return Dns.NXDOMAIN if name == "test" or name.endswith(".test") else Dns.REFUSED


def _wire(said: dns.message.Message, loses: tuple[str, int] | None = None) -> Reply:
    return Reply(said.to_wire()[2:], loses)


def _records(question: dns.rrset.RRset, site: Site) -> list[dns.rrset.RRset]:
    """The chain of aliases, then the addresses of the family asked for; the asked name keeps its spelling."""
    owner = question.name
    records = []
    for alias in site.aliases:
        records.append(dns.rrset.from_text(owner, _TTL, "IN", "CNAME", f"{alias}."))
        owner = dns.name.from_text(alias)
    six = question.rdtype == dns.rdatatype.AAAA
    addresses = [address for address in site.addresses if (":" in address) is six]
    if addresses and question.rdtype in {dns.rdatatype.A, dns.rdatatype.AAAA}:
        records.append(dns.rrset.from_text(owner, _TTL, "IN", question.rdtype, *addresses))
    return records


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side: each datagram is answered at once or not at all, so no task is needed."""

    def __init__(self, zone: "Zone") -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None
        self.closed = asyncio.get_running_loop().create_future()

    # The loop's datagram transport is no subclass of the abstract one on every version, so no check can narrow it.
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(exc)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._zone.answer(data, over_tcp=False)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


class Zone:
    """The server: `open` it, ask it at `port` over UDP or TCP, `close` it. `asked` counts the queries."""

    def __init__(self, world: World) -> None:
        self._answers = Answers(world)
        self._lost: set[tuple[str, int]] = set()
        self._listener: Listener | None = None
        self._datagrams: _Datagrams | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0
        self.asked = 0

    def __repr__(self) -> str:
        return f"<Zone {HOST}:{self.port}, {len(self._lost)} lost>"

    def answer(self, query: bytes, *, over_tcp: bool) -> bytes | None:
        """The reply to a query as it came over the wire, or None if nothing is to be sent."""
        self.asked += 1
        reply = self._answers.reply(query[2:], over_tcp=over_tcp)
        if reply.message is None:
            return None
        if reply.loses is not None and not over_tcp and reply.loses not in self._lost:
            self._lost.add(reply.loses)
            return None
        return query[:2] + reply.message

    def forget_losses(self) -> None:
        """Let the lossy names lose their next first query again."""
        self._lost.clear()

    async def open(self, port: int = 0) -> None:
        """Listen on the same port over UDP and TCP, on a free one for 0.

        Raises:
            Misconfigured: the port is in use.
        """
        datagrams = self._bind_both(port, _PORT_TRIES)
        self._transport, self._datagrams = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self), sock=datagrams
        )

    def _bind_both(self, port: int, tries: int) -> socket.socket:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bind(datagrams, port, "DNS over UDP")
        self.port = int(datagrams.getsockname()[1])
        listener = Listener("DNS over TCP", self._serve)
        try:
            listener.open(self.port)
        except Misconfigured:
            datagrams.close()
            # A port that is free over UDP may be taken over TCP; another is as good, unless this one was asked for.
            if port or tries == 1:
                raise
            return self._bind_both(0, tries - 1)
        self._listener = listener
        return datagrams

    async def close(self) -> None:
        """Answer no more; return when both sides are closed."""
        if self._transport is not None and self._datagrams is not None:
            self._transport.close()
            await self._datagrams.closed
        if self._listener is not None:
            await self._listener.close()

    async def _serve(self, connection: Connection) -> None:
        async with connection.streams() as (reader, writer):
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    (size,) = struct.unpack("!H", await reader.readexactly(2))
                    query = await reader.readexactly(size)
                reply = self.answer(query, over_tcp=True)
                if reply is not None:
                    writer.write(struct.pack("!H", len(reply)) + reply)
                    await writer.drain()
