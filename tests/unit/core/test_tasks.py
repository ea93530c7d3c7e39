"""Tasks have an owner, who ends them, waits for them and hears of their failures."""

import asyncio

import pytest
from structlog.testing import capture_logs

from core.tasks import Owner


async def forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def fail() -> None:
    raise LookupError("nothing there")


async def test_closing_cancels_every_task_and_waits_for_its_end() -> None:
    ended: list[str] = []
    async with Owner("room") as owner:
        tasks = [owner.start(forever(ended, name), name) for name in ("a", "b")]
        await asyncio.sleep(0)
        assert repr(owner) == "<Owner room open, 2 tasks>"
    assert sorted(ended) == ["a", "b"]
    assert all(task.cancelled() for task in tasks)
    assert (len(owner), repr(owner)) == (0, "<Owner room closed, 0 tasks>")
    await owner.close()


async def test_a_task_that_does_not_end_at_the_first_asking_is_asked_again() -> None:
    asked = 0

    async def stubborn() -> None:
        nonlocal asked
        while asked < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                asked += 1

    owner = Owner("room")
    task = owner.start(stubborn(), "stubborn")
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(owner.close())
    while not closing.done():
        await asyncio.sleep(0)
        if asked:
            task.cancel()
    assert asked == 3


async def test_a_failure_is_logged_and_told_and_the_others_go_on() -> None:
    told: list[BaseException] = []
    async with Owner("room", told.append) as owner:
        other = owner.start(asyncio.Event().wait(), "other")
        with capture_logs() as logs:
            failing = owner.start(fail(), "failing")
            await asyncio.wait({failing})
            await asyncio.sleep(0)
        assert [(line["event"], line["task"]) for line in logs] == [("task_failed", "room:failing")]
        assert [str(error) for error in told] == ["nothing there"]
        assert not other.done()
        assert len(owner) == 1


async def test_a_task_that_ends_well_is_forgotten_and_has_its_result() -> None:
    async def one() -> int:
        return 1

    async with Owner("room") as owner:
        assert await owner.start(one(), "one") == 1
        await asyncio.sleep(0)
        assert len(owner) == 0


async def test_a_closed_owner_starts_nothing() -> None:
    """The coroutine is closed as well; one that is never awaited would be a warning, which is an error here."""
    owner = Owner("room")
    await owner.close()
    with pytest.raises(RuntimeError, match="<Owner room closed, 0 tasks> starts no more tasks"):
        owner.start(fail(), "late")


async def test_a_closing_that_is_cancelled_can_be_closed_again() -> None:
    ended: list[str] = []
    release = asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await release.wait()
            ended.append("slow")

    owner = Owner("room")
    owner.start(slow_to_end(), "slow")
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(owner.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})
    assert closing.cancelled()
    release.set()
    await owner.close()
    assert len(owner) == 0
