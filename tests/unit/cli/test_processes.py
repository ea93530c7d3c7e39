"""The program as a user starts it."""

import json
import signal
from collections.abc import Callable
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.servers.redis import RedisServer
from tests.unit.cli.conftest import Heliograph, Started, answer

Start = Callable[..., Started]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_makes_a_database_and_a_token_once_and_ends_well(
    start: Start, place: Path, how: signal.Signals
) -> None:
    first = start("serve", "--port", "0")
    first.read_until("Workers")
    address, _, token = first.rows["GraphiQL"].partition("#token=")
    assert first.rows["Token"] == token
    assert first.rows["Database"] == "sqlite+aiosqlite:///heliograph.db"
    assert first.rows["Channel"] == "memory://"
    assert answer(address, token, "{ __typename }") == {"data": {"__typename": "Query"}}
    assert first.end(how) == 0
    assert token not in first.errors
    assert [json.loads(line)["path"] for line in first.errors.splitlines()] == ["/graphql"]

    second = start("serve", "--port", "0")
    second.read_until("Workers")
    assert second.rows["Token"].startswith("`heliograph token create` makes one")
    assert "#" not in second.rows["GraphiQL"]
    assert answer(second.rows["GraphiQL"], token, "{ __typename }") == {"data": {"__typename": "Query"}}
    assert second.end(how) == 0


def follow(address: str, token: str) -> HTTPResponse:
    """An open event stream."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    query = urlencode({"query": "subscription { activity { __typename } }"})
    response: HTTPResponse = urlopen(Request(f"{address}?{query}", headers=headers), timeout=10)
    while not response.readline().startswith(b"data:"):
        pass
    return response


def readiness(address: str) -> tuple[int, str]:
    try:
        with urlopen(address.replace("/graphql", "/readyz"), timeout=10) as found:
            return found.status, json.load(found)["status"]
    except HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)["status"]


def test_a_supervisor_lets_clients_leave_and_a_second_signal_does_not_wait(start: Start, place: Path) -> None:
    server = start("serve", "--port", "0", "--drain-seconds", "600")
    server.read_until("Workers")
    address, _, token = server.rows["GraphiQL"].partition("#token=")
    with follow(address, token) as first, follow(address, token):
        assert readiness(address) == (200, "ready")
        server.process.send_signal(signal.SIGTERM)
        assert b"complete" not in first.read()
        assert readiness(address) == (503, "draining")
        assert answer(address, token, "{ __typename }") == {"data": {"__typename": "Query"}}
        assert server.end(signal.SIGTERM) == -signal.SIGTERM


def test_ctrl_c_does_not_wait_for_clients(start: Start, place: Path) -> None:
    server = start("serve", "--port", "0", "--drain-seconds", "600")
    server.read_until("Workers")
    address, _, token = server.rows["GraphiQL"].partition("#token=")
    with follow(address, token) as first, follow(address, token) as second:
        assert server.end(signal.SIGINT) == 0
        assert b"complete" not in first.read() + second.read()


def test_a_second_process_on_the_same_sqlite_file_is_refused(start: Start, heliograph: Heliograph) -> None:
    first = start("serve", "--port", "0")
    first.read_until("Workers")
    ended = heliograph("serve", "--port", "0")
    assert ended.code == 2
    assert "Another process serves heliograph.db, and memory:// cannot reach it" in ended.err
    assert first.end(signal.SIGTERM) == 0


async def test_a_worker_of_its_own_ends_well(
    start: Start, redis_server: RedisServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_DATABASE_URL", "sqlite+aiosqlite:///work.db")
    monkeypatch.setenv("HELIOGRAPH_CHANNEL_URL", redis_server.url)
    start("migrate").process.wait(20)
    worker = start("worker", "--worker-shards", "3")
    worker.read_until("Shards")
    assert worker.rows["Channel"] == redis_server.url
    assert worker.rows["Shards"] == "3 at a time"
    assert worker.end(signal.SIGTERM) == 0
    assert worker.errors == ""
