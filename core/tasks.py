"""Owned tasks: whoever starts one awaits it, sees its exception, and ends it.

`asyncio.create_task` hands out a task that nobody need await: its exception is printed when the garbage
collector finds it, if ever, and its cancelling is nobody's duty. Here a task belongs to an `Owner`. An owner
is closed once, cancels what still runs, waits for it, and reports the first failure that nobody has seen.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Owner:
    """A set of running tasks with one lifetime; use it as an async context manager or call `close`.

    A task that fails is logged at once, handed to `on_failure` if one was given, and forgotten; the owner's
    other tasks go on. (A TaskGroup would cancel the siblings: right for one computation, wrong for a server.)
    """

    __slots__ = ("_closed", "_name", "_on_failure", "_tasks")

    def __init__(self, name: str, on_failure: Callable[[BaseException], None] | None = None) -> None:
        self._name = name
        self._on_failure = on_failure
        # Most owners have nothing to do most of the time, and there may be one for each of thousands of connections.
        self._tasks: set[asyncio.Task[Any]] | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Owner {self._name} {state}, {len(self)} tasks>"

    def __len__(self) -> int:
        return len(self._tasks or ())

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run `work` as a task of this owner.

        Raises:
            RuntimeError: the owner is closed; the coroutine is closed too, so nothing is left half started.
        """
        if self._closed:
            work.close()
            raise RuntimeError(f"{self!r} starts no more tasks.")
        task = asyncio.get_running_loop().create_task(work, name=f"{self._name}:{name}")
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        if self._tasks is not None:
            self._tasks.discard(task)
            self._tasks = self._tasks or None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        log.error("task_failed", task=task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(error)

    async def close(self) -> None:
        """Cancel every task that still runs and wait until all have ended. Safe to call twice."""
        self._closed = True
        while tasks := set(self._tasks or ()):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            # The callbacks that empty the set run in the next turn of the loop.
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
