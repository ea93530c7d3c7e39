"""The file of keys: who may read it, and how it changes."""

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from auth.key_file import Key, change, fresh, make, read, state_of
from core.errors import Misconfigured


def add(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    return (fresh(), *keys)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make(tmp_path / "key")
    return tmp_path / "key"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_made_once_and_for_its_owner_only(path: Path) -> None:
    keys = read(path).keys
    make(path)
    assert read(path).keys == keys
    assert mode(path) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    path = tmp_path / "key"

    def keys(_: int) -> tuple[Key, ...]:
        make(path)
        return read(path).keys

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(keys, range(8))]
    assert found == [found[0]] * 8


def test_a_change_keeps_the_mode_and_the_old_keys_and_is_seen_as_one(path: Path) -> None:
    before = read(path)
    keys = change(path, add)
    assert keys[1:] == before.keys
    assert read(path).keys == keys
    assert mode(path) == 0o600
    assert read(path).state == state_of(path) != before.state
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_of_changes_at_once_none_is_lost(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [*pool.map(lambda _: change(path, add)[0], range(16))]
    assert set(made) < set(read(path).keys)
    assert len(read(path).keys) == 17


def test_a_change_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    before = path.read_bytes()

    def refuse(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        raise Misconfigured(f"{len(keys)} keys are enough.")

    with pytest.raises(Misconfigured, match="1 keys are enough"):
        change(path, refuse)
    assert path.read_bytes() == before
    assert len(change(path, add)) == 2


def test_a_process_killed_while_it_changes_the_file_leaves_it_whole_and_free(path: Path) -> None:
    before = path.read_bytes()
    program = (
        "import os, signal, sys; from pathlib import Path; from auth import key_file;"
        "key_file._sync = lambda _: None; Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "key_file.change(Path(sys.argv[1]), lambda keys: (key_file.fresh(), *keys))"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(change(path, add)) == 2
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_a_change_goes_through_a_link(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    keys = change(link, add)
    assert link.is_symlink()
    assert read(path).keys == keys


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_can_use_is_refused_with_what_mends_it(path: Path, bits: int) -> None:
    path.chmod(bits)
    with pytest.raises(Misconfigured, match=r"HELIOGRAPH_SECRET_KEY_FILE: .*others.*`chmod 600 "):
        read(path)
    with pytest.raises(Misconfigured, match="chmod 600"):
        change(path, add)


def test_a_file_that_its_owner_may_only_read_is_good(path: Path) -> None:
    path.chmod(0o400)
    assert len(read(path).keys) == 1


@pytest.mark.parametrize("content", [b"", b"\n", b"not a key\n", b"\xff\xfe", b"A" * 40])
def test_a_file_without_keys_is_refused_in_words(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"HELIOGRAPH_SECRET_KEY_FILE: .*must hold Fernet keys"):
        read(path)


def test_the_same_key_twice_is_one(path: Path) -> None:
    path.write_bytes(2 * (Fernet.generate_key() + b"\n"))
    assert len(read(path).keys) == 1


def test_a_file_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"HELIOGRAPH_SECRET_KEY_FILE: .*No such file"):
        make(tmp_path / "nowhere" / "key")


def test_the_file_stays_with_its_owner_whoever_changes_it(path: Path) -> None:
    # Only root may give a file away; for everybody else it is their own before and after.
    if os.geteuid() == 0:
        os.chown(path, 12345, 12346)
    owner = path.stat()
    change(path, add)
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (owner.st_uid, owner.st_gid, 0o600)
