"""What many ask for at the same moment, found out once for all of them.

One asking is under way at a time. Whoever comes meanwhile waits for the next one, which answers everybody who has come
by then. So each is answered by what was found out after they asked, as if nobody else had asked; and the more come at
once, the less each costs. Nobody has a task of their own for it: one of those who wait does the asking for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

from core.errors import Unavailable

K = TypeVar("K")
V = TypeVar("V")


class _Asked(Generic[K, V]):
    """One who asks. `called` is True when it is their turn to ask for all, and False when they have an answer."""

    __slots__ = ("answer", "called", "key")

    def __init__(self, key: K, called: asyncio.Future[bool]) -> None:
        self.key = key
        self.called = called
        self.answer: V | Exception | None = None


class Together(Generic[K, V]):
    """Answers questions many at a time.

    `ask` gives an answer for each key, in their order; one that is an exception is raised for who has asked that. What
    it raises itself is raised for all of them; an outage for those too who have come since, for they would ask into it.
    """

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Sequence[V | Exception]]]) -> None:
        self._ask = ask
        self._waiting: list[_Asked[K, V]] = []
        self._is_under_way = False

    def __repr__(self) -> str:
        return f"<Together, {len(self._waiting)} waiting>"

    async def of(self, key: K) -> V:
        """The answer to one question; raises what it has for an answer, or what `ask` raises."""
        asked = _Asked[K, V](key, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if not self._is_under_way:
            self._is_under_way = True
            asked.called.set_result(True)
        if await self._is_turn_of(asked):
            await self._ask_for_all()
        if isinstance(asked.answer, Exception):
            raise asked.answer
        return cast("V", asked.answer)

    async def _is_turn_of(self, asked: _Asked[K, V]) -> bool:
        try:
            return await asked.called
        except asyncio.CancelledError:
            if asked in self._waiting:
                self._waiting.remove(asked)
                if asked.called.done() and not asked.called.cancelled():
                    self._call_next()
            raise

    async def _ask_for_all(self) -> None:
        """Ask for all who wait; whoever comes during that has the next turn."""
        asking, self._waiting = self._waiting, []
        try:
            answers = await self._ask([each.key for each in asking])
        except Exception as error:  # noqa: BLE001  It is raised for each of them.
            if isinstance(error, Unavailable):
                asking, self._waiting = asking + self._waiting, []
            answers = [error] * len(asking)
        except BaseException:
            # Who asked for all is cancelled, and the others are not: one of them does it.
            self._waiting = [each for each in asking if not each.called.done()] + self._waiting
            self._call_next()
            raise
        for each, answer in zip(asking, answers, strict=True):
            each.answer = answer
            if not each.called.done():
                each.called.set_result(False)
        self._call_next()

    def _call_next(self) -> None:
        self._waiting = [each for each in self._waiting if not each.called.cancelled()]
        self._is_under_way = bool(self._waiting)
        if self._waiting:
            self._waiting[0].called.set_result(True)
