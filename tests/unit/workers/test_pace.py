"""Paces are shared by all who work on the same thing at the same speed, and forgotten when that makes no difference."""

import pytest

from workers.pace import Paces


async def test_turns_of_all_users_lie_apart() -> None:
    paces = Paces()
    with paces.use("campaign", 60) as one, paces.use("campaign", 60) as other:
        waits = [pace.reserve() for pace in (one, other, one)]
    assert waits == [pytest.approx(0, abs=0.1), pytest.approx(1, abs=0.1), pytest.approx(2, abs=0.1)]


async def test_another_thing_or_another_speed_is_another_pace() -> None:
    paces = Paces()
    with paces.use("campaign", 60) as one, paces.use("other", 60) as two, paces.use("campaign", 6) as three:
        assert len({id(one), id(two), id(three)}) == 3
    with paces.use("campaign", 0) as unbound:
        assert [unbound.reserve() for _ in range(9)] == [0.0] * 9


async def test_who_comes_next_waits_for_the_turn_after_the_last() -> None:
    """Else shards of a single domain would know no bound."""
    paces = Paces()
    with paces.use("campaign", 60) as pace:
        pace.reserve()
    with paces.use("campaign", 60) as pace:
        assert pace.reserve() == pytest.approx(1, abs=0.1)
        pace.give_back()
        assert pace.reserve() == pytest.approx(1, abs=0.1)


async def test_one_whose_next_turn_has_come_is_forgotten() -> None:
    paces = Paces()
    with paces.use("fast", 60_000_000) as pace:
        pace.reserve()
    with paces.use("slow", 1) as pace:
        pace.reserve()
    with paces.use("new", 0):
        assert len(paces) == 2
