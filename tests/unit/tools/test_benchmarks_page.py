"""The page of benchmarks has a section for each, and its picture a bar for each number."""

from pathlib import Path

import msgspec
import pytest

from bench.report import Figure, Result
from tools import bars
from tools.benchmarks_page import BENCHMARKS, picture, sections
from tools.guarantees_page import promises
from tools.results import NOT_RUN

RESULT = Result(
    name="fanout",
    claim="Cheap.",
    command="make bench NAME=fanout",
    figures=[Figure(what="steady: ours", value="9.5 µs", goal="at most 9 µs", met=False)],
    revision="abc1234",
    at="2026-11-26 14:00 UTC",
    machine="2 cores",
    seconds=12.5,
    series={"steady": {"heliograph": 9.5, "stock": 210.0}, "burst": {"heliograph": 1.25}, "one": {"x": 7.25}},
)


def keep(folder: Path, result: Result) -> None:
    (folder / f"{result.name}.json").write_bytes(msgspec.json.encode(result))


def test_a_benchmark_without_a_result_is_not_run_yet(tmp_path: Path) -> None:
    page = sections(tmp_path)
    assert page.count(NOT_RUN) == len(BENCHMARKS)
    assert '`make bench NAME=fanout ARGS="--keep"`' in page
    assert bars.EMPTY in picture(tmp_path)


def test_a_result_stands_here_and_not_among_the_guarantees(tmp_path: Path) -> None:
    keep(tmp_path, RESULT)
    assert "| steady: ours | 9.5 µs | at most 9 µs | **missed** |" in sections(tmp_path)
    assert "9.5 µs" not in promises(tmp_path)


def test_the_picture_has_a_bar_for_each_number(tmp_path: Path) -> None:
    keep(tmp_path, RESULT)
    drawn = picture(tmp_path)
    assert drawn.count(f'fill="{bars.OURS}"') == 2
    assert drawn.count(f'fill="{bars.OTHERS}"') == 1
    assert "7.25" not in drawn
    assert [
        each for each in ("9.5", "210", "1.25", "steady", "burst") if f">{each}</text>" not in drawn
    ] == []


@pytest.mark.parametrize(("value", "share"), [(1.0, 0.0), (10.0, 0.5), (100.0, 1.0)])
def test_a_bar_is_as_long_as_its_number_says(value: float, share: float) -> None:
    drawn = bars.drawn("", {"a": {"x": value, "low": 1.0, "high": 100.0}})
    width = share * (bars.WIDTH - bars.LEFT - bars.RIGHT)
    assert f'width="{width:.1f}" height="{bars.ROW - 6}" fill="{bars.OURS}"' in drawn
