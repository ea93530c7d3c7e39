"""The program in this process, or really started."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from cli.main import main

PROGRAM = [sys.executable, "-m", "cli"]
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


Heliograph = Callable[..., Ended]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the test's own to be in, no settings in the environment, and the log as it was."""
    for name in [name for name in os.environ if name.startswith("HELIOGRAPH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def heliograph(capsys: pytest.CaptureFixture[str]) -> Heliograph:
    """Run a command to its end in this process."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


class Started:
    """The program as a process of its own, up to its start screen."""

    def __init__(self, arguments: Sequence[str], place: Path) -> None:
        self._errors = place / "errors"
        with self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*PROGRAM, *arguments],
                cwd=place,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self.rows: dict[str, str] = {}

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def read_until(self, label: str) -> None:
        """Read rows of the screen up to the one with this label."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            name, _, text = line.strip().partition(" ")
            self.rows[name] = text.strip()
            if name == label:
                return
        raise AssertionError(self.errors)

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(20)


@pytest.fixture
def start(place: Path) -> Iterator[Callable[..., Started]]:
    """Start the program as a process of its own."""
    started: list[Started] = []

    def run(*arguments: str) -> Started:
        started.append(Started(arguments, place))
        return started[-1]

    yield run
    for each in started:
        each.process.kill()
        each.process.wait()
        assert each.process.stdout is not None
        each.process.stdout.close()
