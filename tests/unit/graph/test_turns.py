"""Large pages of an operation are told in turns, between which others are served; small ones never wait."""

import asyncio

import pytest

from graph.turns import ROWS, Turns


async def told(*pages: int) -> list[int]:
    """Pages of so many rows, which all come at once, in the order in which they were told."""
    turns, order = Turns(), list[int]()

    async def page(rows: int) -> None:
        await turns.take(rows)
        order.append(rows)

    await asyncio.gather(*map(page, pages))
    return order


async def test_small_pages_go_on_at_once() -> None:
    turns = Turns()
    for _ in range(ROWS // 100):
        # A coroutine that waits for nothing ends when it is first sent to.
        with pytest.raises(StopIteration):
            turns.take(100).send(None)
    assert repr(turns) == "<Turns, 0 waiting>"


async def test_what_comes_after_a_thousand_rows_waits_and_others_are_served_meanwhile() -> None:
    turns, order = Turns(), list[str]()

    async def page(name: str) -> None:
        await turns.take(ROWS)
        order.append(name)

    async def other() -> None:
        for number in range(3):
            await asyncio.sleep(0)
            order.append(f"other {number}")

    await asyncio.gather(page("a"), page("b"), page("c"), other())
    assert order.index("a") == 0
    assert order[1:4] == ["other 0", "other 1", "other 2"]
    assert order[4:] == ["b", "c"]


async def test_they_go_on_in_the_order_in_which_they_came_and_small_ones_do_not_pass() -> None:
    assert await told(900, 901, 50, 902, 51) == [900, 901, 50, 902, 51]


async def test_one_that_is_larger_than_a_turn_has_one_of_its_own() -> None:
    assert await told(5 * ROWS, 10, 6 * ROWS) == [5 * ROWS, 10, 6 * ROWS]


async def test_nobody_waits_for_one_that_was_cancelled() -> None:
    turns = Turns()
    await turns.take(ROWS)
    gone, here = (asyncio.ensure_future(turns.take(ROWS)) for _ in range(2))
    await asyncio.sleep(0)
    assert repr(turns) == "<Turns, 2 waiting>"
    gone.cancel()
    await here
    assert gone.cancelled()
    assert repr(turns) == "<Turns, 0 waiting>"
