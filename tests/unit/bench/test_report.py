"""What a bench says of its own run."""

import argparse
import sys
from pathlib import Path

import pytest

from bench import report
from bench.guarantees import commands
from bench.report import Figure, keeping, tell
from tools.benchmarks_page import BENCHMARKS
from tools.guarantees_page import ALSO, PROMISES


def test_a_command_names_no_place_of_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    given = ["bench", "--stack", "postgres", "--folder", "somewhere/else", "--nginx", "some/sbin/nginx"]
    monkeypatch.setattr(sys, "argv", given)
    assert report.command().endswith('ARGS="--stack postgres --nginx nginx"')


@pytest.mark.parametrize(("given", "kept"), [([], []), (["--keep"], ["a-bench.json"])])
def test_only_who_says_so_takes_the_place_of_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], kept: list[str]
) -> None:
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    parser = argparse.ArgumentParser()
    keeping(parser)
    assert tell(
        "a bench", "It works.", [Figure(what="a", value="1")], 1.0, keep=parser.parse_args(given).keep
    )
    assert [each.name for each in tmp_path.iterdir()] == kept


def test_whoever_measures_a_page_keeps_all_of_it() -> None:
    runs = commands((*PROMISES, *ALSO, *BENCHMARKS), [])
    assert len(runs) > len(BENCHMARKS)
    assert [each for each in runs if each.count("--keep") != 1] == []
    assert commands(PROMISES, ["frozen"]) == [
        ["-m", "bench.frozen", "--keep"],
        ["-m", "bench.frozen", "--patient", "--keep"],
    ]
