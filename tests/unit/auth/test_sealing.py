"""Secrets at rest."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from auth.sealing import SealBroken, Sealer
from core.errors import Misconfigured


def test_what_is_sealed_opens_again_and_cannot_be_read(tmp_path: Path) -> None:
    sealer = Sealer.from_file(tmp_path / "key")
    sealed = sealer.seal("pässword")
    assert "pässword".encode() not in sealed
    assert sealer.open(sealed) == "pässword"
    assert sealer.seal("pässword") != sealed


def test_the_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = Sealer.from_file(path).seal("secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Sealer.from_file(path).open(sealed) == "secret"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        sealers = [*pool.map(Sealer.from_file, [path] * 8)]
    sealed = sealers[0].seal("secret")
    assert [sealer.open(sealed) for sealer in sealers] == ["secret"] * 8


def test_a_key_on_top_seals_and_the_one_below_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "key"
    old = Sealer.from_file(path).seal("old")
    new_key = Fernet.generate_key()
    path.write_bytes(new_key + b"\n" + path.read_bytes())
    both = Sealer.from_file(path)
    assert both.open(old) == "old"
    assert Sealer([new_key]).open(both.seal("new")) == "new"


def test_a_secret_of_another_key_does_not_open(tmp_path: Path) -> None:
    sealed = Sealer.from_file(tmp_path / "one").seal("secret")
    with pytest.raises(SealBroken):
        Sealer.from_file(tmp_path / "two").open(sealed)


@pytest.mark.parametrize("content", [b"", b"\n", b"not a key\n", b"\xff\xfe", b"A" * 40])
def test_a_file_without_keys_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"HELIOGRAPH_SECRET_KEY_FILE: .*must hold Fernet keys"):
        Sealer.from_file(path)


def test_a_file_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"HELIOGRAPH_SECRET_KEY_FILE: .*No such file"):
        Sealer.from_file(tmp_path / "nowhere" / "key")


def test_repr_shows_no_key(tmp_path: Path) -> None:
    assert repr(Sealer.from_file(tmp_path / "key")) == "<Sealer 1 keys>"
