"""Every byte of a WebSocket's client on its way to aiohttp: judged first, and timed.

aiohttp's reader lets pass what RFC 6455 forbids: frames that are not masked, lengths that are longer than they need be,
a message within one that began empty, close codes that are never sent. What it does refuse it closes so fast that a
client that is still sending gets a reset in place of the close frame. And it waits for the rest of a message for
ever. So here it only assembles. Invariants:

* aiohttp's reader gets nothing that breaks a rule, and so does not fail by itself.
* After a breach nothing is read any more, not even the client's own close frame (RFC 6455, section 7.1.7).
* The clock runs exactly while something has begun and is not there in whole. It bounds the whole message, not the wait
  for its next byte: who sends a byte now and then shall not keep a connection with it.
"""

import asyncio
from typing import Protocol

from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.http import WSMessage, WSMsgType

from live import close_codes
from web.frame_rules import Breach, FrameRules


class Listener(Protocol):
    """Who takes the messages."""

    @property
    def listening(self) -> bool:
        """Whether the next one is awaited at this moment."""

    def hear(self) -> None:
        """Some of a message has come, which is a sign of life."""


class StrictFrames:
    """Stands before aiohttp's reader. A breach is a message of type ERROR in the queue, behind what was sound.

    Args:
        queue: where messages go.
        max_bytes: how long one may be.
        seconds: how long it may take to arrive, once it has begun.
    """

    __slots__ = ("_clock", "_is_deaf", "_queue", "_reader", "_rules", "_seconds", "listener")

    def __init__(self, queue: WebSocketDataQueue, max_bytes: int, seconds: float) -> None:
        # To its reader a message that is as long as its limit is too long.
        self._reader = WebSocketReader(queue, max_bytes + 1, compress=False, decode_text=False)
        self._queue = queue
        self._rules = FrameRules(max_bytes)
        self._seconds = seconds
        self._clock: asyncio.TimerHandle | None = None
        self._is_deaf = False
        self.listener: Listener | None = None

    def __repr__(self) -> str:
        return f"<StrictFrames {'deaf' if self._is_deaf else self._rules}>"

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes from the connection; the answer tells aiohttp to go on."""
        if not self._is_deaf:
            self._take(data)
        return False, b""

    def feed_eof(self) -> None:
        """The connection is gone."""
        self._stop_clock()
        self._reader.feed_eof()

    def turn_deaf(self) -> None:
        """Take no notice of what comes from now on."""
        self._is_deaf = True
        self._stop_clock()

    def _take(self, data: bytes) -> None:
        found = self._rules.judge(data)
        self._reader.feed_data(data[: found.sound])
        if found.breach is not None:
            self._refuse(found.breach)
        elif not self._rules.is_under_way:
            self._stop_clock()
        else:
            self._wait_for_more(anew=found.completed)

    def _wait_for_more(self, *, anew: bool) -> None:
        if self.listener is not None:
            self.listener.hear()
        if anew or self._clock is None:
            self._start_clock()

    def _start_clock(self) -> None:
        self._stop_clock()
        self._clock = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _ring(self) -> None:
        # While nobody waits for its messages a client is not read from, which is no fault of its own.
        if self.listener is None or not self.listener.listening:
            self._start_clock()
            return
        reason = f"A message was not there in whole {self._seconds:g} seconds after it had begun"
        self._refuse(Breach(close_codes.UNFINISHED, reason))

    def _refuse(self, breach: Breach) -> None:
        self.turn_deaf()
        self._queue.feed_data(WSMessage(WSMsgType.ERROR, breach, ""), 0)
