"""All subscribers of a load, and what each has had: every event once and in order, or the run does not count.

An event has its number in its payload. The same payload comes thousands of times, so its number is found once and
remembered, and every delivery is held against the number that its subscription waits for. A subscription begins with
the first event that it gets. So the first are published until all have begun (`begin`), and from then on all are due.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any
from uuid import uuid4

from bench.fanout.listener import Listener

NUMBER = re.compile(rb'"ratePerMinute": ?(\d+)')
AT_ONCE = 20
REMEMBERED = 4096
TOLD = 5
"""How many faults are told; one that befalls all is told by each."""
BEGIN_SECONDS = 60.0
LOOK_SECONDS = 0.5

Publish = Callable[[int, int], Awaitable[float]]
"""Has events published: the number of the first, and how many at once; gives when, in seconds since 1970."""


@dataclass(frozen=True)
class Place:
    """Where subscribers go.

    Attributes:
        port: of the server, on loopback.
        path: of the schema.
        document: the subscription.
        variables: of it.
        token: whose it is; none for a server that asks for none.
        speaks: whether the server understands graphql-transport-ws; else it is told in the path how many subscriptions
            there are, and sends at once.
        ids: of the subscriptions of each connection, for a server that is not told them.
        snapshots: whether a subscription opens with a frame that is no event.
        multiplexes: whether a connection may have more subscriptions than one.
    """

    port: int
    path: str = "/graphql"
    document: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    speaks: bool = True
    ids: Callable[[int], Sequence[str]] = lambda count: [str(uuid4()) for _ in range(count)]
    snapshots: bool = False
    multiplexes: bool = True


class Unsound(Exception):
    """Something was lost, repeated or reordered, or a connection has ended."""


class Audience:
    """So many connections with so many subscriptions each.

    Args:
        place: where they go.
        connections: how many.
        subscriptions: on each.
        timed: whether the number and the time of each delivery are kept, in `times`.
    """

    def __init__(
        self, place: Place, connections: int, subscriptions: int = 1, *, timed: bool = False
    ) -> None:
        self.size = connections * subscriptions
        self.times: list[tuple[int, float]] = []
        self._place = place
        self._connections = connections
        self._each = subscriptions
        self._timed = timed
        self._listeners: list[Listener] = []
        self._numbers: dict[bytes, int] = {}
        self._start = self._stop = 0
        self._opened = self._begun = 0
        self._last = -1
        self._left = 0
        self._faults: list[str] = []
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Audience of {self._connections} × {self._each}, {len(self._faults)} faults>"

    @asynccontextmanager
    async def present(self, seconds: float = BEGIN_SECONDS) -> AsyncIterator[None]:
        """Let them all come and subscribe, and leave at the end of the block.

        Args:
            seconds: how long that may take.

        Raises:
            Unsound: somebody was refused.
            TimeoutError: somebody was not answered.
        """
        loop = asyncio.get_running_loop()
        try:
            waiting = iter(range(self._connections))
            while some := list(islice(waiting, AT_ONCE)):
                port = self._place.port
                await asyncio.gather(
                    *(loop.create_connection(self._listener, "127.0.0.1", port) for _ in some)
                )
                await self._until(partial(self._are_here, some[-1] + 1), seconds)
            yield
        finally:
            for listener in self._listeners:
                listener.close()

    async def begin(self, numbers: Iterator[int], publish: Publish, seconds: float = BEGIN_SECONDS) -> None:
        """Have events published until everybody has had one, and the last of them, too.

        Args:
            numbers: of the events, in turn.
            publish: has one published.
            seconds: how long it may take.

        Raises:
            Unsound: somebody never had one.
        """
        deadline = time.monotonic() + seconds
        while self._begun < self.size:
            if time.monotonic() > deadline:
                raise Unsound(f"{self.size - self._begun} of {self.size} subscriptions never began.")
            await publish(next(numbers), 1)
            with suppress(TimeoutError):
                await self._until(lambda: self._begun == self.size, LOOK_SECONDS)
        number = next(numbers)
        async with self.expecting(number):
            await publish(number, 1)

    @asynccontextmanager
    async def expecting(self, last: int, seconds: float = BEGIN_SECONDS) -> AsyncIterator[None]:
        """Everybody has had all events up to the one of this number, which is yet to come, when the block ends.

        Raises:
            Unsound: something was lost, repeated or reordered, or a connection has ended.
        """
        self._last, self._left = last, self.size
        yield
        try:
            await self._until(lambda: self._left == 0, seconds)
        except TimeoutError as error:
            raise Unsound(f"{self._left} of {self.size} lack event {last} after {seconds:g} s.") from error

    def check(self) -> None:
        """Look whether all is well.

        Raises:
            Unsound: something was lost, repeated or reordered, or a connection has ended.
        """
        if self._faults:
            raise Unsound(f"{len(self._faults)} faults: {' '.join(self._faults[:TOLD])}")

    async def _until(self, holds: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                self.check()
                await self._changed.wait()
                self._changed.clear()
        self.check()

    def _are_here(self, connections: int) -> bool:
        return self._opened >= connections * self._each

    def _listener(self) -> Listener:
        ids = [each.encode() for each in self._place.ids(self._each)]
        path = self._place.path if self._place.speaks else f"{self._place.path}?subscriptions={self._each}"
        listener = Listener(path, self._open, self._hear, self._fault)
        listener.subscriptions = dict.fromkeys(ids)
        self._listeners.append(listener)
        return listener

    def _fault(self, text: str) -> None:
        self._faults.append(text)
        self._changed.set()

    def _open(self, listener: Listener) -> None:
        if self._place.speaks:
            payload = {"Authorization": f"Bearer {self._place.token}"} if self._place.token else {}
            listener.send(encoded({"type": "connection_init", "payload": payload}))
        else:
            self._are_open(self._each)

    def _are_open(self, count: int) -> None:
        self._opened += count
        self._changed.set()

    def _hear(self, listener: Listener, text: bytes) -> None:
        number = self._numbers.get(text[self._stop :])
        if number is None and (number := self._look(listener, text)) is None:
            return
        ident = text[self._start : self._stop]
        due = listener.subscriptions.get(ident, -1)
        if number != due:
            self._take_other(ident, number, due)
        listener.subscriptions[ident] = number + 1
        if self._timed:
            self.times.append((number, time.time()))
        if number == self._last:
            self._left -= 1
            if not self._left:
                self._changed.set()

    def _take_other(self, ident: bytes, number: int, due: int | None) -> None:
        """One that is not the next is the first, or a fault."""
        if due is None:
            self._begun += 1
            if self._begun == self.size:
                self._changed.set()
        elif due == -1:
            self._fault(f"Nobody asked for {ident!r}.")
        else:
            kind = "repeated or reordered" if number < due else "lost or reordered"
            self._fault(f"Number {number} came where {due} was due: something was {kind}.")

    def _look(self, listener: Listener, text: bytes) -> int | None:
        """Read a text that was not seen before; gives the number of the event that it tells, if it tells one."""
        message = json.loads(text)
        match message["type"]:
            case "next" if "errors" not in message["payload"]:
                return self._number(message["id"].encode(), text)
            case "connection_ack":
                self._subscribe(listener)
            case "ping":
                listener.send(encoded({"type": "pong"}))
            case _:
                self._fault(f"This was not expected: {text[:300]!r}.")
        return None

    def _number(self, ident: bytes, text: bytes) -> int | None:
        # The ids of one server's messages all stand at one place, and are of one length.
        self._start = text.index(ident)
        self._stop = self._start + len(ident)
        found = NUMBER.search(text)
        if found is None:
            self._are_open(1)
            return None
        if len(self._numbers) >= REMEMBERED:
            self._numbers.clear()
        number = self._numbers[text[self._stop :]] = int(found[1])
        return number

    def _subscribe(self, listener: Listener) -> None:
        payload = {"query": self._place.document, "variables": self._place.variables}
        listener.send(
            *(
                encoded({"id": ident.decode(), "type": "subscribe", "payload": payload})
                for ident in listener.subscriptions
            )
        )
        if not self._place.snapshots:
            self._are_open(self._each)


def encoded(message: Mapping[str, Any]) -> bytes:
    """A message as its bytes."""
    return json.dumps(message, separators=(",", ":")).encode()
