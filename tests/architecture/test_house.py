"""The house is in order: every room is known and watched, files stay small, nothing points outside."""

import ast
import json
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture import house

MODULE_LINES = 400
TEST_LINES = 600

# Folders with Python that no contract is about.
OUTSIDE = frozenset({"tests", "bench", "tools"})
TESTS = frozenset({"tests", "bench"})

FORBIDDEN_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"})

# Folders of one machine, and hosts from which pages like to load their parts.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:root|home/\w|work|Users)/")
OUTSIDE_HOSTS = re.compile(r"unpkg|jsdelivr|cdnjs|esm\.sh|googleapis|gstatic|skypack")
SELF = Path(__file__).relative_to(house.ROOT)

# A migration is written once and then is history, however long.
HISTORY = Path("migrations/versions")

PIP_LOCKS = ("requirements/bootstrap.lock", "requirements/run.lock", "requirements/dev.lock")
NPM_LOCKS = (
    "web/ui/package-lock.json",
    "tests/browser/package-lock.json",
    "bench/fleet/package-lock.json",
    "bench/peers/package-lock.json",
)


def ours(path: Path) -> bool:
    return path.parts[0] in house.rooms()


def test_every_folder_with_python_is_a_room_that_the_linter_knows() -> None:
    folders = {path.parts[0] for path in house.files(".py") if len(path.parts) > 1}
    assert folders - OUTSIDE == set(house.rooms())


def test_every_room_is_in_the_wheel() -> None:
    wheel = house.project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(wheel) == sorted(house.rooms())


def test_every_folder_of_a_room_is_a_package() -> None:
    folders = {path.parent for path in house.files(".py") if ours(path)} - {HISTORY}
    assert [folder for folder in sorted(folders) if not (house.ROOT / folder / "__init__.py").is_file()] == []


def test_modules_stay_small() -> None:
    sizes = {
        str(path): house.lines(path)
        for path in house.files(".py")
        if path.parts[0] not in TESTS and path.parent != HISTORY
    }
    assert {path: size for path, size in sizes.items() if size > MODULE_LINES} == {}


def test_test_modules_stay_readable() -> None:
    sizes = {str(path): house.lines(path) for path in house.files(".py") if path.parts[0] in TESTS}
    assert {path: size for path, size in sizes.items() if size > TEST_LINES} == {}


def only_reexports(path: Path) -> bool:
    """Whether a module is a docstring, imports and `__all__`."""
    for node in ast.parse((house.ROOT / path).read_text()).body:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
                pass
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case _:
                return False
    return True


def test_a_package_file_only_reexports() -> None:
    assert [p for p in house.files(".py") if p.name == "__init__.py" and not only_reexports(p)] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in house.files(".py") if {path.stem, *path.parent.parts} & FORBIDDEN_NAMES]
    assert named == []


def test_no_room_hides_or_is_hidden_by_an_installed_package() -> None:
    installed = {
        package: names
        for package, names in packages_distributions().items()
        if package in {*house.rooms(), *OUTSIDE} and set(names) != {"heliograph"}
    }
    assert installed == {}
    assert set(house.rooms()) & sys.stdlib_module_names == set()


@pytest.mark.parametrize("lock", PIP_LOCKS)
def test_pip_locks_hold_names_versions_and_hashes_only(lock: str) -> None:
    text = (house.ROOT / lock).read_text()
    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")


@pytest.mark.parametrize("lock", NPM_LOCKS)
def test_npm_locks_name_no_registry(lock: str) -> None:
    packages = json.loads((house.ROOT / lock).read_text())["packages"]
    assert len(packages) > 5
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-")
        # What its authors say about themselves is no place to fetch from.
        assert "://" not in json.dumps({key: value for key, value in package.items() if key != "funding"}), (
            name
        )


def text_of(path: Path) -> str:
    return (house.ROOT / path).read_bytes().decode(errors="ignore")


def test_nothing_names_a_folder_of_one_machine() -> None:
    assert [str(path) for path in house.files() if path != SELF and MACHINE_PATHS.search(text_of(path))] == []


def test_nothing_loads_from_somebody_elses_host() -> None:
    assert [str(path) for path in house.files() if path != SELF and OUTSIDE_HOSTS.search(text_of(path))] == []
