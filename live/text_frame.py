"""A text frame of the WebSocket protocol as servers send it: not masked, in one piece (RFC 6455, section 5.2).

aiohttp would do the same for one message at a time; here the bytes of many are one write, and those that several
sockets get are made once.
"""

_TEXT = 0x81
_SHORT = tuple(bytes((_TEXT, size)) for size in range(126))


def header(size: int) -> bytes:
    """What stands before a text of so many bytes."""
    if size < len(_SHORT):
        return _SHORT[size]
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big")
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big")


def framed(text: bytes) -> bytes:
    """A text in its frame."""
    return header(len(text)) + text
