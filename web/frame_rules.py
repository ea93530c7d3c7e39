"""The rules of RFC 6455 for what a client sends, without input or output: bytes go in, the first breach comes out.

Nothing is kept but the head of a frame that is not there in whole, and a close frame's payload: what the frames hold
is for others to assemble. Section numbers are those of RFC 6455.
"""

from typing import NamedTuple

from live import close_codes
from live.close_codes import CloseCode

FIN = MASKED = 0x80
RESERVED = 0x70
OPCODE = 0x0F
CONTINUATION, CLOSE = 0x0, 0x8
DATA = frozenset({CONTINUATION, 0x1, 0x2})
CONTROL = frozenset({CLOSE, 0x9, 0xA})
CONTROL_BYTES = 125
EXTENDED_BYTES = {126: 2, 127: 8}
SHORTEST = {126: 126, 127: 1 << 16}
MASK_BYTES = 4
SENT_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Section 7.4: 1004 to 1006 and 1015 stand in no frame, and what else is below 3000, or above 4999, is not defined."""


class Breach(NamedTuple):
    """What to close the socket with, and why, for the client's developer to read."""

    code: CloseCode
    reason: str


class Judgement(NamedTuple):
    """What was found in some bytes.

    Attributes:
        sound: how many of them, from the first on, are of frames that are in order.
        completed: whether a message, or a control frame between messages, was completed.
        breach: what came after those that are sound.
    """

    sound: int
    completed: bool
    breach: Breach | None = None


class _Broken(Exception):
    def __init__(self, code: CloseCode, reason: str) -> None:
        self.breach = Breach(code, reason)


class FrameRules:
    """Where a client's side of a connection stands; `max_bytes` is how long a message may be."""

    __slots__ = ("_close", "_first", "_head", "_in_message", "_left", "_mask", "_max_bytes", "_size")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._head = b""
        self._first = 0
        self._mask = b""
        self._left = 0
        self._close = b""
        self._in_message = False
        self._size = 0

    def __repr__(self) -> str:
        return f"<FrameRules {'under way' if self.is_under_way else 'waiting'}>"

    @property
    def is_under_way(self) -> bool:
        """Whether a frame, or a message of several frames, has begun and is not there in whole."""
        return self._in_message or self._is_within

    @property
    def _is_within(self) -> bool:
        return bool(self._head) or self._left > 0

    def judge(self, data: bytes) -> Judgement:
        """Take the next bytes. After a breach nothing more is to be asked."""
        place = sound = 0
        completed = False
        try:
            while place < len(data):
                place = self._take_payload(data, place) if self._left else self._take_head(data, place)
                if not self._is_within:
                    self._end_frame()
                    sound = place
                    completed = completed or not self._in_message
        except _Broken as broken:
            return Judgement(sound, completed, broken.breach)
        return Judgement(len(data), completed)

    def _take_head(self, data: bytes, place: int) -> int:
        """Take some of a frame's head; once it is there in whole, its payload is next."""
        taken = data[place : place + _head_bytes(self._head) - len(self._head)]
        self._head += taken
        if len(self._head) == 2:
            self._check_first(*self._head)
        elif len(self._head) == _head_bytes(self._head):
            self._begin_frame()
        return place + len(taken)

    def _take_payload(self, data: bytes, place: int) -> int:
        stop = min(place + self._left, len(data))
        if self._opcode == CLOSE:
            self._close += data[place:stop]
        self._left -= stop - place
        return stop

    @property
    def _opcode(self) -> int:
        return self._first & OPCODE

    def _check_first(self, first: int, second: int) -> None:
        """Sections 5.2, 5.4 and 5.5, as far as the first two bytes tell."""
        self._first = first
        if first & RESERVED:
            raise _Broken(close_codes.PROTOCOL_ERROR, "A reserved bit is set, and no extension was agreed on")
        if not second & MASKED:
            raise _Broken(close_codes.PROTOCOL_ERROR, "A client must mask its frames")
        if self._opcode in DATA:
            self._check_order()
        elif self._opcode in CONTROL:
            _check_control(first, second)
        else:
            raise _Broken(close_codes.PROTOCOL_ERROR, f"Opcode {self._opcode:#x} is not defined")

    def _check_order(self) -> None:
        """Section 5.4: fragments of two messages are not mixed."""
        if self._opcode == CONTINUATION and not self._in_message:
            raise _Broken(close_codes.PROTOCOL_ERROR, "A continuation continues nothing")
        if self._opcode != CONTINUATION and self._in_message:
            raise _Broken(close_codes.PROTOCOL_ERROR, "A message begins before the one before it has ended")

    def _begin_frame(self) -> None:
        """The head is there in whole."""
        short = self._head[1] & ~MASKED
        extended = self._head[2:-MASK_BYTES]
        self._left = int.from_bytes(extended, "big") if extended else short
        self._mask, self._head, self._close = self._head[-MASK_BYTES:], b"", b""
        if extended and self._left < SHORTEST[short]:
            raise _Broken(close_codes.PROTOCOL_ERROR, "A length is written with more bytes than it needs")
        if self._left >> 63:
            raise _Broken(close_codes.PROTOCOL_ERROR, "The highest bit of a length is set")
        if self._opcode in DATA:
            self._size += self._left
            if self._size > self._max_bytes:
                raise _Broken(
                    close_codes.TOO_BIG, f"A message must not exceed {self._max_bytes} bytes (messageBytes)"
                )

    def _end_frame(self) -> None:
        if self._opcode == CLOSE:
            _check_close(bytes(byte ^ self._mask[place % 4] for place, byte in enumerate(self._close)))
        elif self._opcode in DATA:
            self._in_message = not self._first & FIN
            self._size = self._size if self._in_message else 0


def _head_bytes(head: bytes) -> int:
    """How long a head is that begins like this, as far as that can be known."""
    return 2 + EXTENDED_BYTES.get(head[1] & ~MASKED, 0) + MASK_BYTES if len(head) >= 2 else 2


def _check_control(first: int, second: int) -> None:
    """Section 5.5."""
    if not first & FIN:
        raise _Broken(close_codes.PROTOCOL_ERROR, "A control frame must not be fragmented")
    if second & ~MASKED > CONTROL_BYTES:
        raise _Broken(close_codes.PROTOCOL_ERROR, f"A control frame has at most {CONTROL_BYTES} bytes")


def _check_close(payload: bytes) -> None:
    """Sections 5.5.1 and 7.4."""
    if not payload:
        return
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in SENT_CODES:
        raise _Broken(close_codes.PROTOCOL_ERROR, "A close frame has no code, or one that is never sent")
    try:
        payload[2:].decode()
    except UnicodeDecodeError as error:
        raise _Broken(close_codes.INVALID_TEXT, "The reason of a close frame is not UTF-8") from error
