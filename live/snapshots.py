"""The snapshots of one group: what a member opens with, and what it is told when the log cannot continue it.

A snapshot that is read after a member has asked is right for it. So members that wait for the same kind share one: it
is taken for all who had asked before it was begun, and whoever asks later waits for the next. Over all groups only so
many are taken at once, for a process that was started anew is asked for thousands in the same second.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any

from live.commons import Commons
from live.failures import explain
from live.member import Chunk, Member
from live.operations import Frame, Stream
from live.outages import through_outages
from live.window import Due

Start = Callable[[Coroutine[Any, Any, None], str], None]
"""Runs work as a task of the group, under a name."""

Snapshot = Callable[[Member], Awaitable[Frame]]
"""Takes one, for a member and all others who wait for the same kind."""


class Snapshots:
    """Takes them, of the log that the group and the hub are at when they are there.

    `era` is that of the group: nothing is handed to a member before the group has gone over to the hub's era.
    """

    def __init__(self, stream: Stream, commons: Commons, start: Start) -> None:
        self.era = commons.hub.era
        self._stream = stream
        self._commons = commons
        self._start = start
        self._anew = asyncio.Event()
        self._waiting: dict[Hashable, list[Member]] = {}

    def __repr__(self) -> str:
        waiting = sum(len(members) for members in self._waiting.values())
        return f"<Snapshots of {self._stream.field}, {waiting} wait>"

    def come_over(self) -> None:
        """The group has gone over to the hub's era."""
        self.era = self._commons.hub.era
        self._anew.set()
        self._anew = asyncio.Event()

    def open(self, member: Member) -> None:
        """Bring the first frame. Members that begin with the same words share it."""

        def opened(first: Member) -> Awaitable[Frame]:
            return first.stream.open()

        self._ask(("open", member.stream.opening), opened, member)

    def reset(self, member: Member, era: int | None) -> None:
        """Bring a reset; `era` is that in which the log had lapsed where the member was, None if it was replaced."""

        def reset(_first: Member) -> Awaitable[Frame]:
            return self._stream.reset(replaced=era != self._commons.hub.era)

        self._ask(("reset", era), reset, member)

    def _ask(self, kind: tuple[str, Hashable], snapshot: Snapshot, member: Member) -> None:
        if kind in self._waiting:
            self._waiting[kind].append(member)
        else:
            self._waiting[kind] = [member]
            self._start(self._take_all(kind, snapshot), kind[0])

    async def _take_all(self, kind: tuple[str, Hashable], snapshot: Snapshot) -> None:
        """One after the other, until nobody waits for this kind any more."""
        while self._waiting[kind]:
            await self._take_one(kind, snapshot)
        del self._waiting[kind]

    async def _take_one(self, kind: tuple[str, Hashable], snapshot: Snapshot) -> None:
        name, waiting, served = kind[0], self._waiting[kind], list[Member]()
        chunk, failure = None, None

        async def take() -> Chunk:
            return await self._in_one_era(waiting, served, snapshot)

        try:
            chunk = await through_outages(take, self._stream.field, self._commons.limits.retry_seconds)
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends only who waited for it.
            failure = explain(error, f"{name} of {self._stream.field}")
        if name == "reset" and chunk is not None:
            self._commons.meter.reset(self._stream.field)
        for member in served:
            member.receive(chunk, failure)

    async def _in_one_era(self, waiting: list[Member], served: list[Member], snapshot: Snapshot) -> Chunk:
        while True:
            await self._present()
            # Only now: who waits for the group to come over must not keep others from their snapshots.
            async with self._commons.opening:
                era = self._commons.hub.era
                served += waiting
                waiting.clear()
                frame = await snapshot(served[0])
            if era == self.era == self._commons.hub.era:
                return Chunk((Due(frame),), frame.position)

    async def _present(self) -> None:
        """Wait until the group is in the hub's era."""
        while self.era != self._commons.hub.era:
            await self._anew.wait()
