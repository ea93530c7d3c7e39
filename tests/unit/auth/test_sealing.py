"""Secrets at rest."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from auth.key_file import change, fresh, named
from auth.sealing import SealBroken, Sealer


def rotate(path: Path) -> None:
    change(path, lambda keys: (fresh(), *keys))


def test_what_is_sealed_opens_again_and_cannot_be_read(tmp_path: Path) -> None:
    sealer = Sealer.from_file(tmp_path / "key")
    sealed = sealer.seal("pässword")
    assert "pässword".encode() not in sealed
    assert sealer.open(sealed) == "pässword"
    assert sealer.seal("pässword") != sealed


def test_sealed_text_says_which_key_it_needs_and_nothing_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealer = Sealer.from_file(path)
    sealed = sealer.seal("secret")
    assert sealed.startswith(f"key:{sealer.key_ids[0]}:".encode())
    assert sealer.key_of(sealed) == sealer.key_ids[0]
    assert sealer.key_ids[0].encode() not in path.read_bytes()


def test_a_secret_of_before_there_were_ids_opens_with_any_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    Sealer.from_file(path)
    old = Fernet(path.read_bytes().strip()).encrypt(b"old")
    rotate(path)
    sealer = Sealer.from_file(path)
    assert sealer.open(old) == "old"
    assert sealer.key_of(old) == sealer.key_ids[1]


def test_a_key_on_top_seals_and_the_one_below_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "key"
    old = Sealer.from_file(path).seal("old")
    new_key = Fernet.generate_key()
    path.write_bytes(new_key + b"\n" + path.read_bytes())
    both = Sealer.from_file(path)
    assert both.open(old) == "old"
    assert Sealer([new_key]).open(both.seal("new")) == "new"


def test_a_process_opens_what_a_key_sealed_that_was_made_after_its_start(tmp_path: Path) -> None:
    path = tmp_path / "key"
    running = Sealer.from_file(path)
    old = running.seal("old")
    rotate(path)
    new = Sealer.from_file(path).seal("new")
    assert [running.open(sealed) for sealed in (new, old)] == ["new", "old"]


def test_a_process_seals_with_the_newest_key_as_soon_as_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "key"
    running = Sealer.from_file(path)
    before = running.key_ids
    rotate(path)
    assert running.key_of(running.seal("secret")) not in before
    assert running.key_ids[1:] == before


def test_a_file_that_is_gone_or_spoilt_leaves_a_process_the_keys_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "key"
    running = Sealer.from_file(path)
    path.write_bytes(b"spoilt")
    sealed = running.seal("secret")
    path.unlink()
    assert running.open(running.seal("secret")) == running.open(sealed) == "secret"
    with pytest.raises(SealBroken):
        running.open(Sealer([Fernet.generate_key()]).seal("secret"))


def test_a_key_that_was_taken_away_opens_nothing_any_more(tmp_path: Path) -> None:
    path = tmp_path / "key"
    old = Sealer.from_file(path).seal("secret")
    rotate(path)
    change(path, lambda keys: keys[:1])
    with pytest.raises(SealBroken):
        Sealer.from_file(path).open(old)


def test_threads_may_seal_while_keys_change(tmp_path: Path) -> None:
    path = tmp_path / "key"
    running = Sealer.from_file(path)
    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(running.seal, str(number)) for number in range(200)]
        for _ in range(5):
            rotate(path)
    last = Sealer.from_file(path)
    assert [last.open(one.result()) for one in work] == [str(number) for number in range(200)]


def test_a_secret_of_another_key_does_not_open(tmp_path: Path) -> None:
    sealed = Sealer.from_file(tmp_path / "one").seal("secret")
    with pytest.raises(SealBroken):
        Sealer.from_file(tmp_path / "two").open(sealed)


@pytest.mark.parametrize("damage", [b"", b"key:", b"key::", b"key:\xff:x", b"plain", b"key:00000000:gAAAA"])
def test_what_no_key_sealed_is_refused(tmp_path: Path, damage: bytes) -> None:
    with pytest.raises(SealBroken):
        Sealer.from_file(tmp_path / "key").open(damage)


def test_a_secret_under_the_name_of_another_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    sealed = Sealer.from_file(path).seal("secret")
    rotate(path)
    sealer = Sealer.from_file(path)
    new, old = (key_id.encode() for key_id in sealer.key_ids)
    with pytest.raises(SealBroken):
        sealer.open(sealed.replace(old, new))


def test_repr_shows_no_key(tmp_path: Path) -> None:
    assert repr(Sealer.from_file(tmp_path / "key")) == "<Sealer 1 keys>"
    assert named(b"x" * 44).id != named(b"y" * 44).id
