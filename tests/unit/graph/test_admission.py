"""How many queries read at once, whose turn it is when there are more, and what of it counts."""

import asyncio
from uuid import UUID

from graph.admission import LARGE, Admission, Query, begin_anew

ALICE, BOB = UUID(int=1), UUID(int=2)
SMALL = LARGE
BIG = LARGE + 1


class Queue:
    """Queries of an admission, and the order in which those that had to wait were admitted."""

    def __init__(self, places: int, large_places: int) -> None:
        self.admission = Admission(places, large_places)
        self.order: list[str] = []

    async def enter(self, principal: UUID, rows: int, name: str) -> tuple[Query, "asyncio.Task[None]"]:
        """A query that comes now, and what ends when it is inside."""
        query = self.admission.query(principal, lambda: self.order.append(name))
        task = asyncio.ensure_future(query.enter(rows))
        await asyncio.sleep(0)
        return query, task


async def leave(query: Query) -> None:
    with query:
        pass
    for _ in range(3):
        await asyncio.sleep(0)


async def test_whoever_finds_a_place_does_not_wait() -> None:
    queue = Queue(2, 1)
    for principal, rows in ((ALICE, SMALL), (BOB, BIG)):
        _, entering = await queue.enter(principal, rows, "not said")
        assert entering.done()
    assert queue.order == []
    assert repr(queue.admission) == "<Admission, 2 inside, 0 waiting>"


async def test_the_large_leave_places_to_the_small() -> None:
    queue = Queue(3, 1)
    first, _ = await queue.enter(ALICE, BIG, "first")
    _, second = await queue.enter(BOB, BIG, "second")
    _, small = await queue.enter(BOB, SMALL, "small")
    assert (second.done(), small.done()) == (False, True)
    await leave(first)
    assert second.done()
    assert queue.order == ["second"]


async def test_a_place_is_for_whoever_has_the_fewest_and_for_a_small_one_first() -> None:
    queue = Queue(2, 2)
    one, _ = await queue.enter(ALICE, BIG, "one")
    other, _ = await queue.enter(ALICE, BIG, "other")
    names = [(ALICE, BIG, "large"), (ALICE, SMALL, "small"), (ALICE, SMALL, "next"), (BOB, BIG, "bob")]
    waiting = [await queue.enter(*each) for each in names]
    await leave(one)
    assert queue.order == ["bob"]
    await leave(other)
    assert queue.order == ["bob", "small"]
    for query, _ in (waiting[3], waiting[1], waiting[2]):
        await leave(query)
    assert queue.order == ["bob", "small", "next", "large"]
    await leave(waiting[0][0])
    assert repr(queue.admission) == "<Admission, 0 inside, 0 waiting>"


async def test_whoever_is_cancelled_takes_no_place_and_keeps_none() -> None:
    queue = Queue(1, 1)
    inside, _ = await queue.enter(ALICE, SMALL, "inside")
    _, waiting = await queue.enter(ALICE, SMALL, "waiting")
    _, called = await queue.enter(ALICE, SMALL, "called")
    _, gone = await queue.enter(ALICE, SMALL, "gone")
    last, following = await queue.enter(ALICE, SMALL, "following")
    waiting.cancel()
    await asyncio.sleep(0)
    # One is cancelled before it hears that it was called, another before it is.
    gone.cancel()
    with inside:
        called.cancel()
    await asyncio.wait([waiting, called, gone, following])
    assert (called.cancelled(), queue.order) == (True, ["following"])
    assert repr(queue.admission) == "<Admission, 1 inside, 0 waiting>"
    await leave(last)
    assert repr(queue.admission) == "<Admission, 0 inside, 0 waiting>"


async def test_who_is_inside_enters_again_for_nothing() -> None:
    queue = Queue(1, 1)
    query, _ = await queue.enter(ALICE, SMALL, "not said")
    await query.enter(BIG)
    await leave(query)
    assert repr(queue.admission) == "<Admission, 0 inside, 0 waiting>"


async def test_a_time_limit_begins_anew_unless_it_is_over() -> None:
    limit = asyncio.timeout(1000)
    async with limit:
        when = limit.when()
        begin_anew(limit, 2000)
        assert when is not None
        assert limit.when() is not None
        assert (limit.when() or 0) >= when + 1000
    over = asyncio.timeout(0)
    try:
        async with over:
            try:
                await asyncio.Event().wait()
            finally:
                begin_anew(over, 1000)
    except TimeoutError:
        pass
    assert over.expired()
