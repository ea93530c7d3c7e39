"""Operations go on in turns, between which others are served; who comes when there is little to do never waits."""

import asyncio

import pytest

from graph import turns as turns_module
from graph.turns import MOST_ROWS, REST, ROWS, Line, Turns


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of each turn is over at once."""
    monkeypatch.setattr(turns_module, "TURN_SECONDS", -1.0)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, there is time in a turn."""
    monkeypatch.setattr(turns_module, "TURN_SECONDS", 60.0)


async def told(turns: Turns, *pages: int) -> list[int]:
    """Pages of so many rows, which all come at once, in the order in which they were told."""
    order = list[int]()

    async def page(rows: int) -> None:
        await turns.take(rows)
        order.append(rows)

    await asyncio.gather(*map(page, pages))
    return order


@pytest.mark.usefixtures("patient")
async def test_whoever_comes_while_there_is_time_goes_on_at_once() -> None:
    line = Line()
    for _ in range(100):
        # A coroutine that waits for nothing ends when it is first sent to.
        with pytest.raises(StopIteration):
            Turns(line).take(100).send(None)
    assert repr(line) == "<Line of 0>"


@pytest.mark.usefixtures("busy")
async def test_whoever_comes_after_that_waits_and_others_are_served_meanwhile() -> None:
    turns, order = Turns(), list[str]()

    async def page(name: str) -> None:
        await turns.take(ROWS)
        order.append(name)

    async def other() -> None:
        for number in range(2 * REST):
            await asyncio.sleep(0)
            order.append(f"other {number}")

    await asyncio.gather(page("a"), page("b"), page("c"), other())
    assert order.index("a") == 0
    assert order.index("b") >= REST
    assert order.index("c") - order.index("b") >= REST


@pytest.mark.usefixtures("busy")
async def test_operations_take_turns_however_much_of_each_waits() -> None:
    line, order = Line(), list[str]()
    large, small = Turns(line), Turns(line)

    async def row(turns: Turns, name: str) -> None:
        await turns.take(ROWS)
        order.append(name)

    rows = [row(large, f"large {number}") for number in range(10)]
    await asyncio.gather(*rows, row(small, "small"))
    # The first has the turn that is there for whoever comes first.
    assert order[:4] == ["large 0", "large 1", "small", "large 2"]


@pytest.mark.usefixtures("busy")
async def test_rows_go_on_in_the_order_in_which_they_came() -> None:
    turns = Turns()
    assert await told(turns, 900, 901, 50, 902, 51) == [900, 901, 50, 902, 51]


@pytest.mark.usefixtures("busy")
async def test_a_page_that_is_larger_than_a_turn_has_one_of_its_own() -> None:
    turns = Turns()
    assert await told(turns, 5 * ROWS, 10, 6 * ROWS) == [5 * ROWS, 10, 6 * ROWS]


async def called(turns: Turns) -> int:
    """How many rows go on in a turn of as many as it is for."""
    waiting = [asyncio.ensure_future(turns.take(1)) for _ in range(2 * MOST_ROWS)]
    await asyncio.sleep(0)
    before = sum(each.done() for each in waiting)
    turns.go_on()
    await asyncio.sleep(0)
    found = sum(each.done() for each in waiting) - before
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return found


async def test_a_turn_is_for_as_many_rows_as_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    for _ in range(20):
        turns.took(0.0)
    monkeypatch.setattr(turns_module, "REST", 1_000_000)
    monkeypatch.setattr(turns_module, "TURN_SECONDS", -1.0)
    assert await called(turns) == MOST_ROWS
    slow = Turns()
    for _ in range(20):
        slow.took(1.0)
    assert await called(slow) == 1


@pytest.mark.usefixtures("busy")
async def test_nobody_waits_for_one_that_was_cancelled() -> None:
    turns = Turns()
    first, gone, here = (asyncio.ensure_future(turns.take(ROWS)) for _ in range(3))
    await asyncio.sleep(0)
    assert repr(turns) == "<Turns, 2 waiting>"
    gone.cancel()
    await here
    assert (first.done(), gone.cancelled()) == (True, True)
    assert repr(turns) == "<Turns, 0 waiting>"


@pytest.mark.usefixtures("busy")
async def test_after_a_rest_whoever_comes_goes_on_at_once_again() -> None:
    turns = Turns()
    await told(turns, 1, 1, 1)
    for _ in range(2 * REST):
        await asyncio.sleep(0)
    with pytest.raises(StopIteration):
        turns.take(1).send(None)
