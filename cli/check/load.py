"""Does it hold under many subscribers, and beside one that does not read."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from cli.check.changing import Changes, follow, together
from cli.check.check import Check, Family, expect
from cli.check.following import FOLLOW, Frame, over_socket
from cli.check.judging import expect_exactly, share
from cli.check.site import Site

OPENING = 50
READERS = 3
# Nine million bytes to each: twice what the buffers of two systems hold between two programs at most.
HEAVY_CHANGES = 40
PADDING = "\N{BLACK SUN WITH RAYS}" * 1900
COPIES = 40
# What a reader may be later for the sake of one that does not read: a few times of what it would be, and some more
# for a machine that has other things to do.
TIMES_LATER = 3
SECONDS_LATER = 0.25
CURSOR = "{ cursor }"
HEAVY = f"""
subscription Heavy($after: Cursor) {{
  resourceEvents(kinds: [KEYWORD_SET], after: $after) {{
    __typename
    ... on StreamEvent {{ cursor }}
    ... on KeywordSetUpdated {{
      keywordSetId changed keywordSet {{ {" ".join(f"n{number}: description" for number in range(COPIES))} }}
    }}
    ... on StreamReset {{ reason }}
  }}
}}
"""


async def _fan_out(site: Site) -> str:
    """Everybody gets every change, once and in order."""
    sizes = site.sizes
    changes = Changes(site, sizes.mutations, sizes.rate)
    told: list[list[Frame]] = [[] for _ in range(sizes.subscribers)]
    opening = asyncio.Semaphore(OPENING)
    # No barrier: those of asyncio have a lock, for which whoever is cancelled waits once more.
    missing, all_here = sizes.subscribers, asyncio.Event()

    async def subscriber(frames: list[Frame]) -> None:
        nonlocal missing
        async with AsyncExitStack() as stack:
            async with opening:
                subscribe = over_socket(site.wire, FOLLOW, id=site.own.id)
                subscription = await stack.enter_async_context(subscribe(None))
                # The snapshot says that it has begun.
                await subscription.next()
            missing -= 1
            if not missing:
                all_here.set()
            await all_here.wait()
            await follow(subscription, frames)

    async def change() -> None:
        await all_here.wait()
        await changes.make()

    await together(*(subscriber(frames) for frames in told), change())
    for number, frames in enumerate(told):
        expect_exactly(f"subscriber {number}", changes.cursors, [frame.cursor for frame in frames])
    late = _latencies(changes, told)
    seconds = max(frame.at for frames in told for frame in frames) - changes.made[0].asked
    return (
        f"{len(late):,} deliveries of {len(changes.made)} changes to {sizes.subscribers} subscribers, each once and in "
        f"order; from request to frame {_percentiles(late)}; {len(late) / seconds:,.0f} a second"
    )


async def _slow_reader(site: Site) -> str:
    """One that does not read makes nobody late, and has everything when it reads again."""
    without, _ = await _heavy(site, with_slow=False)
    beside, slow = await _heavy(site, with_slow=True)
    expect_not_later(without, beside)
    return (
        f"{_percentiles(beside)} beside a reader that does not read, {_percentiles(without)} without; "
        f"it then read {slow} frames, each once and in order"
    )


def expect_not_later(without: Sequence[float], beside: Sequence[float]) -> None:
    """Fail the check if those beside a reader that does not read are late; latencies in seconds, ascending.

    By the half of them, for one who holds up the others holds up all that follows, and a machine that has other things
    to do only some.

    Raises:
        Failed: they are.
    """
    allowed = TIMES_LATER * share(without, 0.5) + SECONDS_LATER
    expect(
        share(beside, 0.5) <= allowed,
        f"{_percentiles(beside)} beside a reader that does not read, {_percentiles(without)} without; "
        f"a p50 of {_ms(allowed)} would do",
    )


async def _heavy(site: Site, *, with_slow: bool) -> tuple[list[float], int]:
    """The latencies of some readers of large frames, and how many frames one got that read only after them."""
    changes = Changes(site, HEAVY_CHANGES, site.sizes.rate, PADDING)
    after = (await site.wire.ask(CURSOR))["cursor"]
    told: list[list[Frame]] = [[] for _ in range(READERS)]
    slow: list[Frame] = []
    subscribe = over_socket(site.wire, HEAVY)

    async def reader(frames: list[Frame]) -> None:
        async with subscribe(after) as subscription:
            await follow(subscription, frames)

    async with AsyncExitStack() as stack:
        late_one = await stack.enter_async_context(subscribe(after)) if with_slow else None
        if late_one is not None:
            late_one.narrow()
        await together(*(reader(frames) for frames in told), changes.make())
        if late_one is not None:
            await follow(late_one, slow)
    for number, frames in enumerate(told):
        expect_exactly(f"reader {number}", changes.cursors, _ours(site, frames))
    if with_slow:
        expect_exactly("the one that did not read", changes.cursors, _ours(site, slow))
    return _latencies(changes, told), len(slow)


def _ours(site: Site, frames: list[Frame]) -> list[str]:
    """The cursors of frames about our thing; this stream has what happens to others, too."""
    return [frame.cursor for frame in frames if frame.data.get("keywordSetId") == site.own.id]


def _latencies(changes: Changes, told: list[list[Frame]]) -> list[float]:
    """From the request of a change to its frame, in seconds, ascending."""
    asked = {each.cursor: each.asked for each in changes.made}
    return sorted(
        frame.at - asked[frame.cursor] for frames in told for frame in frames if frame.cursor in asked
    )


def _percentiles(latencies: Sequence[float]) -> str:
    return f"p50 {_ms(share(latencies, 0.5))} and p99 {_ms(share(latencies, 0.99))}"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


CHECKS = (
    Check("many subscribers", Family.LOAD, _fan_out, changes=True),
    Check("one that does not read", Family.LOAD, _slow_reader, changes=True),
)
