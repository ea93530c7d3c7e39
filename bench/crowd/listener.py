"""One subscriber: a protocol on a raw socket that checks the number of each event, and does little else.

Events are told from all other frames by the text `"ratePerMinute":` and the number after it, which whoever writes them
counts up by one with each; so "once, and in order" is one comparison. Frames are not parsed as JSON: that would cost
more than the delivery that is measured, and take the machine from it.
"""

import asyncio
from collections.abc import Sequence
from typing import cast

from bench.crowd import wire
from bench.crowd.orders import Payload
from bench.crowd.tally import Tally

MARK = b'"ratePerMinute":'
CURSOR = b'"cursor":"'
IDENT = len(b'{"id":"')
ACKNOWLEDGED = b'{"type":"connection_ack"}'
NEXT = b'"type":"next"'
SWITCHED = b"HTTP/1.1 101 "
END_OF_HEAD = b"\r\n\r\n"
SHOWN = 200


class Listener(asyncio.Protocol):
    """One connection; its subscriptions have the numbers from 0 on as their ids.

    Attributes:
        due: the number of the next event of each subscription.
        opened: how many frames came that are no events; a stream without a cursor opens with one.
        transport: None while there is no connection.
        let_in: whether the server has acknowledged it; `answered` is set as soon as it has, or has refused to.
        whole: set as soon as each subscription has opened.
    """

    def __init__(self, tally: Tally, handshake: bytes, init: bytes) -> None:
        self._tally = tally
        self._handshake = handshake
        self._init = init
        self._asked = b""
        self._rest = b""
        self._ending = b""
        self._switched = False
        self.let_in = False
        self.answered = asyncio.Event()
        self.due: list[int] = []
        self.opened = 0
        self.whole = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    def __repr__(self) -> str:
        return f"<Listener, {self.opened} opened, next {self.due[:5]}>"

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
        """Ask for a WebSocket."""
        self.transport = cast("asyncio.Transport", transport)
        self.answered.clear()
        self.transport.write(self._handshake)
        self._tally.connected()

    def connection_lost(self, _error: Exception | None) -> None:
        """Be ready for another one."""
        self.transport = None
        refused, ending = not self.let_in, self._ending
        self._rest, self._ending, self._switched, self.let_in = b"", b"", False, False
        self.answered.set()
        code, reason = int.from_bytes(ending[:2], "big"), ending[2:].decode()
        self._tally.disconnected(f"{self!r} has lost its connection: {code} {reason}", refused=refused)

    def data_received(self, data: bytes) -> None:
        """Take all frames that are whole."""
        if self._rest:
            data = self._rest + data
        if not self._switched:
            head, end, after = data.partition(END_OF_HEAD)
            if not end:
                self._rest = data
                return
            self._switch(head)
            data = after
        self._rest = data[self._frames(data) :]
        if self._tally.delivered >= self._tally.awaited:
            self._tally.arrived.set()

    def _switch(self, head: bytes) -> None:
        self._switched = True
        if not head.startswith(SWITCHED):
            self._tally.fault(f"No WebSocket: {head[:SHOWN]!r}")
        elif not self._init:
            # It hears nothing and says nothing: who has come is there.
            self._enter()
            self.whole.set()
        elif self.transport is not None:
            self.transport.write(self._init)

    def _enter(self) -> None:
        self.let_in = True
        self.answered.set()
        asked, self._asked = self._asked, b""
        self.ask(asked)

    def _frames(self, data: bytes) -> int:
        """Take all frames that are whole; gives where the rest begins."""
        begin, end = 0, len(data)
        while end - begin >= 2:
            size, start = data[begin + 1], begin + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                size = int.from_bytes(data[begin + 2 : start], "big")
            if start + size > end:
                break
            if data[begin] == wire.TEXT:
                self._text(data, start, start + size)
            else:
                self._control(data[begin], data[start : start + size])
            begin = start + size
        return begin

    def _text(self, data: bytes, begin: int, end: int) -> None:
        at = data.find(MARK, begin, end)
        if at < 0:
            self._other(data[begin:end])
            return
        number = int(float(data[at + len(MARK) : data.index(b",", at)]))
        place = 0
        if len(self.due) > 1:
            place = int(data[begin + IDENT : data.index(b'"', begin + IDENT)])
        if number != self.due[place]:
            self._tally.fault(f"Event {number} came where {self.due[place]} was due.")
        else:
            self.due[place] = number + 1
            self._tally.delivered += 1
            if self._tally.cursors is not None:
                self._keep(self._tally.cursors, number, data, begin)

    @staticmethod
    def _keep(cursors: dict[int, str], number: int, data: bytes, begin: int) -> None:
        if number not in cursors:
            at = data.index(CURSOR, begin) + len(CURSOR)
            cursors[number] = data[at : data.index(b'"', at)].decode()

    def _other(self, text: bytes) -> None:
        if text == ACKNOWLEDGED:
            self._enter()
        elif NEXT in text and self.opened < len(self.due):
            self.opened += 1
            if self.opened == len(self.due):
                self.whole.set()
        else:
            self._tally.fault(f"{self!r} was told: {text[:SHOWN]!r}")

    def _control(self, first: int, payload: bytes) -> None:
        if first == wire.PING and self.transport is not None:
            self.transport.write(wire.frame(wire.PONG, payload))
        elif first == wire.CLOSE and self.transport is not None:
            self._ending = payload
            self.transport.close()
