"""One subscriber: a connection that checks the number of each event, and does little else.

Events are told from all other frames by the text `"ratePerMinute":` and the number after it, which whoever writes them
counts up by one with each; so "once, and in order" is one comparison. Frames are not parsed as JSON: that would cost
more than the delivery that is measured, and take the machine from it.
"""

import asyncio
from collections.abc import Sequence

from bench.crowd import wire
from bench.crowd.orders import Payload
from bench.crowd.tally import Tally
from bench.websocket import SHOWN, WebSocket

MARK = b'"ratePerMinute":'
CURSOR = b'"cursor":"'
IDENT = len(b'{"id":"')
ACKNOWLEDGED = b'{"type":"connection_ack"}'
NEXT = b'"type":"next"'


class Listener(WebSocket):
    """One connection; its subscriptions have the numbers from 0 on as their ids.

    Attributes:
        due: the number of the next event of each subscription.
        begun: how many frames came that are no events; a stream without a cursor opens with one.
        let_in: whether the server has acknowledged it; `answered` is set as soon as it has, or has refused to.
        whole: set as soon as each subscription has opened.
    """

    def __init__(self, tally: Tally, path: str, init: bytes) -> None:
        super().__init__(path)
        self._tally = tally
        self._init = init
        self._asked = b""
        self._ending = ""
        self.let_in = False
        self.answered = asyncio.Event()
        self.due: list[int] = []
        self.begun = 0
        self.whole = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Listener, {self.begun} opened, next {self.due[:5]}>"

    def follow(self, payloads: Sequence[Payload], first: int) -> None:
        """Subscribe to so many streams more, whose next event has the number `first`."""
        begin = len(self.due)
        self.due += [first] * len(payloads)
        if self._init:
            self.whole.clear()
        self.ask(b"".join(wire.subscribe(place, each) for place, each in enumerate(payloads, begin)))

    def ask(self, frames: bytes) -> None:
        """Write now, or as soon as the server has let us in."""
        if self.let_in and self.transport is not None:
            self.transport.write(frames)
        else:
            self._asked += frames

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a connection."""
        self.answered.clear()
        super().connection_made(transport)
        self._tally.connected()

    def connection_lost(self, _error: Exception | None) -> None:
        """Be ready for another one."""
        self.transport = None
        refused, ending = not self.let_in, self._ending
        self._ending, self.let_in = "", False
        self.answered.set()
        self._tally.disconnected(f"{self!r} has lost its connection: {ending}", refused=refused)

    def data_received(self, data: bytes) -> None:
        """Take all frames that are there in whole."""
        super().data_received(data)
        if self._tally.delivered >= self._tally.awaited:
            self._tally.arrived.set()

    def opened(self) -> None:
        """Say who it is."""
        if self._init:
            self._write(self._init)
        else:
            # It hears nothing and says nothing: who has come is there.
            self._enter()
            self.whole.set()

    def closing(self, code: int, reason: str) -> None:
        """Take leave."""
        self._ending = f"{code} {reason}"
        if self.transport is not None:
            self.transport.close()

    def failed(self, reason: str) -> None:
        """Tell of it."""
        self._tally.fault(reason)

    def _enter(self) -> None:
        self.let_in = True
        self.answered.set()
        asked, self._asked = self._asked, b""
        self.ask(asked)

    def heard(self, data: bytes, start: int, stop: int) -> None:
        """Check what came."""
        at = data.find(MARK, start, stop)
        if at < 0:
            self._other(data[start:stop])
            return
        number = int(float(data[at + len(MARK) : data.index(b",", at)]))
        place = 0
        if len(self.due) > 1:
            place = int(data[start + IDENT : data.index(b'"', start + IDENT)])
        if number != self.due[place]:
            self._tally.fault(f"Event {number} came where {self.due[place]} was due.")
        else:
            self.due[place] = number + 1
            self._tally.delivered += 1
            if self._tally.cursors is not None:
                self._keep(self._tally.cursors, number, data, start)

    @staticmethod
    def _keep(cursors: dict[int, str], number: int, data: bytes, start: int) -> None:
        if number not in cursors:
            at = data.index(CURSOR, start) + len(CURSOR)
            cursors[number] = data[at : data.index(b'"', at)].decode()

    def _other(self, text: bytes) -> None:
        if text == ACKNOWLEDGED:
            self._enter()
        elif NEXT in text and self.begun < len(self.due):
            self.begun += 1
            if self.begun == len(self.due):
                self.whole.set()
        else:
            self._tally.fault(f"{self!r} was told: {text[:SHOWN]!r}")
