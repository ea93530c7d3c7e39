"""A fault of one server is the end of a run, and the run says of whom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.fanout.audience import Place, Unsound
from bench.fanout.contestants import Running
from bench.fanout.turns import each_in_turn, measured


async def never(_first: int, _count: int) -> float:
    raise AssertionError


def running(port: int) -> Running:
    return Running(Place(port), [], never, lambda: f"log of {port}")


SERVERS = {"one": running(1), "two": running(2), "three": running(3)}


async def test_each_has_its_turn_and_another_one_begins_each_time() -> None:
    async def port(server: Running) -> int:
        return server.place.port

    assert [each async for each in each_in_turn(SERVERS, 4, "a scene", port)] == [
        ("two", 2),
        ("three", 3),
        ("one", 1),
    ]


@pytest.mark.parametrize("error", [Unsound("Something was lost."), TimeoutError()])
async def test_a_fault_is_told_with_who_had_it(error: Exception) -> None:
    async def faulty(server: Running) -> int:
        if server.place.port == 2:
            raise error
        return 0

    with pytest.raises(Unsound, match=r"(?s)^two, a scene: .*log of 2$"):
        assert [each async for each in each_in_turn(SERVERS, 0, "a scene", faulty)]


def test_a_run_that_does_not_count_ends_the_process_with_the_reason() -> None:
    @asynccontextmanager
    async def start(folder: Path) -> AsyncIterator[Running]:
        yield running(len(folder.name))

    async def compare(servers: object) -> None:
        raise Unsound(f"{servers!r}"[:6])

    with pytest.raises(SystemExit, match=r"^The run does not count\. {'one'"):
        measured({"one": start}, compare)
