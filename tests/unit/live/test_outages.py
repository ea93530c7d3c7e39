"""What waits an outage out: when it tries again, and how much it says of it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from core.errors import Unavailable
from live.outages import through_outages

SECONDS = 0.02


class Out:
    """Something that fails so often, and when it was tried."""

    def __init__(self, times: int) -> None:
        self.tries: list[float] = []
        self._times = times

    async def __call__(self) -> int:
        self.tries.append(asyncio.get_running_loop().time())
        if len(self.tries) <= self._times:
            raise Unavailable("No database.")
        return len(self.tries)


async def test_the_log_hears_when_it_begins_and_when_it_is_over() -> None:
    with capture_logs() as logs:
        assert await through_outages(Out(50), "ticks", 0) == 51
    assert [(each["event"], each["field"]) for each in logs] == [
        ("stream_waits", "ticks"),
        ("stream_goes_on", "ticks"),
    ]
    assert (logs[0]["reason"], logs[1]["failures"]) == ("No database.", 50)


async def test_without_one_it_hears_nothing() -> None:
    with capture_logs() as logs:
        assert await through_outages(Out(0), "ticks") == 1
    assert logs == []


async def test_those_that_begin_to_wait_together_do_not_come_back_in_the_order_of_a_queue() -> None:
    outs, order = [Out(1) for _ in range(50)], list[Out]()

    async def wait(out: Out) -> None:
        await through_outages(out, "ticks", SECONDS)
        order.append(out)

    await asyncio.gather(*map(wait, outs))
    assert order != outs
    assert min(out.tries[1] - out.tries[0] for out in outs) >= SECONDS / 2 - 0.001


async def test_any_other_failure_is_not_waited_out() -> None:
    async def step() -> None:
        raise LookupError("nothing")

    with pytest.raises(LookupError, match="nothing"):
        await through_outages(step, "ticks")
