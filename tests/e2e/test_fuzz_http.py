"""A small run of `bench/fuzz_http`: hostile requests bring about nothing but refusals; memory takes longer to judge."""

from collections.abc import Callable
from pathlib import Path

from bench.fuzz_http.__main__ import measure, told

SECONDS = 5.0
SEED = 20260901


async def test_hostile_requests_are_refused_and_nothing_else(
    tmp_path: Path, tell: Callable[[object], None]
) -> None:
    course = await measure(tmp_path, SECONDS, SEED)
    tell("\n".join(f"{each.what}: {each.value}" for each in told(course, SECONDS)))
    assert course.findings.defects == []
    assert course.errors == []
    assert course.verdict.clean
    assert course.findings.by_class().keys() <= {"2xx", "4xx", "closed"}
    assert course.findings.attempts > 20
