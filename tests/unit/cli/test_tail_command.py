"""`heliograph tail` against a real server: what it prints, where, and how it exits."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from events import cursor
from tests.unit.cli.conftest import PROGRAM, ROOT, Demo, Ended, Heliograph, answer


def make(demo: Demo, name: str) -> str:
    """Makes a keyword set; gives the cursor of that."""
    given = f'{{ name: "{name}", rules: [{{ pattern: "x" }}] }}'
    fields = "... on CreateKeywordSetPayload { cursor }"
    answered: Any = answer(
        demo.url, demo.token, f"mutation {{ createKeywordSet(input: {given}) {{ {fields} }} }}"
    )
    made: str = answered["data"]["createKeywordSet"]["cursor"]
    return made


def lines(ended: Ended) -> list[dict[str, Any]]:
    assert (ended.code, ended.err) == (0, "")
    return [json.loads(line) for line in ended.out.splitlines()]


def named(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["data"]["name"] for frame in frames]


@contextmanager
def following(demo: Demo, *arguments: str, **where: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The program as a process of its own."""
    process = subprocess.Popen(
        [*PROGRAM, "tail", *arguments],
        cwd=ROOT,
        env={"HELIOGRAPH_URL": demo.url, "HELIOGRAPH_TOKEN": demo.token, "TERM": "xterm", "COLUMNS": "80"},
        stderr=subprocess.PIPE,
        **where,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("activity",), "ActivitySnapshot"),
        (("activity", "--kind", "proxy-added", "--about", "proxy"), "ActivitySnapshot"),
        (("activity", "--campaign", "Followed"), "ActivitySnapshot"),
        (("campaign", "Followed", "--max-rate", "0.5"), "CampaignSnapshot"),
        (("campaigns", "--status", "draft", "--search", "Foll"), "CampaignListSnapshot"),
        (("domains", "Followed", "--kind", "resolved"), "DomainSnapshot"),
        (("proxies", "--proxy", "Demo http"), "ProxySnapshot"),
        (("resources", "--kind", "persona", "--kind", "settings"), "ResourceSnapshot"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else given,
)
def test_a_stream_opens_with_its_snapshot(
    asking: Heliograph, demo: Demo, arguments: tuple[str, ...], kind: str
) -> None:
    Path("draft.json").write_text(demo.named("Followed"))
    if '"Followed"' not in asking("campaign", "list", "--json").out:
        assert asking("campaign", "create", "draft.json").code == 0
    (frame,) = lines(asking("tail", *arguments, "--count", "1"))
    assert (frame["frame"], frame["type"], frame["at"]) == ("snapshot", kind, None)
    if kind == "ProxySnapshot":
        assert [proxy["name"] for proxy in frame["data"]["proxies"]] == ["Demo http"]
    if kind == "CampaignListSnapshot":
        assert [campaign["name"] for campaign in frame["data"]["campaigns"]] == ["Followed"]


def test_a_later_follower_goes_on_where_the_earlier_one_was(asking: Heliograph, demo: Demo) -> None:
    begin = make(demo, "one")
    for name in ("two", "three", "four"):
        make(demo, name)
    sets = ("tail", "resources", "--kind", "keyword_set", "--state", "state")
    assert named(lines(asking(*sets, "--after", begin, "--count", "2"))) == ["two", "three"]
    # What is in the file counts, and not what the whole series began with.
    assert named(lines(asking(*sets, "--after", begin, "--count", "1"))) == ["four"]
    assert [path.name for path in Path.cwd().iterdir()] == ["state"]


def test_a_campaign_is_followed_by_what_it_is_and_not_by_its_name(asking: Heliograph, demo: Demo) -> None:
    """The file remembers which one it was, so what became of it is told to its end, and then that it is gone."""
    Path("draft.json").write_text(demo.named("Short-lived"))
    made = json.loads(asking("campaign", "create", "draft.json", "--json").out)
    follow = ("tail", "campaign", "Short-lived", "--state", "state")
    assert [frame["type"] for frame in lines(asking(*follow, "--count", "1"))] == ["CampaignSnapshot"]
    answer(
        demo.url,
        demo.token,
        f'mutation {{ deleteCampaign(input: {{ id: "{made["id"]}" }}) {{ __typename }} }}',
    )
    assert [frame["type"] for frame in lines(asking(*follow))] == ["CampaignDeleted"]
    ended = asking(*follow)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "heliograph tail: No campaign with this id is visible to you\n"


def test_a_reset_is_a_frame_and_a_line(asking: Heliograph, demo: Demo) -> None:
    foreign = cursor.encode("0123456789ab", 1, 2)
    ended = asking("tail", "resources", "--after", foreign, "--count", "1")
    frame = json.loads(ended.out)
    assert (ended.code, frame["frame"], frame["type"]) == (0, "reset", "StreamReset")
    assert (frame["data"]["reason"], frame["data"]["snapshot"]["__typename"]) == (
        "LOG_REPLACED",
        "ResourceSnapshot",
    )
    assert "the log is not the one that the cursor is of" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("campaign", "nowhere"), 1, "There is no campaign with the id or name 'nowhere' that you may see."),
        (("proxies", "--pool", "nowhere"), 1, "There is no proxy pool with the id or name 'nowhere' that"),
        (("bulk", "nowhere"), 1, "No bulk operation with this id is visible to you"),
        (("activity", "--after", "yesterday"), 2, "This is no cursor of a stream"),
        (("activity", "--kind", "moon-rise"), 2, "Value 'MOON_RISE' does not exist in 'ActivityKind' enum"),
        (("activity", "--token", "nonsense"), 2, "wants a valid token"),
        (("activity", "--url", "http://127.0.0.1:1"), 2, "does not answer (Connection refused)"),
        (("activity", "--state", "/nowhere/state", "--count", "1"), 2, "/nowhere/state cannot be written"),
        (("campaigns", "--max-rate", "-1"), 2, "maxRate"),
        (("activity", "--count", "0"), 2, "argument --count: must be a whole number, 1 or more"),
        (("domains", "x", "--kind", "sold"), 2, "argument --kind: invalid choice: 'SOLD'"),
        (("moons",), 2, "invalid choice: 'moons'"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_cannot_be_followed_is_one_line(
    asking: Heliograph, arguments: tuple[str, ...], code: int, told: str
) -> None:
    ended = asking("tail", *arguments)
    assert (ended.code, told in ended.err, len(ended.err.splitlines())) == (code, True, 1), ended


def test_a_closed_pipe_ends_it_quietly_even_if_nothing_happens(demo: Demo) -> None:
    with following(demo, "campaigns", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["type"] == "CampaignListSnapshot"
        process.stdout.close()
        assert (process.wait(10), process.stderr.read()) == (2, b"")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["TERM", "INT"])
def test_whoever_ends_it_finds_the_state_kept(
    demo: Demo, place: Path, how: signal.Signals, code: int
) -> None:
    begin, _, third = (make(demo, f"{how.name} {number}") for number in range(3))
    sets = ("resources", "--kind", "KEYWORD_SET", "--state", str(place / "state"), "--after", begin)
    with following(demo, *sets, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert named([json.loads(process.stdout.readline()) for _ in range(2)]) == [
            f"{how.name} 1",
            f"{how.name} 2",
        ]
        process.send_signal(how)
        assert (process.wait(10), process.stderr.read()) == (code, b"")
    assert json.loads((place / "state").read_text())["cursor"] == third


def test_on_a_terminal_a_follower_draws_rows(demo: Demo) -> None:
    begin = make(demo, "before")
    make(demo, "Drawn on a terminal")
    ours, theirs = os.openpty()
    with open(ours, "rb", closefd=True) as screen:
        with following(demo, "activity", "--after", begin, "--count", "1", stdout=theirs) as process:
            assert process.stderr is not None
            assert (process.wait(10), process.stderr.read()) == (0, b"")
        drawn = os.read(screen.fileno(), 1 << 16).decode()
        os.close(theirs)
    assert "KEYWORD_SET_CREATED" in drawn
    assert "keyword set" in drawn
    assert "Drawn on a terminal" in drawn
    assert not drawn.startswith("{")
