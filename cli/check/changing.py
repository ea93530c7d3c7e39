"""Changes of our own thing, one after the other, and those who follow them meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

from cli.check.check import expect
from cli.check.following import Frame, Subscription
from cli.check.site import Site
from cli.remote.server import Json

ARRIVAL_SECONDS = 15.0
RESET = "StreamReset"


class Changed(NamedTuple):
    """The cursor of a change, and when it was asked for, by the loop's clock."""

    cursor: str
    asked: float


class Changes:
    """So many changes and a last one of another kind, so that nothing can come unseen behind those that are judged."""

    def __init__(self, site: Site, count: int, rate: float | None = None, padding: str = "") -> None:
        self._thing = site.own
        self._count = count
        self._pause = 0.0 if rate is None else 1 / rate
        self._padding = padding
        self.made: list[Changed] = []
        self.is_half_made = asyncio.Event()

    @property
    def cursors(self) -> list[str]:
        """In the order in which they were made."""
        return [each.cursor for each in self.made]

    async def make(self) -> None:
        """Make all of them, at most so many a second."""
        clock = asyncio.get_running_loop()
        begun = clock.time()
        for number in range(self._count):
            await asyncio.sleep(begun + number * self._pause - clock.time())
            asked = clock.time()
            self.made.append(Changed(await self._thing.change(self._padding), asked))
            if 2 * len(self.made) >= self._count:
                self.is_half_made.set()
        asked = clock.time()
        self.made.append(Changed(await self._thing.change_last(), asked))


async def follow(subscription: Subscription, frames: list[Frame], most: int | None = None) -> bool:
    """Take frames into a list, up to the last change or so many; gives whether there is more to come.

    What does not come in time is missing, as will be judged.

    Raises:
        Failed: the stream begins anew.
    """
    taken = 0
    while taken != most:
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                frame = await subscription.next()
        except TimeoutError:
            return False
        expect(frame.data["__typename"] != RESET, f"the stream began anew: {frame.data.get('reason')}")
        frames.append(frame)
        taken += 1
        if _is_last(frame.data):
            return False
    return True


def _is_last(data: Json) -> bool:
    told = data.get("activity", {}).get("detail", data)
    return bool(told.get("changed") == ["rules"])


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Do all of this at once; the first failure ends the rest, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
