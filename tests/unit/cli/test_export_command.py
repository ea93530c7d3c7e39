"""Where an export goes: all of it, or what was there before."""

from pathlib import Path

import pytest

from cli.remote.files import opened


def test_a_file_is_replaced_when_all_of_it_is_written(tmp_path: Path) -> None:
    out = tmp_path / "domains.csv"
    out.write_text("old")
    with opened(str(out)) as written:
        written.write("new")
        written.flush()
        assert out.read_text() == "old"
    assert out.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["domains.csv"]


def fail_half_way(out: Path) -> None:
    with opened(str(out)) as written:
        written.write("half")
        raise RuntimeError("the server went away")


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "domains.csv"
    out.write_text("old")
    with pytest.raises(RuntimeError):
        fail_half_way(out)
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["domains.csv"]
