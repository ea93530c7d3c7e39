"""DNS messages, as far as a stub needs them: a question out, an answer's addresses in (RFC 1035, section 4).

Written by hand because it is the hot path: a general parser takes ten times as long per message. Names are
kept in wire form, lower-cased (a length octet is below 64 and so is never a letter). Whatever a server
sends, parsing ends: pointers may only point backwards, and every read is checked.
"""

import socket
import struct
from enum import IntEnum
from typing import NamedTuple

MAX_CNAMES = 16

_HEADER = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_RESPONSE = 0x8000
_TRUNCATED = 0x0200
_RECURSION_DESIRED = 0x0100
_IN = 1
_CNAME = 5
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


class Family(IntEnum):
    """The record types that carry addresses (RFC 1035, 3.4.1; RFC 3596, 2.1)."""

    A = 1
    AAAA = 28


class Rcode(IntEnum):
    """The response codes that mean something to a stub (RFC 1035, 4.1.1)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


class Malformed(ValueError):
    """The message breaks the format of RFC 1035."""


class Reply(NamedTuple):
    """What a reply says: its code, whether it was cut, the addresses at the end of the CNAME chain, and the chain."""

    rcode: int
    truncated: bool
    addresses: tuple[str, ...]
    cnames: tuple[str, ...] = ()


def encode_name(name: str) -> bytes:
    """The wire form of an ASCII host name, lower-cased, with or without a final dot.

    Raises:
        ValueError: it is empty, not ASCII, has an empty label or one above 63 octets, or is above 255 in all.
    """
    labels = name.lower().removesuffix(".").encode("ascii").split(b".")
    if any(not 0 < len(label) <= 63 for label in labels):
        raise ValueError(f"{name!r} has an empty label or one that is longer than 63.")
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    if len(wire) > 255:
        raise ValueError(f"{name!r} is longer than a name may be.")
    return wire


def decode_name(wire: bytes) -> str:
    """A name in wire form as text without a final dot; a byte that no host name has is escaped (RFC 1035, 5.1)."""
    labels, at = [], 0
    while length := wire[at]:
        label = wire[at + 1 : at + 1 + length]
        labels.append("".join(chr(c) if c in _PLAIN else f"\\{c:03}" for c in label))
        at += 1 + length
    return ".".join(labels)


def question(name: bytes, family: Family) -> bytes:
    """The question section for a name in wire form."""
    return name + struct.pack("!HH", family, _IN)


def query(ident: int, asked: bytes) -> bytes:
    """A whole query message with recursion desired."""
    return _HEADER.pack(ident, _RECURSION_DESIRED, 1, 0, 0, 0) + asked


def identify(packet: bytes) -> int | None:
    """The id of a message that is a response, or None."""
    if len(packet) < _HEADER.size:
        return None
    ident, flags = struct.unpack_from("!HH", packet)
    return int(ident) if flags & _RESPONSE else None


def answers(packet: bytes, asked: bytes) -> bool:
    """Whether a response is about `asked`. An error without a question section counts: it echoes only the id."""
    _, flags, count, *_ = _HEADER.unpack_from(packet)
    if count == 0:
        return bool(flags & 0xF)
    end = _HEADER.size + len(asked)
    return bool(count == 1 and packet[_HEADER.size : end].lower() == asked)


def parse(packet: bytes, asked: bytes) -> Reply:
    """Read a response to `asked`, following the CNAME records that it holds.

    Raises:
        Malformed: it cannot be read.
    """
    _, flags, questions, count, *_ = _HEADER.unpack_from(packet)
    rcode, truncated = flags & 0xF, bool(flags & _TRUNCATED)
    if rcode != Rcode.NOERROR or truncated:
        return Reply(rcode, truncated, ())
    (family,) = struct.unpack_from("!H", asked, len(asked) - 4)
    name = asked[:-4]
    try:
        records = _Records(packet, _HEADER.size + len(asked) * questions, count)
    except (struct.error, IndexError, OSError) as error:
        raise Malformed(f"The answer cannot be read: {error}.") from error
    addresses, chain = records.follow(name, Family(family))
    return Reply(rcode, truncated, addresses, tuple(decode_name(alias) for alias in chain))


class _Records:
    """The answer section, sorted by owner."""

    def __init__(self, packet: bytes, at: int, count: int) -> None:
        self._addresses: dict[tuple[bytes, int], list[str]] = {}
        self._aliases: dict[bytes, bytes] = {}
        for _ in range(count):
            owner, at = _read_name(packet, at)
            kind, group, _, length = _RECORD.unpack_from(packet, at)
            at += _RECORD.size
            if at + length > len(packet):
                raise Malformed("A record is longer than the message.")
            if group == _IN:
                self._add(owner, kind, packet, at, length)
            at += length

    def _add(self, owner: bytes, kind: int, packet: bytes, at: int, length: int) -> None:
        if kind == _CNAME:
            self._aliases[owner], _ = _read_name(packet, at)
        elif kind in (Family.A, Family.AAAA):
            version = socket.AF_INET if kind == Family.A else socket.AF_INET6
            try:
                text = socket.inet_ntop(version, packet[at : at + length])
            except ValueError as error:
                raise Malformed("An address has the wrong length.") from error
            self._addresses.setdefault((owner, kind), []).append(text)

    def follow(self, name: bytes, family: Family) -> tuple[tuple[str, ...], list[bytes]]:
        """The addresses of `name`, at the end of its chain if it has one, and that chain; a loop has no address."""
        chain: list[bytes] = []
        while len(chain) < MAX_CNAMES:
            found = self._addresses.get((name, family))
            if found:
                return tuple(dict.fromkeys(found)), chain
            if name not in self._aliases or self._aliases[name] in chain:
                break
            name = self._aliases[name]
            chain.append(name)
        return (), chain


def _read_name(packet: bytes, at: int) -> tuple[bytes, int]:
    """The name at `at` in wire form, lower-cased, and the place after it (RFC 1035, 4.1.4)."""
    parts = bytearray()
    after = None
    floor = at
    while length := packet[at]:
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | packet[at + 1]
            after = at + 2 if after is None else after
            if target >= floor:
                raise Malformed("A pointer does not point backwards.")
            at = floor = target
            continue
        if length > 63 or len(parts) + length > 254:
            raise Malformed("A label or a name is too long.")
        parts += packet[at : at + 1 + length]
        at += 1 + length
    return bytes(parts).lower() + b"\0", at + 1 if after is None else after
