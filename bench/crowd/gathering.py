"""All subscribers of one process, and what they are told to do."""

import asyncio
import random
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bench.crowd import wire
from bench.crowd.listener import Listener
from bench.crowd.orders import Follow, Heard, Join, Leave, Order, Payload, Resume, Until
from bench.crowd.tally import NOBODY_WAITS, Tally

SECONDS = 200.0
"""How long anything may take."""
AT_ONCE = 20
"""How many connections, or subscriptions, are opened at the same time: nobody's backlog is tried here."""
AGAIN_SECONDS = 1.3, 4.0
"""After how long who was refused comes again: as the official client does for the first time."""
PORTS = 20_000
"""How many connections begin at one address of loopback, which has not many more ports."""


class Gathering:
    """The subscribers of a server; without a token it is one that speaks no GraphQL, and tells whoever comes."""

    def __init__(self, url: str, token: str, seconds: float = SECONDS) -> None:
        self._url = url
        self._init = wire.init(token) if token else b""
        self._seconds = seconds
        self._tally = Tally()
        self._listeners: list[Listener] = []
        self._opening = asyncio.Semaphore(AT_ONCE)

    def __repr__(self) -> str:
        return f"<Gathering of {len(self._listeners)}>"

    async def obey(self, order: Order) -> Heard:
        """Carry out an order, unless something goes wrong first."""
        work = asyncio.ensure_future(self._carry_out(order))
        broken = asyncio.ensure_future(self._tally.broken.wait())
        done, _ = await asyncio.wait(
            {work, broken}, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
        )
        broken.cancel()
        if not done:
            self._tally.fault(f"{type(order).__name__} took too long: {self._state()}")
        if self._tally.broken.is_set():
            work.cancel()
        else:
            work.result()
        return Heard(
            self._tally.delivered,
            self._tally.faults,
            self._tally.texts,
            self._tally.refusals,
            time.monotonic(),
        )

    def _state(self) -> str:
        """How far everybody is, and one of those who are behind all others."""
        counts = {
            "connected": sum(each.transport is not None for each in self._listeners),
            "let in": sum(each.let_in for each in self._listeners),
            "opened": sum(each.whole.is_set() for each in self._listeners),
        }
        last = min(self._listeners, key=lambda each: (each.let_in, each.begun, min(each.due, default=0)))
        return f"of {len(self._listeners)} {counts}, the last is {last!r}"

    async def _carry_out(self, order: Order) -> None:
        match order:
            case Join():
                await self._join(order)
            case Follow():
                await self._follow(order)
            case Until():
                await self._until(order.number)
            case Leave():
                self._leave(order.spread)
            case Resume():
                await self._resume(order)

    async def _join(self, order: Join) -> None:
        self._opening = asyncio.Semaphore(max(1, AT_ONCE // len(order.streams[0])))
        async with asyncio.TaskGroup() as tasks:
            for number in range(len(self._listeners), order.connections):
                self._listeners.append(Listener(self._tally, self._path, self._init))
                streams = order.streams[number % len(order.streams)]
                tasks.create_task(self._begin(number, streams, order.first))

    async def _begin(self, number: int, streams: Sequence[Payload], first: int) -> None:
        listener = self._listeners[number]
        async with self._opening:
            await self._connect(number)
            listener.follow(streams, first)
            await listener.whole.wait()

    @property
    def _path(self) -> str:
        parts = urlsplit(self._url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    async def _connect(self, number: int) -> None:
        parts, source = urlsplit(self._url), f"127.0.0.{1 + number // PORTS}"
        assert parts.hostname is not None
        assert parts.port is not None
        await asyncio.get_running_loop().create_connection(
            lambda: self._listeners[number], parts.hostname, parts.port, local_addr=(source, 0)
        )

    async def _follow(self, order: Follow) -> None:
        for listener in self._listeners:
            async with self._opening:
                listener.follow(order.streams, order.first)
                await listener.whole.wait()

    async def _until(self, number: int) -> None:
        tally = self._tally
        owed = sum(max(0, number + 1 - due) for listener in self._listeners for due in listener.due)
        if owed:
            tally.arrived.clear()
            tally.awaited = tally.delivered + owed
            await tally.arrived.wait()
            tally.awaited = NOBODY_WAITS

    def _leave(self, spread: int) -> None:
        self._tally.leaving = True
        self._tally.gone.clear()
        for number, listener in enumerate(self._listeners):
            listener.due = [due - number % spread for due in listener.due]

    async def _resume(self, order: Resume) -> None:
        await self._tally.gone.wait()
        self._opening = asyncio.Semaphore(AT_ONCE)
        self._tally.leaving, self._tally.returning = False, True
        self._url = order.url
        async with asyncio.TaskGroup() as tasks:
            for number, listener in enumerate(self._listeners):
                for place, payload in enumerate(order.streams[number % len(order.streams)]):
                    after = {"after": self._tally.cursors[listener.due[place] - 1]}
                    variables = {**payload.get("variables", {}), **after}
                    listener.ask(wire.subscribe(place, {**payload, "variables": variables}))
                tasks.create_task(self._come_back(number))

    async def _come_back(self, number: int) -> None:
        listener = self._listeners[number]
        while not listener.let_in:
            try:
                async with self._opening:
                    await self._connect(number)
            except OSError:
                # Nobody has accepted it in a minute or more.
                self._tally.refusals += 1
            else:
                await listener.answered.wait()
            if not listener.let_in:
                await asyncio.sleep(random.uniform(*AGAIN_SECONDS))
