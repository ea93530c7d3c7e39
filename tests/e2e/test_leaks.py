"""A small run of `bench/leaks.py`: events and clients that are over leave nothing behind.

That twenty thousand events leave nothing in graphql-core is in `tests/unit/graph/test_memory.py`; this one is about
connections, which a real process has, with its sockets, tasks and descriptors.
"""

from collections.abc import Callable
from pathlib import Path

from bench.leaks import Scale, measure, told

SCALE = Scale(events=100, cycles=800, warm_events=50, warm_cycles=200)


async def test_events_and_clients_leave_nothing_behind(
    tmp_path: Path, tell: Callable[[object], None]
) -> None:
    figures = told(SCALE, await measure(SCALE, tmp_path))
    tell("\n".join(f"{each.what}: {each.value}" for each in figures))
    promised = [each for each in figures if each.met is not None]
    assert len(promised) == 6
    assert [each for each in promised if not each.met] == []
