"""Threads that work for an event loop: what it hands over in one of its turns, one of them does.

To wake a thread and to be woken by it costs the loop more than most statements cost SQLite, and a thread that works
while the loop does fights with it for the interpreter's lock, which `sqlite3` gives up several times for each row. So
what is handed over in one turn is a *batch*: one thread does it, most often while the loop has nothing to do, and the
loop hears of its results together.

Nobody waits for somebody else's slow work: whatever a thread has not begun in time is for another one, and what is done
is told before the rest of its batch if that takes its time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Generic, TypeVar

T = TypeVar("T")

TOGETHER_SECONDS = 0.001
"""For so long a result may wait for those of others that are done with it."""
UNBEGUN_SECONDS = 0.002
"""After so long a thread that is busy with one piece of work is not waited for with the next."""


class Work(Generic[T]):
    """What one caller wants done: `result` is its future, and `is_over` as soon as the loop knows of its end."""

    __slots__ = ("_error", "_todo", "_value", "is_over", "result")

    def __init__(self, todo: Callable[[], T], result: "asyncio.Future[T]") -> None:
        self._todo = todo
        self._value: T | None = None
        self._error: BaseException | None = None
        self.result = result
        self.is_over = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Work {'over' if self.is_over.is_set() else 'handed over'}>"

    def do(self) -> None:
        """Do it, in a thread."""
        try:
            self._value = self._todo()
        except BaseException as error:  # noqa: BLE001  Whoever waits for it is told.
            self._error = error

    def tell(self) -> None:
        """Let the loop know, in its own thread."""
        self.is_over.set()
        if self.result.done():
            return
        if self._error is None:
            self.result.set_result(self._value)  # type: ignore[arg-type]
        else:
            self.result.set_exception(self._error)


class Batch:
    """What was handed over in one turn of the loop; threads take from it until nothing is left."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waiting: deque[Work[Any]] = deque()
        self.is_begun = False
        self.helpers = 0
        """How many more threads may be set to it."""

    def __repr__(self) -> str:
        return f"<Batch of which {len(self.waiting)} wait>"

    def withdraw(self, work: Work[Any]) -> bool:
        """Take back what no thread has begun; gives whether that came in time."""
        try:
            self.waiting.remove(work)
        except ValueError:
            return False
        return True

    def run(self) -> None:
        """Do all that no other thread has begun."""
        done: list[Work[Any]] = []
        since = monotonic()
        while (work := self._next()) is not None:
            work.do()
            done.append(work)
            if monotonic() - since > TOGETHER_SECONDS:
                self._tell(done)
                done, since = [], monotonic()
        if done:
            self._tell(done)

    def _tell(self, done: list[Work[Any]]) -> None:
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(_tell, done)

    def _next(self) -> Work[Any] | None:
        try:
            return self.waiting.popleft()
        except IndexError:
            return None


class Threads:
    """At most so many threads, begun as they are needed.

    A `ThreadPoolExecutor` keeps account of each batch by a future of its own, which takes longer than to wake a thread.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: list[Thread] = []
        # As many at most as there are connections, each of which has one statement under way.
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        self._gathered: Batch | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<Threads {'closed' if self._is_closed else 'open'}>"

    def hand_over(self, todo: Callable[[], T], *, alone: bool) -> tuple[Work[T], Batch]:
        """Have something done; `alone` if it is to be begun at once, and nobody shall wait for it.

        Raises:
            RuntimeError: they are closed.
        """
        if self._is_closed:
            raise RuntimeError("The threads of this database are closed.")
        loop = asyncio.get_running_loop()
        work: Work[T] = Work(todo, loop.create_future())
        batch = Batch(loop) if alone else self._gathering(loop)
        batch.waiting.append(work)
        if alone:
            self._begin(batch)
        return work, batch

    def close(self) -> None:
        """Let the threads end when they have done what was handed over."""
        if self._gathered is not None:
            self._begin(self._gathered)
        self._is_closed = True
        for _ in self._threads:
            self._batches.put(None)

    def _gathering(self, loop: asyncio.AbstractEventLoop) -> Batch:
        if self._gathered is None or self._gathered.loop is not loop:
            self._gathered = Batch(loop)
            loop.call_soon(self._begin, self._gathered)
        return self._gathered

    def _begin(self, batch: Batch) -> None:
        if batch is self._gathered:
            self._gathered = None
        if batch.is_begun:
            return
        batch.is_begun, batch.helpers = True, len(batch.waiting) - 1
        self._run(batch)
        if batch.helpers:
            batch.loop.call_later(UNBEGUN_SECONDS, self._help, batch)

    def _run(self, batch: Batch) -> None:
        self._batches.put(batch)
        if len(self._threads) < self._most:
            thread = Thread(target=self._serve, name=f"sqlite-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (batch := self._batches.get()) is not None:
            batch.run()
            # Nothing of it is kept alive by who waits for the next one.
            del batch

    def _help(self, batch: Batch) -> None:
        """Set another thread to what is not begun."""
        if not batch.waiting or not batch.helpers or self._is_closed:
            return
        batch.helpers -= 1
        self._run(batch)
        batch.loop.call_later(UNBEGUN_SECONDS, self._help, batch)


def _tell(done: list[Work[Any]]) -> None:
    for work in done:
        work.tell()
