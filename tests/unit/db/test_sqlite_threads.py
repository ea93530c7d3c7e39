"""What a loop hands over in one turn is one turn of a thread, and nobody waits for somebody else's slow work."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from db.sqlite_threads import Threads


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads(4)
    yield threads
    threads.close()


def handed(threads: Threads, todo: Callable[[], object], *, alone: bool = False) -> asyncio.Future[object]:
    work, _ = threads.hand_over(todo, alone=alone)
    return work.result


async def test_what_is_handed_over_in_one_turn_is_done_by_one_thread(threads: Threads) -> None:
    for _ in range(3):
        found = await asyncio.gather(*(handed(threads, threading.get_ident) for _ in range(5)))
        assert len(set(found)) == 1
        assert found[0] != threading.get_ident()


async def test_what_is_done_quickly_is_told_together(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    wake, woken = loop.call_soon_threadsafe, 0

    def counted(*args: Any, **rest: Any) -> asyncio.Handle:
        nonlocal woken
        woken += 1
        return wake(*args, **rest)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    monkeypatch.setattr("db.sqlite_threads.TOGETHER_SECONDS", 60)
    assert await asyncio.gather(*(handed(threads, lambda: 1) for _ in range(5))) == [1] * 5
    assert woken == 1


async def test_what_is_done_is_told_before_slow_work_of_others(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.sqlite_threads.TOGETHER_SECONDS", 0)
    may = threading.Event()
    quick, slow = handed(threads, lambda: 1), handed(threads, may.wait)
    assert await quick == 1
    may.set()
    assert await slow is True


async def test_what_a_thread_has_not_begun_in_time_is_done_by_another(threads: Threads) -> None:
    may = threading.Event()
    slow = [handed(threads, may.wait) for _ in range(2)]
    assert await handed(threads, lambda: 1) == 1
    assert not any(each.done() for each in slow)
    may.set()
    assert await asyncio.gather(*slow) == [True, True]


async def test_what_is_alone_is_begun_at_once_and_shared_with_nobody(threads: Threads) -> None:
    begun, may = threading.Event(), threading.Event()

    def stay() -> bool:
        begun.set()
        return may.wait()

    staying = handed(threads, stay, alone=True)
    # The loop has had no turn since.
    assert begun.wait(20)
    assert await asyncio.gather(*(handed(threads, lambda: 1) for _ in range(2))) == [1, 1]
    may.set()
    assert await staying is True


async def test_a_failure_is_only_of_whom_it_is(threads: Threads) -> None:
    def fail() -> None:
        raise ValueError("no")

    failing, other = handed(threads, fail), handed(threads, lambda: 1)
    with pytest.raises(ValueError, match="no"):
        await failing
    assert await other == 1


async def test_what_is_withdrawn_is_never_begun(threads: Threads) -> None:
    done: list[int] = []
    first, batch = threads.hand_over(partial(done.append, 1), alone=False)
    second, same = threads.hand_over(partial(done.append, 2), alone=False)
    assert same is batch
    assert batch.withdraw(first)
    await second.result
    assert done == [2]
    assert not batch.withdraw(second)


async def test_what_is_over_may_be_told_to_nobody(threads: Threads) -> None:
    work, _ = threads.hand_over(lambda: 1, alone=True)
    work.result.cancel()
    await work.is_over.wait()
    assert work.result.cancelled()


async def test_closed_threads_do_what_was_handed_over_and_no_more() -> None:
    threads = Threads(1)
    last = handed(threads, lambda: 1)
    threads.close()
    assert await last == 1
    with pytest.raises(RuntimeError, match="closed"):
        threads.hand_over(lambda: 1, alone=False)
    assert repr(threads) == "<Threads closed>"
