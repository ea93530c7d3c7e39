"""Paces are shared by all who work on the same thing at the same speed, and forgotten when that makes no difference."""

import asyncio

import pytest

from workers.pace import Pace, Paces


def seconds_until(*paces: Pace) -> list[float]:
    """In how many seconds the next turn of each is, taken one after another."""
    now = asyncio.get_running_loop().time()
    return [pace.reserve() - now for pace in paces]


def about(*seconds: float) -> list[object]:
    return [pytest.approx(each, abs=0.1) for each in seconds]


async def test_turns_of_all_users_lie_apart() -> None:
    paces = Paces()
    with paces.use("campaign", 60) as one, paces.use("campaign", 60) as other:
        assert seconds_until(one, other, one) == about(0, 1, 2)


async def test_another_thing_or_another_speed_is_another_pace() -> None:
    paces = Paces()
    with paces.use("campaign", 60) as one, paces.use("other", 60) as two, paces.use("campaign", 6) as three:
        assert len({id(one), id(two), id(three)}) == 3
    with paces.use("campaign", 0) as unbound:
        assert seconds_until(*[unbound] * 9) == about(*[0] * 9)


async def test_who_comes_next_waits_for_the_turn_after_the_last() -> None:
    """Else shards of a single domain would know no bound."""
    paces = Paces()
    with paces.use("campaign", 60) as pace:
        pace.reserve()
    with paces.use("campaign", 60) as pace:
        assert seconds_until(pace, pace) == about(1, 2)


async def test_a_turn_that_was_given_back_is_taken_once_and_nobody_elses_is() -> None:
    paces = Paces()
    with paces.use("campaign", 60) as pace:
        turns = [pace.reserve() for _ in range(4)]
        pace.give_back(turns[2])
        pace.give_back(turns[1])
        assert seconds_until(pace, pace, pace) == about(1, 2, 4)


async def test_a_turn_that_has_passed_is_not_given_again() -> None:
    paces = Paces()
    with paces.use("campaign", 60) as pace:
        turn = pace.reserve()
        pace.give_back(turn - 1)
        assert seconds_until(pace) == about(1)


async def test_one_whose_next_turn_has_come_is_forgotten() -> None:
    paces = Paces()
    with paces.use("fast", 60_000_000) as pace:
        pace.reserve()
    with paces.use("slow", 1) as pace:
        pace.reserve()
    with paces.use("new", 0):
        assert len(paces) == 2
