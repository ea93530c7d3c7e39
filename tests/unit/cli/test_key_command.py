"""Keys as an operator changes them."""

import json
import re
import stat
from pathlib import Path

import pytest

from auth.sealing import Sealer
from tests.unit.cli.conftest import Heliograph

ID = r"[0-9a-f]{8}"


@pytest.fixture(autouse=True)
def path(place: Path, heliograph: Heliograph) -> Path:
    """The key file of an installation that has been started once."""
    assert heliograph("migrate").code == 0
    Sealer.from_file(place / "heliograph.key")
    return place / "heliograph.key"


def keys(heliograph: Heliograph) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(heliograph("key", "list", "--json").out)["keys"]
    return found


def complaint(heliograph: Heliograph, *arguments: str) -> str:
    ended = heliograph("key", *arguments)
    assert (ended.code, ended.out) == (2, "")
    return ended.err


def test_the_list_says_which_key_seals_and_shows_no_key(heliograph: Heliograph, path: Path) -> None:
    heliograph("key", "rotate")
    listed = heliograph("key", "list")
    header, first, second = listed.out.splitlines()
    assert header.split() == ["ID", "SEALS", "SECRETS"]
    assert re.fullmatch(rf"{ID} +yes +0", first)
    assert re.fullmatch(rf"{ID} +0", second)
    assert all(line.decode() not in listed.out for line in path.read_bytes().split())
    assert listed.err == ""


def test_a_rotation_makes_a_key_and_prints_its_id_alone(heliograph: Heliograph, path: Path) -> None:
    (before,) = keys(heliograph)
    ended = heliograph("key", "rotate")
    assert ended.code == 0
    assert re.fullmatch(rf"{ID}\n", ended.out)
    assert ended.err.splitlines()[-1] == "0 secrets sealed anew."
    assert keys(heliograph) == [
        {"id": ended.out.strip(), "seals": True, "secrets": 0},
        {**before, "seals": False},
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_was_added_seals_only_when_it_is_told_to(heliograph: Heliograph) -> None:
    (first,) = keys(heliograph)
    added = heliograph("key", "add").out.strip()
    assert [key["id"] for key in keys(heliograph)] == [first["id"], added]
    assert heliograph("key", "rotate", "--to", added).out.strip() == added
    assert [key["id"] for key in keys(heliograph)] == [added, first["id"]]


def test_a_key_that_nothing_needs_can_be_dropped_and_no_other(heliograph: Heliograph) -> None:
    old = str(keys(heliograph)[0]["id"])
    assert f"{old} is the key that seals" in complaint(heliograph, "drop", old)
    new = heliograph("key", "rotate").out.strip()
    assert heliograph("key", "drop", old).out == f"The key {old} is gone.\n"
    assert [key["id"] for key in keys(heliograph)] == [new]
    assert f"no key {old}" in complaint(heliograph, "drop", old)
    assert f"no key {old}" in complaint(heliograph, "rotate", "--to", old)
    assert [key["id"] for key in keys(heliograph)] == [new]


def test_where_there_is_no_key_file_none_is_made(heliograph: Heliograph, path: Path) -> None:
    path.unlink()
    for verb in ("list", "rotate", "add"):
        assert "HELIOGRAPH_SECRET_KEY_FILE: there is no heliograph.key" in complaint(heliograph, verb)
    assert not path.exists()


@pytest.mark.parametrize("verb", ["list", "rotate", "add"])
def test_a_file_that_others_can_read_is_refused(heliograph: Heliograph, path: Path, verb: str) -> None:
    path.chmod(0o644)
    before = path.read_bytes()
    assert "chmod 600" in complaint(heliograph, verb)
    assert path.read_bytes() == before
