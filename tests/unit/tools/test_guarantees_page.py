"""The page of guarantees says what the results say, and that there is none where there is none."""

from pathlib import Path

import msgspec

from bench.report import Figure, Result
from tools.guarantees_page import ALSO, OTHERS, PROMISES, promises
from tools.results import NOT_RUN

RESULT = Result(
    name="leaks-short",
    claim="Nothing is left behind.",
    command="make bench NAME=leaks",
    figures=[
        Figure(what="tasks", value="3", goal="3", met=True),
        Figure(what="memory", value="+9 MB", goal="+1 MB", met=False),
        Figure(what="a|b", value="7"),
    ],
    revision="abc1234",
    at="2026-11-26 07:00 UTC",
    machine="2 cores",
    seconds=12.5,
)


def keep(folder: Path, result: Result) -> None:
    (folder / f"{result.name}.json").write_bytes(msgspec.json.encode(result))


def test_a_bench_without_a_result_is_not_run_yet(tmp_path: Path) -> None:
    page = promises(tmp_path)
    assert page.count(NOT_RUN) == len(PROMISES) + len(ALSO)
    assert page.startswith("## 1. Faults")
    assert '`make bench NAME=faults ARGS="--stack sqlite --seeds 10 --keep"`' in page
    assert '`make bench NAME=retention ARGS="--keep"`' in page.partition(OTHERS)[2]


def test_a_result_stands_under_its_promise_with_goal_and_verdict(tmp_path: Path) -> None:
    keep(tmp_path, RESULT)
    page = promises(tmp_path)
    assert page.count(NOT_RUN) == len(PROMISES) + len(ALSO) - 1
    section = page.partition("## 7. Leaks")[2].partition(OTHERS)[0]
    assert "\n\nNothing is left behind.\n\n" in section
    assert "###" not in section
    assert "`make bench NAME=leaks` at revision `abc1234`, 2026-11-26 07:00 UTC, 2 cores, 12.5 s." in section
    assert "| tasks | 3 | 3 | met |" in section
    assert "| memory | +9 MB | +1 MB | **missed** |" in section
    assert "| a\\|b | 7 |  |  |" in section


def test_a_result_of_no_promise_is_told_too(tmp_path: Path) -> None:
    keep(tmp_path, msgspec.structs.replace(RESULT, name="leakage"))
    page = promises(tmp_path)
    assert page.count(NOT_RUN) == len(PROMISES) + len(ALSO)
    assert "### `leakage`\n\nNothing is left behind.\n\n" in page.partition(OTHERS)[2]


def test_results_of_one_promise_have_their_names_above_them_and_its_claim_once(tmp_path: Path) -> None:
    (leaks,) = [each for each in PROMISES if each.bench == "leaks"]
    keep(tmp_path, RESULT)
    keep(tmp_path, msgspec.structs.replace(RESULT, name="leaks", claim=leaks.claim))
    page = promises(tmp_path)
    assert page.count(leaks.claim) == 1
    assert [name for name in ("leaks", "leaks-short") if f"### `{name}`" in page] == ["leaks", "leaks-short"]
