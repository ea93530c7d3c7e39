"""A token bucket in pure moments: what is waited, and what a cancelled taker gives back."""

import asyncio

import pytest

from probes.rate import TokenBucket


def test_a_burst_is_free_and_the_rest_is_spaced() -> None:
    bucket = TokenBucket(rate=10, burst=3)
    assert [round(bucket.reserve(0.0), 6) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]


def test_a_pause_fills_the_burst_again_and_no_more() -> None:
    bucket = TokenBucket(rate=10, burst=2)
    for _ in range(4):
        bucket.reserve(0.0)
    assert [round(bucket.reserve(100.0), 6) for _ in range(3)] == [0, 0, 0.1]


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_that_would_never_open_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="rate above 0"):
        TokenBucket(rate, burst)


async def test_a_cancelled_taker_gives_its_moment_back() -> None:
    bucket = TokenBucket(rate=0.001, burst=1)
    await bucket.take()
    now = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await bucket.take()
    assert bucket.reserve(now) == pytest.approx(1000, abs=1)
