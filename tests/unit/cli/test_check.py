"""`heliograph check` passes a server that is right, and each of its checks fails one that is not."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from cli.check import changing
from cli.check.check import Check, Failed, Family, Outcome, Result
from cli.check.judging import WrongFrames, judge, share
from cli.check.load import expect_not_later
from cli.check.running import CHECKS, OURS, run_all
from cli.check.site import PREFIX, Site, Sizes
from cli.remote import wire
from cli.remote.wire import Wire
from core.settings import load_client
from tests.unit.cli.conftest import PROGRAM, ROOT, Demo, Heliograph, answer
from tests.unit.cli.tampering import Json, Reply, Tamper, Tampering

SETS = "{ keywordSets(first: 100) { nodes { name } } }"
SMALL = ("--subscribers", "5", "--mutations", "10", "--rate", "1000")


def left_behind(demo: Demo) -> list[str]:
    """The names of keyword sets that a check has made and not removed."""
    answered: Any = answer(demo.url, demo.token, SETS)
    names = [node["name"] for node in answered["data"]["keywordSets"]["nodes"]]
    return [name for name in names if name.startswith(PREFIX)]


def viewer(demo: Demo) -> str:
    """A token of somebody who may only look."""
    made: Any = answer(
        demo.url,
        demo.token,
        'mutation { createToken(input: { name: "eyes", role: VIEWER }) { ... on CreateTokenPayload { secret } } }',
    )
    secret: str = made["data"]["createToken"]["secret"]
    return secret


def test_a_server_that_is_right_passes(asking: Heliograph, demo: Demo) -> None:
    ended = asking("check", demo.url, "--json", *SMALL)
    said = json.loads(ended.out)
    assert [check for check in said["checks"] if check["outcome"] != "passed"] == []
    assert (ended.code, ended.err, said["role"]) == (0, "", "ADMIN")
    assert said["counts"] == {"passed": len(CHECKS), "failed": 0, "left out": 0}
    assert [check["name"] for check in said["checks"]] == [check.name for check in CHECKS]
    assert left_behind(demo) == []


def test_a_viewer_gets_what_only_looks(asking: Heliograph, demo: Demo) -> None:
    ended = asking("check", demo.url, "--token", viewer(demo), "--only", "functional", "--only", "resume")
    assert (ended.code, ended.err) == (0, "")
    looking = sum(not check.changes for check in CHECKS)
    changing_ones = sum(check.changes and check.family is not Family.LOAD for check in CHECKS)
    assert ended.out.splitlines()[-1] == f"{looking} passed, {changing_ones} left out"
    assert ended.out.count("it changes something, and a viewer may not") == changing_ones


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--only", "moon"), "argument --only: invalid choice: 'moon'"),
        (("--subscribers", "0"), "argument --subscribers: must be a whole number from 1 to 10000"),
        (("--rate", "fast"), "argument --rate: must be a number from 0.1 to 10000"),
        (("--token", "nonsense"), "wants a valid token"),
        (("http://127.0.0.1:1",), "does not answer (Connection refused)"),
        (("moon",), "must be an http:// or https:// URL"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_cannot_be_looked_at_is_one_line_and_2(
    asking: Heliograph, arguments: tuple[str, ...], told: str
) -> None:
    ended = asking("check", *arguments)
    assert (ended.code, told in ended.err, len(ended.err.splitlines())) == (2, True, 1), ended


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_whoever_ends_it_early_finds_nothing_left_behind(demo: Demo, how: signal.Signals, code: int) -> None:
    ours, theirs = os.openpty()
    command = [*PROGRAM, "check", demo.url, "--only", "load", "--rate", "0.5"]
    env = {"HELIOGRAPH_TOKEN": demo.token, "TERM": "xterm"}
    # A shell that runs the tests behind its back lets them, and theirs, ignore an interruption.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=theirs, stderr=theirs) as process:
        try:
            while not left_behind(demo):
                assert process.poll() is None
            process.send_signal(how)
            assert process.wait(20) == code
        finally:
            process.kill()
    os.close(theirs)
    os.close(ours)
    assert left_behind(demo) == []


# What follows is wrong with a server, and which check says so.


def status(path: str, wrong: int) -> Tamper:
    def answers(request: web.Request, reply: Reply) -> Reply:
        return Reply(wrong, reply.headers, reply.body) if request.path == path else reply

    return Tamper(answers=answers)


def not_ready() -> Tamper:
    body = b'{"status": "not ready", "checks": {"channel": {"ok": false, "error": "gone"}}}'
    return Tamper(
        answers=lambda request, reply: Reply(503, reply.headers, body) if request.path == "/readyz" else reply
    )


def always(wrong: int, media: str | None = None) -> Tamper:
    """Every answer of the API has this status, and this media type."""

    def answers(request: web.Request, reply: Reply) -> Reply:
        headers = dict(reply.headers) if media is None else {"Content-Type": media}
        return Reply(wrong, headers, reply.body) if request.path == "/graphql" else reply

    return Tamper(answers=answers)


def no_typed_refusals() -> Tamper:
    def answers(_request: web.Request, reply: Reply) -> Reply:
        return Reply(
            reply.status,
            reply.headers,
            reply.body.replace(b'"ValidationError"', b'"CreateKeywordSetPayload"'),
        )

    return Tamper(answers=answers)


def nth(number: int, wrong: Callable[[Json], list[Json]]) -> Callable[[Json], list[Json]]:
    """Do something wrong to one event of the feed, the one of this number."""
    counter = count(1)

    def frames(payload: Json) -> list[Json]:
        is_event = next(iter(payload["data"].values())).get("__typename") == "ActivityAdded"
        return wrong(payload) if is_event and next(counter) == number else [payload]

    return frames


def drop() -> Tamper:
    return Tamper(frames=nth(9, lambda _payload: []))


def repeat() -> Tamper:
    return Tamper(frames=nth(9, lambda payload: [payload, payload]))


def swap() -> Tamper:
    """Every fifth event of a connection comes behind the next one."""

    def frames_anew() -> Callable[[Json], list[Json]]:
        held: list[Json] = []
        counter = count(1)

        def frames(payload: Json) -> list[Json]:
            if next(counter) % 5 == 0:
                held.append(payload)
                return []
            return [payload, *(held.pop() for _ in held[:1])]

        return frames

    return Tamper(frames_anew=frames_anew)


def differ() -> Tamper:
    def other(payload: Json) -> list[Json]:
        field = payload["data"]["activity"]
        return [
            {**payload, "data": {"activity": {**field, "activity": {**field["activity"], "summary": "Moon"}}}}
        ]

    return Tamper(frames=nth(9, other))


def no_extensions() -> Tamper:
    return Tamper(frames=lambda payload: [{name: payload[name] for name in payload if name != "extensions"}])


def no_snapshot() -> Tamper:
    return Tamper(
        frames=lambda payload: (
            [] if next(iter(payload["data"].values())).get("__typename") == "ActivitySnapshot" else [payload]
        )
    )


def forgets_cursors() -> Tamper:
    return Tamper(asked=lambda variables: {**variables, "after": None} if "after" in variables else variables)


def resets_always() -> Tamper:
    """Whoever comes back gets what is said to be a reset."""
    foreign = "ApXrOTxrxgAAAAAAAAABAAAAAQ"
    return Tamper(asked=lambda given: {**given, "after": foreign} if given.get("after") else given)


def no_pong() -> Tamper:
    return Tamper(messages=lambda message: [{"type": "pang"}] if message["type"] == "pong" else [message])


BROKEN: dict[str, tuple[str, Tamper, str | re.Pattern[str]]] = {
    "dead": ("healthz", status("/healthz", 500), "the status of /healthz is 500, not 200"),
    "not ready": ("readyz", not_ready(), "/readyz answers 503, not ready: {'channel'"),
    "another media type": ("HTTP: media types", always(200, "text/plain"), "the media type is 'text/plain'"),
    "200 for everything": ("HTTP: what is not in order", always(200), "a bad document: the status is 200, not 400"),
    "GET changes things": ("HTTP: GET", always(200), "a mutation: the status is 200, not 405"),
    "everybody may ask": ("HTTP: who is not known", always(200), "an unknown token: the status is 200, not 401"),
    "untyped": ("a refusal is typed", no_typed_refusals(), "an empty name was answered with CreateKeywordSetPayload"),
    "no pong": ("WebSocket: handshake, ping, a query", no_pong(), "the answer to a ping is 'pang'"),
    "closes with 1000": (
        "WebSocket: close codes", Tamper(close=lambda _code: 1000), "another subprotocol: the close code is 1000",
    ),
    "no cursor": (
        "WebSocket: a stream opens with its snapshot", no_extensions(), "a ActivitySnapshot has no cursor in its ext",
    ),
    "no id": (
        "SSE: a stream opens with its snapshot", Tamper(idents=lambda _id: "x"), "the id of an event is 'x'",
    ),
    "no snapshot": ("WebSocket: snapshot, then our change", no_snapshot(), "nothing came for 1 s"),
    "no snapshot over SSE": ("SSE: snapshot, then our change", no_snapshot(), "nothing came for 1 s"),
    "drops": ("WebSocket: cut again and again", drop(), "1 missing, 0 duplicated, 0 reordered, 0 foreign"),
    "repeats": ("SSE: cut again and again", repeat(), "0 missing, 1 duplicated, 0 reordered, 0 foreign"),
    "forgets": ("SSE: cut again and again", forgets_cursors(), re.compile(r"[1-9]\d* (duplicated|foreign)")),
    "resets": ("WebSocket: cut again and again", resets_always(), "the stream began anew: LOG_REPLACED"),
    "misses the first": ("a query, then what follows its cursor", drop(), "1 missing"),
    "swaps": ("equal subscribers get equal frames", swap(), re.compile(r"[1-9]\d* reordered")),
    "tells something else": ("equal subscribers get equal frames", differ(), "have equal cursors and differ"),
    "takes any cursor": ("WebSocket: a cursor of another log", forgets_cursors(), "not 'StreamReset'"),
    "takes any id": ("SSE: a cursor of another log", forgets_cursors(), "is 'ActivitySnapshot', not 'StreamReset'"),
    "takes any text": ("a text that is no cursor", forgets_cursors(), "is 'next', not 'error'"),
    "drops one of many": ("many subscribers", drop(), "1 missing"),
    "one stops all": ("one that does not read", Tamper(one_at_a_time=True), re.compile(r"[1-9]\d* missing")),
}  # fmt: skip


STALLING = frozenset({"no snapshot", "no snapshot over SSE", "swaps", "one stops all"})


def named(name: str) -> Check:
    (found,) = [check for check in CHECKS if check.name == name]
    return found


async def looked_at(demo: Demo, tamper: Tamper, *checks: Check) -> list[Result]:
    told: list[Result] = []
    async with (
        Tampering.open(demo.url.removesuffix("/graphql"), tamper) as between,
        Wire.open(load_client(url=between.url, token=demo.token)) as seen,
    ):
        await run_all(Site(seen, Sizes(5, 10, 1000.0)), checks, told.append, may_change=True)
    return told


@pytest.mark.parametrize("wrong", BROKEN)
async def test_a_server_that_is_wrong_fails_the_right_check(
    demo: Demo, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wrong in STALLING:
        # What does not come is missed after a moment.
        monkeypatch.setattr(changing, "ARRIVAL_SECONDS", 1.0)
        monkeypatch.setattr(wire, "ANSWER_SECONDS", 1.0)
    name, tamper, words = BROKEN[wrong]
    (result,) = await looked_at(demo, tamper, named(name))
    assert result.outcome is Outcome.FAILED
    pattern = words if isinstance(words, re.Pattern) else re.compile(re.escape(words))
    assert pattern.search(result.detail), result.detail
    assert await asyncio.to_thread(left_behind, demo) == []


def test_each_check_fails_some_server() -> None:
    assert {check.name for check in CHECKS} - {name for name, _, _ in BROKEN.values()} == set()


async def test_what_passes_everything_on_passes(demo: Demo) -> None:
    """The server between is no cause of a failure by itself."""
    quick = [check for check in CHECKS if check.family is not Family.LOAD]
    told = await looked_at(demo, Tamper(), *quick)
    assert [result for result in told if result.outcome is not Outcome.PASSED or not result.detail] == []
    assert len(told) == len(quick)


async def test_who_can_make_nothing_is_told_and_looks_on(demo: Demo) -> None:
    told: list[Result] = []
    checks = [named("healthz"), named("WebSocket: snapshot, then our change")]
    async with Wire.open(load_client(url=demo.url, token=viewer(demo))) as seen:
        await run_all(Site(seen, Sizes(1, 1, 1.0)), checks, told.append, may_change=True)
    assert [(result.name, result.outcome) for result in told] == [
        (OURS, Outcome.FAILED),
        ("healthz", Outcome.PASSED),
        ("WebSocket: snapshot, then our change", Outcome.LEFT_OUT),
    ]
    assert "ForbiddenError" in told[0].detail


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("abcd", WrongFrames(0, 0, 0, 0)),
        ("abd", WrongFrames(1, 0, 0, 0)),
        ("abbcd", WrongFrames(0, 1, 0, 0)),
        ("abcdab", WrongFrames(0, 2, 0, 0)),
        ("acbd", WrongFrames(0, 0, 1, 0)),
        ("abxcxd", WrongFrames(0, 0, 0, 2)),
        ("", WrongFrames(4, 0, 0, 0)),
    ],
)
def test_the_judge_counts_each_fault(told: str, wrong: WrongFrames) -> None:
    assert judge("abcd", told) == wrong
    assert wrong.is_clean is (told == "abcd")


@pytest.mark.parametrize(("late", "is_right"), [(0.0, True), (0.25, True), (0.3, False), (5.0, False)])
def test_a_reader_that_does_not_read_may_make_nobody_late(late: float, is_right: bool) -> None:
    """The half of the latencies counts: a single late frame is the machine's."""
    without = [0.01] * 99 + [0.4]
    beside = [0.01 + late] * 60 + [9.0] * 40
    with nullcontext() if is_right else pytest.raises(Failed, match=r"a p50 of 280\.0 ms would do"):
        expect_not_later(without, beside)


def test_a_share_of_values_does_not_exceed_what_is_given() -> None:
    values = [float(number) for number in range(100)]
    assert (share(values, 0.5), share(values, 0.99), share([3.0], 0.99)) == (50.0, 99.0, 3.0)
