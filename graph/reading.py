"""One operation, one snapshot of the database.

All that one query selects is read in one transaction that sees one state, so every object, list and count in a
response is exact at one position of the log, and a client that follows from that position misses nothing.

GraphQL resolves in parallel and a database session does not, so statements wait for one another here. The
snapshot is taken at the first read: an operation that reads nothing takes no connection. After a mutation
`restart` lets the payload see what was just committed.

graphql-core cancels the fields beside one that fails where that takes all of them away, while others go on. A session
whose statement is cancelled reads no more, so what a field reads is carried through, whoever is cancelled, until the
operation itself is over. Then nobody wants it, and it is cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from strawberry.dataloader import DataLoader

from core.errors import Unavailable
from core.tasks import Owner
from db.engine import TRANSACTION_SECONDS, Engines, Session, in_time, translated
from db.repositories import event_log
from db.repositories.event_log import Head
from db.snapshot import Snapshot
from graph.shared_loader import SharedLoader

P = ParamSpec("P")
T = TypeVar("T")

Read = Callable[Concatenate[Session, P], Awaitable[T]]
PlainRead = Callable[Concatenate[Snapshot, P], Awaitable[T]]

_ONLY = "head"


class Reading:
    """The snapshot of one operation; whoever made it closes it when the operation is over.

    `enter`, if there is one, is waited for before it is taken.
    """

    __slots__ = (
        "_carrying",
        "_closed",
        "_engines",
        "_failure",
        "_heads",
        "_lock",
        "_operation",
        "_snapshot",
        "_under_way",
        "enter",
    )

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self.enter: Callable[[], Awaitable[None]] | None = None
        self._lock = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        # Made when first asked, for it knows this reading: one that is over is to be nobody's.
        self._heads: DataLoader[str, Head] | None = None
        self._failure: BaseException | None = None
        # Whoever cancels the task of the operation itself wants nothing of it any more.
        self._operation = asyncio.current_task()
        self._carrying: Owner | None = None
        # Who reads at this moment.
        self._under_way: asyncio.Task[Any] | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "idle" if self._snapshot is None else "open"
        return f"<Reading {state}>"

    async def run(self, read: Read[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `read(session, *args)` in the snapshot, after what was asked before.

        Raises:
            Unavailable: the database does not answer.
            RuntimeError: the operation is over.
        """
        if asyncio.current_task() is self._operation:
            return await self.load(read, *args, **kwargs)
        if self._carrying is None:
            self._carrying = Owner("graph.reading")
        settled = self._carrying.start(_settled(partial(self.load, read, *args, **kwargs)), "read")
        found, error = await asyncio.shield(settled)
        if error is not None:
            raise error
        return cast("T", found)

    async def load(self, read: Read[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for the batch of a loader, which is a task of its own and cancelled with nobody; raises the same."""
        return await self.look(_by_session, read, *args, **kwargs)

    async def look(self, read: PlainRead[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do `read(snapshot, *args)` as `load` does, for what is read by prepared statements; raises the same."""
        async with self._lock:
            if self._closed:
                # A batch of a loader may come after its operation was cancelled; it must not open what nobody closes.
                raise RuntimeError("This operation is over.")
            if isinstance(self._failure, Unavailable):
                # The snapshot is gone, and whoever waited for its turn need not wait for the database once more.
                raise Unavailable(str(self._failure), self._failure.retry_after_seconds)
            self._under_way = asyncio.current_task()
            try:
                if self._snapshot is None and self.enter is not None:
                    # What waits here waits for other operations, and not for the database.
                    await self.enter()
                async with in_time(TRANSACTION_SECONDS):
                    return await read(self._snapshot or self._open(), *args, **kwargs)
            except BaseException as error:
                self._failure = error
                raise
            finally:
                self._under_way = None

    async def head(self) -> Head:
        """Where the log ends in this snapshot: what the whole response is exact at.

        Many that ask at once go on at once, so that what they load next is one batch.
        """
        if self._heads is None:
            self._heads = SharedLoader(self._load_heads)
        return await self._heads.load(_ONLY)

    async def _load_heads(self, keys: list[str]) -> list[Head]:
        head = await self.look(event_log.head_of)
        return [head for _ in keys]

    async def restart(self) -> None:
        """Give the snapshot up; the next read takes a new one."""
        async with self._lock:
            await self._leave()

    async def recover(self) -> None:
        """Give the snapshot up if a read of it has failed, but not in an outage, which the next read would wait for."""
        async with self._lock:
            if self._failure is not None and not isinstance(self._failure, Unavailable):
                await self._leave()

    async def close(self) -> None:
        """Give the snapshot up for good. Ends a statement under way, and whatever waits for it; safe to call twice."""
        self._operation, self._closed = None, True
        if self._under_way is not None:
            # The batch of a loader: whoever has waited for it is gone.
            self._under_way.cancel()
        if self._carrying is not None:
            await self._carrying.close()
        async with self._lock:
            await self._leave()

    def _open(self) -> Snapshot:
        self._snapshot = Snapshot(self._engines.reader)
        return self._snapshot

    async def _leave(self) -> None:
        snapshot = self._snapshot
        self._snapshot = self._failure = self._heads = None
        if snapshot is None:
            return
        # An outage on leaving takes nothing away from what was read, or changed before it.
        with suppress(Unavailable):
            with translated():
                if snapshot.let_go():
                    return
            async with in_time(TRANSACTION_SECONDS):
                await snapshot.close()


async def _settled(read: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T | None, Exception | None]:
    """What was read, or why it was not: it is for whoever still waits, and else for nobody."""
    try:
        return await read(), None
    except Exception as error:  # noqa: BLE001  It is raised again.
        return None, error


async def _by_session(snapshot: Snapshot, read: Read[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return await read(await snapshot.session(), *args, **kwargs)
