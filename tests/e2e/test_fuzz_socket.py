"""A small share of `bench/fuzz_socket/`: hostile frames bring about nothing but refusals.

Documents are left to the fuzz of HTTP, of which the tests have a share of their own.
"""

from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

from bench.fuzz_socket.__main__ import measure, told

SECONDS = 6


async def test_hostile_frames_bring_about_nothing_but_refusals(
    tmp_path: Path, tell: Callable[[object], None]
) -> None:
    seed = SystemRandom().randrange(1 << 32)
    course = await measure(tmp_path, SECONDS, seed, documents=False)
    figures = told(course, SECONDS)
    tell("\n".join(f"{each.what}: {each.value}" for each in figures))
    assert course.findings.defects == []
    # Memory takes longer to judge, and grows meanwhile.
    assert [each for each in figures if each.met is False and "memory" not in each.what] == []
