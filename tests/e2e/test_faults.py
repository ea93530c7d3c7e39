"""A minute of faults on each stack, by the code of `make bench NAME=faults`, with fewer clients and a lower rate.

The suite runs several such processes beside one another on two cores, which is about half a core for each run here. The
bench has 200 + 50 clients and 200 commits a second, and both cores.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.faults.run import KITS, Size, run

# Twice as many faults as in the bench's minute, so that nearly every kind of them comes.
SMALL = Size(seconds=60, clients=36, sse=14, rate=30, mutations=10, every=2.5)
SEEDS = {"postgres": 42, "sqlite": 13}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("stack", sorted(KITS))
async def test_a_minute_of_faults(stack: str, tmp_path: Path, tell: Callable[[object], None]) -> None:
    found = await run(KITS[stack], SEEDS[stack], SMALL, tmp_path / "run", tell)
    tell(found)
    tell(found.cpu)
    assert found.wrong == []
    assert found.good
    assert found.complaints == []
    assert found.deliveries > found.events
