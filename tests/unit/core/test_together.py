"""Many who ask at the same moment are answered once, by what was found out after they asked."""

import asyncio
from collections.abc import Sequence

import pytest

from core.errors import Unavailable
from core.together import Together
from tests.integration.waiting import until


class Oracle:
    """Answers with the number of the asking; `open` lets it answer. It cannot answer to a number below zero."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.open = asyncio.Event()
        self.failure: Exception | None = None

    async def ask(self, keys: Sequence[int]) -> list[tuple[int, int] | Exception]:
        self.asked.append(list(keys))
        number = len(self.asked)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return [ValueError(key) if key < 0 else (key, number) for key in keys]


async def test_who_comes_during_an_asking_has_the_answer_of_the_next() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(together.of(1))
        await until(lambda: bool(oracle.asked))
        later = [tasks.create_task(together.of(key)) for key in (2, 3, 2)]
        await asyncio.sleep(0)
        oracle.open.set()
    assert oracle.asked == [[1], [2, 3, 2]]
    assert first.result() == (1, 1)
    assert [each.result() for each in later] == [(2, 2), (3, 2), (2, 2)]
    assert await together.of(4) == (4, 3)


async def test_the_failure_of_one_question_is_nobody_elses() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    oracle.open.set()
    found = await asyncio.gather(*(together.of(key) for key in (1, -1, 2)), return_exceptions=True)
    assert [isinstance(each, ValueError) for each in found] == [False, True, False]


async def test_an_asking_that_fails_fails_for_those_of_it_alone() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    oracle.failure = ConnectionError()
    first = asyncio.gather(*(together.of(key) for key in (1, 2)), return_exceptions=True)
    await until(lambda: bool(oracle.asked))
    oracle.open.set()
    assert all(isinstance(each, ConnectionError) for each in await first)
    oracle.failure = None
    assert await together.of(3) == (3, len(oracle.asked))


async def test_who_waits_for_the_next_asking_is_told_of_an_outage_with_the_others() -> None:
    """A database that says nothing does so for many seconds, and it would be twice as many for them."""
    oracle = Oracle()
    together = Together(oracle.ask)
    oracle.failure = Unavailable("gone")
    first = asyncio.gather(together.of(1), return_exceptions=True)
    await until(lambda: bool(oracle.asked))
    second = asyncio.gather(together.of(2), return_exceptions=True)
    await asyncio.sleep(0)
    oracle.open.set()
    assert [*await first, *await second] == [oracle.failure] * 2
    assert oracle.asked == [[1]]


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_whoever_is_cancelled_takes_nothing_from_the_others(cancelled: int) -> None:
    """Be it the one who asks for all, one who is answered by that, or one who waits for the next turn."""
    oracle = Oracle()
    together = Together(oracle.ask)
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(together.of(key)) for key in range(2)]
        await until(lambda: bool(oracle.asked))
        asking.append(tasks.create_task(together.of(2)))
        await asyncio.sleep(0)
        asking[cancelled].cancel()
        await asyncio.wait([asking[cancelled]])
        oracle.open.set()
    assert [each.cancelled() for each in asking] == [number == cancelled for number in range(3)]
    assert [each.result()[0] for each in asking if not each.cancelled()] == [
        number for number in range(3) if number != cancelled
    ]


async def test_one_who_is_called_and_cancelled_in_the_same_moment_hands_the_turn_on() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)

    async def ask_and_cancel() -> tuple[int, int]:
        found = await together.of(1)
        # It has called the second one, which has not come to run since.
        second.cancel()
        return found

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(ask_and_cancel())
        await until(lambda: bool(oracle.asked))
        second, third = (tasks.create_task(together.of(key)) for key in (2, 3))
        await asyncio.sleep(0)
        oracle.open.set()
    assert first.result() == (1, 1)
    assert second.cancelled()
    assert third.result()[0] == 3


async def test_when_all_are_cancelled_the_next_one_asks() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(together.of(key)) for key in range(3)]
        await until(lambda: bool(oracle.asked))
        for each in asking:
            each.cancel()
    oracle.open.set()
    assert await together.of(4) == (4, len(oracle.asked))
