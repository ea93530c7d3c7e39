"""What counts as memory that levels off: caches that fill do, and no leak does, however small or slow."""

import asyncio
from collections.abc import Callable
from itertools import count
from math import exp
from random import Random

import pytest

from bench.attacked import SAMPLES, Weight, memory, weighed

RATE = 150
"""Attempts a second, as hostile requests are on the machine that these benches run on."""
BEGIN = 175.0
CACHES = 45.0
SAW = 12.0
"""So much comes and goes between two looks of the collector."""

Added = Callable[[float], float]


def server(seconds: float, added: Added, fills_in: float = 30.0) -> list[Weight]:
    """A server whose caches fill in about so many seconds; `added` is what else it has of each, in MiB."""
    random = Random(seconds)
    found = []
    for number in range(1, SAMPLES + 1):
        at = seconds * number / SAMPLES
        cached = CACHES * (1 - exp(-at / fills_in))
        saw = SAW * ((at / 7) % 1) * random.random()
        found.append(Weight(int(at * RATE), BEGIN + cached + saw + added(at)))
    return found


def nothing(_at: float) -> float:
    return 0.0


def leak(bytes_each: float) -> Added:
    return lambda at: at * RATE * bytes_each / (1 << 20)


def met(weights: list[Weight]) -> tuple[bool | None, bool | None]:
    growth, slope, course = memory(weights)
    assert course.value.count(" ") == SAMPLES
    return growth.met, slope.met


@pytest.mark.parametrize("seconds", [300, 600, 3600])
class TestByLength:
    def test_caches_that_fill_are_fine(self, seconds: float) -> None:
        assert met(server(seconds, nothing)) == (True, True)

    def test_a_kibibyte_an_attempt_is_not(self, seconds: float) -> None:
        assert met(server(seconds, leak(1024)))[1] is False

    def test_nor_is_another_level(self, seconds: float) -> None:
        """A fifth more, at once and after a while, is no leak, and is not flat either."""
        assert met(server(seconds, lambda at: BEGIN / 5 if at > 0.45 * seconds else 0)) == (False, True)

    def test_what_is_freed_is_no_leak(self, seconds: float) -> None:
        assert met(server(seconds, leak(-200))) == (True, True)


def test_a_leak_shows_in_a_hundred_seconds() -> None:
    """Where it has come to 4 % only."""
    assert met(server(100, nothing, fills_in=10)) == (True, True)
    assert met(server(100, leak(1024), fills_in=10)) == (True, False)


def test_an_hour_of_a_leak_shows_in_what_it_comes_to() -> None:
    assert met(server(3600, leak(1024))) == (False, False)


def test_a_cache_that_is_still_filling_is_not_level() -> None:
    """Whether it has a bound nobody can tell yet."""
    assert met(server(300, leak(700), fills_in=10))[1] is False


def test_memory_is_flat_where_it_does_not_change() -> None:
    growth, slope, _ = memory([Weight(number, 200.0) for number in range(SAMPLES)])
    assert growth.value == "200.0 MB against 200.0 MB (+0.0%)"
    assert slope.value == "0 bytes of 17 attempts, which are too few to tell"


def test_a_few_attempts_tell_nothing_of_each() -> None:
    """A MiB is as much as comes and goes, and would be a leak of a KiB for each of a thousand attempts."""
    assert met([Weight(number * 30, 200 + number / 36) for number in range(SAMPLES)]) == (True, None)


def test_what_many_attempts_add_may_be_as_much_as_comes_and_goes() -> None:
    """3 MiB at the most, of 6,000 attempts: more than half a KiB for each, and 1.5 % of all."""
    assert met([Weight(number * 340, 200 + number / 6) for number in range(SAMPLES)]) == (True, True)
    assert met([Weight(number * 340, 200 + number / 3) for number in range(SAMPLES)]) == (True, False)


async def test_a_server_is_weighed_as_long_as_it_is_attacked() -> None:
    looks, over = count(1), asyncio.Event()

    def weigh() -> Weight:
        number = next(looks)
        if number == 3:
            over.set()
        return Weight(number, 200.0)

    async def attack() -> None:
        await over.wait()

    assert await weighed(attack(), weigh, 0.001) == [Weight(number, 200.0) for number in (1, 2, 3)]
