"""A loader whose future for a key many wait for, and any of them may leave.

graphql-core cancels what is still going on in an object that is null for an error. What is cancelled cancels what it
waits for, and that is the one future which everybody has of this key: all others were cancelled too, the request among
them, whose client was given no answer at all.

What is loaded comes to thousands at once, and what each does with it takes its time: so they go on in turns. What they
ask for next is one batch all the same, for it is not read before all of the operation have had theirs.
"""

from asyncio import Future, Task, get_running_loop, shield
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from strawberry.dataloader import DataLoader

from graph.turns import Turns

K = TypeVar("K")
T = TypeVar("T")

Load = Callable[[list[K]], Awaitable[Sequence[T | BaseException]]]


class SharedLoader(DataLoader[K, T]):
    """Loads each key once for all that ask for it; `turns` are those of the operation, if many may."""

    def __init__(self, load: Load[K, T], turns: Turns | None = None) -> None:
        super().__init__(load)
        self._turns = turns
        self._known: dict[K, Future[T]] = {}
        self._asked: list[K] = []
        # The loop knows its tasks weakly.
        self._batches: set[Task[None]] = set()

    def load(self, key: K) -> Awaitable[T]:
        """The value of a key, when all that are asked for in this turn of the loop are there."""
        shared = self._known.get(key)
        if shared is None:
            shared = self._known[key] = get_running_loop().create_future()
            shared.add_done_callback(_heard)
            self._asked.append(key)
            if len(self._asked) == 1:
                get_running_loop().call_soon(self._begin)
        return shield(shared) if self._turns is None else _in_turn(shared, self._turns)

    def _begin(self) -> None:
        task = get_running_loop().create_task(self._load_asked())
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _load_asked(self) -> None:
        if self._turns is not None:
            await self._turns.settle()
        keys, self._asked = self._asked, []
        try:
            values = list(zip(keys, await self.load_fn(keys), strict=True))
            for key, value in values:
                if isinstance(value, BaseException):
                    self._known[key].set_exception(value)
                else:
                    self._known[key].set_result(value)
        except Exception as error:  # noqa: BLE001  It is raised for all that wait.
            for key in keys:
                if not self._known[key].done():
                    self._known[key].set_exception(error)


async def _in_turn(shared: "Future[T]", turns: Turns) -> T:
    found = await shield(shared)
    await turns.take(1)
    return found


def _heard(shared: "Future[T]") -> None:
    """Let nobody complain of a failure that nobody waits for any more."""
    if not shared.cancelled():
        shared.exception()
