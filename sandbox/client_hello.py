"""Reading the server name out of a TLS ClientHello before TLS begins (RFC 8446 section 4.1.2, RFC 6066 section 3)."""

import asyncio
import struct

from sandbox.listener import Connection

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME = 22, 1, 0
_RECORD_LIMIT = 5 + 16384
_WAIT_SECONDS = 10.0


async def peek_server_name(connection: Connection) -> str | None:
    """The name that the client of `connection` asks for, or None if it names none or does not speak TLS.

    Raises:
        TimeoutError: the client said nothing, or half a ClientHello, for ten seconds.
    """
    async with asyncio.timeout(_WAIT_SECONDS):
        record = await connection.peek(_RECORD_LIMIT)
        while len(record) >= 5 and record[0] == _HANDSHAKE and len(record) < 5 + int.from_bytes(record[3:5]):
            # What has come stays readable, so there is nothing to wait for but time.
            await asyncio.sleep(0.005)
            record = await connection.peek(_RECORD_LIMIT)
    return server_name(record)


def server_name(record: bytes) -> str | None:
    """The host name in a TLS record that holds a ClientHello, or None if there is none."""
    if len(record) < 6 or record[0] != _HANDSHAKE or record[5] != _CLIENT_HELLO:
        return None
    try:
        return _name_in(_extensions(record))
    except (IndexError, struct.error, UnicodeDecodeError):
        return None


def _extensions(record: bytes) -> bytes:
    # Record header 5, handshake header 4, version 2, random 32; then three vectors with lengths before them.
    at = 43
    at += 1 + record[at]
    at += 2 + _length(record, at)
    at += 1 + record[at]
    return record[at + 2 : at + 2 + _length(record, at)]


def _name_in(extensions: bytes) -> str | None:
    at = 0
    while at + 4 <= len(extensions):
        kind, size = struct.unpack_from("!HH", extensions, at)
        if kind == _SERVER_NAME:
            # List length 2, type 1, name length 2, then the name.
            return extensions[at + 9 : at + 4 + size].decode("ascii").lower()
        at += 4 + size
    return None


def _length(octets: bytes, at: int) -> int:
    return int.from_bytes(octets[at : at + 2])
