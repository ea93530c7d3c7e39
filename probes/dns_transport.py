"""How questions reach a DNS server: UDP ports with questions under way, and TCP for one answer that was cut.

A forged answer must guess the port and the id, and repeat the question (RFC 5452): sockets are connected,
so that the kernel drops what comes from elsewhere and hands over "port unreachable"; each takes a port that
the kernel chose at random and is left for a new one after some questions; ids are random. A packet that
does not fit is ignored, and the question goes on waiting, for dropping it would be what the forger wants.
"""

import asyncio
import contextlib
import secrets
import socket

from probes.dns_message import answers, identify, query
from probes.servers import Server

PORTS_PER_SERVER = 4
QUESTIONS_PER_PORT = 2000

_RECEIVE_BUFFER = 1 << 20
_PACKETS_PER_TURN = 64
_MAX_PACKET = 65535

Answer = asyncio.Future[bytes]


class UdpPort:
    """One connected socket and the questions that wait for it."""

    def __init__(self, server: Server) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, tuple[bytes, Answer]] = {}
        self._asked = 0
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            self._socket.connect((server.host, server.port))
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket, self._receive)

    def __repr__(self) -> str:
        return f"<UdpPort, {len(self._waiting)} waiting of {self._asked}>"

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_worn(self) -> bool:
        """Whether it has sent as many questions as one source port should."""
        return self._asked >= QUESTIONS_PER_PORT

    def ask(self, asked: bytes) -> Answer:
        """Send a question; the future gets the packet that answers it, or the OSError that says it cannot.

        Whoever cancels the future ends the waiting.
        """
        ident = secrets.randbits(16)
        while ident in self._waiting:
            ident = secrets.randbits(16)
        answer: Answer = self._loop.create_future()
        self._waiting[ident] = (asked, answer)
        answer.add_done_callback(lambda _: self._waiting.pop(ident, None))
        self._asked += 1
        try:
            self._socket.send(query(ident, asked))
        except OSError as error:
            answer.set_exception(error)
        return answer

    def _receive(self) -> None:
        for _ in range(_PACKETS_PER_TURN):
            try:
                packet = self._socket.recv(_MAX_PACKET)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error)
                return
            self._deliver(packet)

    def _deliver(self, packet: bytes) -> None:
        ident = identify(packet)
        if ident is None or ident not in self._waiting:
            return
        asked, answer = self._waiting[ident]
        if answers(packet, asked) and not answer.done():
            answer.set_result(packet)

    def _fail(self, error: OSError) -> None:
        """The kernel says that the port is unreachable: everything that waits learns it now and not at its limit."""
        for _, answer in list(self._waiting.values()):
            if not answer.done():
                answer.set_exception(error)

    def close(self) -> None:
        """Stop listening; what still waits is cancelled."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for _, answer in list(self._waiting.values()):
            answer.cancel()


class UdpServer:
    """A few ports to one server, each replaced when it is worn and nothing waits for it. See `Upstream`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.text = server.text
        self._ports: list[UdpPort] = []
        self._turn = 0

    def ask(self, asked: bytes) -> Answer:
        """Send a question from one of the ports; see `UdpPort.ask`.

        Raises:
            OSError: there is no way to the server.
        """
        self._turn = (self._turn + 1) % PORTS_PER_SERVER
        if len(self._ports) < PORTS_PER_SERVER:
            self._ports.append(UdpPort(self.server))
            return self._ports[-1].ask(asked)
        port = self._ports[self._turn]
        if port.is_worn and len(port) == 0:
            port.close()
            port = self._ports[self._turn] = UdpPort(self.server)
        return port.ask(asked)

    async def ask_whole(self, asked: bytes) -> bytes:
        """Ask over TCP; see `ask_tcp`."""
        return await ask_tcp(self.server, asked)

    async def close(self) -> None:
        """Close every port."""
        for port in self._ports:
            port.close()
        self._ports.clear()


async def ask_tcp(server: Server, asked: bytes) -> bytes:
    """Ask over TCP (RFC 7766): a length of two octets before each message.

    Raises:
        OSError: no connection, or it ended before the answer, or the answer is about something else.
    """
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        ident = secrets.randbits(16)
        message = query(ident, asked)
        writer.write(len(message).to_bytes(2, "big") + message)
        length = int.from_bytes(await reader.readexactly(2), "big")
        packet = await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("The server closed before its answer.") from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if identify(packet) != ident or not answers(packet, asked):
        raise ConnectionAbortedError("The server answered another question.")
    return packet
