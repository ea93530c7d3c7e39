"""The program in this process, or really started."""

import json
import logging
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from cli.main import main

PROGRAM = [sys.executable, "-m", "cli"]
ROOT = Path(__file__).parents[3]
PARTS = "{ personas(first: 9) { nodes { id type } } keywordSets(first: 9) { nodes { id } } }"


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


def answer(address: str, token: str, query: str) -> object:
    """What the API says."""
    request = urllib.request.Request(
        address,
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


class Demo(NamedTuple):
    """A running demo: where, an admin's token, and the input of a campaign over its world."""

    url: str
    token: str
    draft: dict[str, Any]

    def named(self, name: str) -> str:
        """The input of a campaign with this name, as JSON."""
        return json.dumps({**self.draft, "name": name})


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    started = Started(
        ["serve", "--demo", "--demo-dir", str(folder / "d"), "--port", "0", "--demo-names", "0"], folder
    )
    try:
        started.read_until("Workers")
        url, _, token = started.rows["GraphiQL"].partition("#token=")
        yield Demo(url, token, draft(answer(url, token, PARTS)))
        assert started.end(signal.SIGTERM) == 0, started.errors
    finally:
        started.process.kill()
        started.process.wait()
        assert started.process.stdout is not None
        started.process.stdout.close()


def draft(parts: Any) -> dict[str, Any]:
    personas = {each["type"]: each["id"] for each in parts["data"]["personas"]["nodes"]}
    sets = [each["id"] for each in parts["data"]["keywordSets"]["nodes"]]
    return {
        "name": "Draft",
        "mode": "FULL_SEQUENCE",
        "generation": {
            "patternType": "PREFIX",
            "characterSet": "abcdefghijklmnopqrst",
            "constant": "beacon",
            "tlds": [".test"],
            "prefixLength": 2,
            "count": "100",
        },
        "dns": {"personaIds": [personas["DNS"]]},
        "http": {"personaIds": [personas["HTTP"]], "keywordSetIds": sets},
    }


@pytest.fixture
def asking(demo: Demo, heliograph: Heliograph, monkeypatch: pytest.MonkeyPatch) -> Heliograph:
    """The program, told where the demo is."""
    monkeypatch.setenv("HELIOGRAPH_URL", demo.url)
    monkeypatch.setenv("HELIOGRAPH_TOKEN", demo.token)
    return heliograph
