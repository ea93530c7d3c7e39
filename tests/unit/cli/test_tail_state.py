"""The file that says how far a follower is: when it is written, and whose it is."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.tail import state
from cli.tail.state import Place, StateFile
from core.errors import Misconfigured
from events import cursor
from tests.integration.waiting import until

VARIABLES = {"filter": {"kinds": ["A"]}}
ASKED = {"kind": ["A"], "campaign": None}


def opened(path: Path, stream: str = "activity", asked: dict[str, Any] | None = None) -> StateFile:
    return StateFile(path, stream, ASKED if asked is None else asked)


def cursor_in(path: Path) -> str:
    text: str = json.loads(path.read_text())["cursor"]
    return text


def files(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


async def test_the_first_frame_is_kept_at_once_and_the_last_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with opened(path).kept(VARIABLES) as keep:
        assert not path.exists()
        keep("one")
        assert cursor_in(path) == "one"
        keep("two")
        keep("three")
        # The file is written some times a second at most.
        assert cursor_in(path) == "one"
    assert cursor_in(path) == "three"
    assert files(tmp_path) == ["state"]
    assert opened(path).found == Place("activity", ASKED, VARIABLES, "unknown", "three")


async def test_a_frame_that_nothing_follows_is_kept_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "PAUSE_SECONDS", 0.01)
    path = tmp_path / "state"
    with opened(path).kept(VARIABLES) as keep:
        keep("one")
        keep("two")
        await until(lambda: cursor_in(path) == "two")


async def test_the_end_of_a_block_is_kept_whatever_ended_it(tmp_path: Path) -> None:
    path = tmp_path / "state"

    async def follow() -> None:
        with opened(path).kept(VARIABLES) as keep:
            keep("one")
            keep("two")
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(follow(), 0.01)
    assert cursor_in(path) == "two"


async def test_the_file_names_the_log(tmp_path: Path) -> None:
    path = tmp_path / "state"
    text = cursor.encode("0123456789ab", 7, 8)
    with opened(path).kept(VARIABLES) as keep:
        keep(text)
    assert json.loads(path.read_text())["log"] == "0123456789ab"


async def test_nothing_is_written_where_nothing_came(tmp_path: Path) -> None:
    with opened(tmp_path / "state").kept(VARIABLES):
        pass
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("stream", "asked", "told"),
    [
        ("campaigns", {"status": None}, "not of `tail campaigns`"),
        ("activity", {"kind": ["B"], "campaign": None}, 'not of `tail activity kind=["B"]`'),
    ],
)
async def test_a_file_of_another_stream_is_refused(
    tmp_path: Path, stream: str, asked: dict[str, Any], told: str
) -> None:
    path = tmp_path / "state"
    with opened(path).kept(VARIABLES) as keep:
        keep("one")
    with pytest.raises(Misconfigured, match=re.escape(f'is of `tail activity kind=["A"]`, {told}')):
        opened(path, stream, asked)
    assert cursor_in(path) == "one"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b'{"stream": "activity"}', b"[1]"], ids=range(5)
)
def test_what_is_no_state_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match="is no state file"):
        opened(path)
    assert path.read_bytes() == content


async def test_a_file_that_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"cannot be read \(Is a directory\)"):
        opened(tmp_path)
    nowhere = opened(tmp_path / "no" / "state")
    with (
        pytest.raises(Misconfigured, match=r"cannot be written \(No such file or directory\)"),
        nowhere.kept(VARIABLES) as keep,
    ):
        keep("one")
