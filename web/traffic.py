"""What the kernel knows of a TCP connection: how far the peer has got with what was sent to it.

Writing says only that our own kernel took the bytes, which is up to megabytes before the peer takes any. The
kernel counts what the peer has acknowledged (`struct tcp_info` in linux/tcp.h, tcp(7)). Where it does not tell,
the buffer of the transport has to do, which sees less: it moves in steps as large as the kernel's buffer.
"""

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from typing import NamedTuple

_INFO_BYTES = 256
_ACKED = struct.Struct("@Q")
_ACKED_AT = 120
_UNSENT = struct.Struct("@I")
_UNSENT_AT = 144
_QUEUED = struct.Struct("@i")


class Traffic(NamedTuple):
    """What is seen of a connection at one moment, in bytes.

    Attributes:
        taken: how much the peer has taken since the connection began; only that it changes is of meaning.
        in_flight: how much was sent and not acknowledged; a peer that merely does not read acknowledges.
        waiting: how much waits to be sent, in the kernel and in this process.
    """

    taken: int
    in_flight: int
    waiting: int

    @property
    def is_idle(self) -> bool:
        """Whether the peer has all that it was to get."""
        return self.in_flight == 0 and self.waiting == 0


def look(transport: asyncio.Transport) -> Traffic:
    """How the peer of an open transport gets on."""
    buffered = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if not sys.platform.startswith("linux") or connection is None or connection.family == socket.AF_UNIX:
        return Traffic(-buffered, 0, buffered)
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    (acked,), (unsent,) = _ACKED.unpack_from(info, _ACKED_AT), _UNSENT.unpack_from(info, _UNSENT_AT)
    # SIOCOUTQ: everything in the kernel's queue that is not acknowledged, sent or not.
    (queued,) = _QUEUED.unpack(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(_QUEUED.size)))
    return Traffic(acked, max(queued - unsent, 0), unsent + buffered)
