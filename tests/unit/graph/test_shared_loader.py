"""Whoever waits for what others wait for too may leave without them."""

import asyncio
import gc

import pytest
from strawberry.dataloader import DataLoader

from graph import turns
from graph.shared_loader import SharedLoader


async def double(keys: list[int]) -> list[int]:
    await asyncio.sleep(0)
    return [2 * key for key in keys]


async def left(loader: DataLoader[int, int]) -> "asyncio.Task[int]":
    """One that has waited for a key with another who is cancelled."""

    async def wait() -> int:
        return await loader.load(1)

    one, other = asyncio.ensure_future(wait()), asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.wait([one, other])
    assert one.cancelled()
    return other


async def test_others_get_what_they_wait_for() -> None:
    assert (await left(SharedLoader(double))).result() == 2


async def test_with_strawberry_s_own_they_would_not() -> None:
    assert (await left(DataLoader(double))).cancelled()


async def test_each_key_is_loaded_once() -> None:
    asked: list[list[int]] = []

    async def load(keys: list[int]) -> list[int]:
        asked.append(keys)
        return await double(keys)

    loader = SharedLoader(load)
    assert [*await asyncio.gather(*map(loader.load, [1, 2, 1]))] == [2, 4, 2]
    assert await loader.load(2) == 4
    assert asked == [[1, 2]]


async def test_what_fails_is_told_to_everybody() -> None:
    async def load(_keys: list[int]) -> list[int]:
        raise ValueError

    loader = SharedLoader(load)
    for failed in await asyncio.gather(loader.load(1), loader.load(1), return_exceptions=True):
        assert isinstance(failed, ValueError)
    with pytest.raises(ValueError):  # noqa: PT011  It is the same.
        await loader.load(1)


async def test_nobody_complains_of_a_failure_that_nobody_waits_for() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    loading, gone = asyncio.Event(), asyncio.Event()

    async def load(_keys: list[int]) -> list[int]:
        loading.set()
        await gone.wait()
        raise ValueError

    async def wait() -> int:
        return await SharedLoader(load).load(1)

    waiting = asyncio.ensure_future(wait())
    await loading.wait()
    (batch,) = asyncio.all_tasks() - {waiting, asyncio.current_task()}
    waiting.cancel()
    await asyncio.wait([waiting])
    gone.set()
    await asyncio.wait([batch])
    del batch
    gc.collect()
    assert complaints == []


@pytest.mark.parametrize("seconds", [-1.0, 60.0])
async def test_what_many_ask_for_after_their_turns_is_one_batch(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", seconds)
    batches, mine, keys = list[list[int]](), turns.Turns(), list(range(1000))

    async def load(asked: list[int]) -> list[int]:
        batches.append(asked)
        return [2 * key for key in asked]

    first, second = SharedLoader(load, mine), SharedLoader(load, mine)

    async def follow(key: int) -> int:
        return await second.load(await first.load(key))

    assert await asyncio.gather(*map(follow, keys)) == [4 * key for key in keys]
    assert batches == [keys, [2 * key for key in keys]]


async def test_a_batch_without_an_answer_for_each_is_a_failure_of_all() -> None:
    async def load(asked: list[int]) -> list[int]:
        return asked[1:]

    loader = SharedLoader(load)
    found = await asyncio.gather(*map(loader.load, (1, 2)), return_exceptions=True)
    assert [type(each) for each in found] == [ValueError, ValueError]
