"""The API process as a whole, on SQLite and the channel inside the process."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSCloseCode, WSMsgType
from sqlalchemy import text
from structlog.testing import capture_logs

from core.clock import SystemClock
from core.errors import Misconfigured
from core.settings import Settings, load
from tests.protocol.raw import Dial, Opcode, frame
from tests.servers.sqlite import migrated
from web.app import ApiProcess

TOKEN = "a-token-of-the-test"


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """Settings with a migrated database of the test's own."""
    url = await migrated(tmp_path / "heliograph.db")
    return load(database_url=url, port=0, secret_key_file=tmp_path / "heliograph.key", bootstrap_token=TOKEN)


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


async def test_it_answers_who_has_a_token_and_nobody_else(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api:
        address, question = f"{api.url}/graphql", {"query": "{ __typename }"}
        for header in (f"Bearer {TOKEN}", f"bearer  {TOKEN}"):
            async with client.post(address, json=question, headers={"Authorization": header}) as answer:
                assert (answer.status, await answer.json()) == (200, {"data": {"__typename": "Query"}})
        for header in ("Bearer another", f"Basic {TOKEN}", TOKEN, "Bearer"):
            async with client.post(address, json=question, headers={"Authorization": header}) as answer:
                assert answer.status == 401
                assert "data" not in await answer.json()
        async with client.post(address, json=question) as answer:
            assert answer.status == 401
    assert api.first_token is None


async def test_the_first_token_is_made_at_random_and_once(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    changed = settings.model_copy(update={"bootstrap_token": None})
    async with ApiProcess.open(changed, SystemClock()) as api:
        first = api.first_token
        assert first is not None
        headers = {"Authorization": f"Bearer {first}"}
        async with client.post(
            f"{api.url}/graphql", json={"query": "{ __typename }"}, headers=headers
        ) as answer:
            assert answer.status == 200
    async with ApiProcess.open(changed, SystemClock()) as api:
        assert api.first_token is None


async def test_health_readiness_and_metrics(settings: Settings, client: aiohttp.ClientSession) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api:
        async with client.get(f"{api.url}/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "alive"})
        async with client.get(f"{api.url}/readyz") as answer:
            found = await answer.json()
            assert (answer.status, found["status"]) == (200, "ready")
            assert {name: check["ok"] for name, check in found["checks"].items()} == {
                "database": True,
                "channel": True,
                "log": True,
                "workers": True,
            }
        async with client.get(f"{api.url}/metrics") as answer:
            shown = await answer.text()
    assert 'heliograph_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in shown
    assert "process_resident_memory_bytes" in shown
    assert re.search(r"^heliograph_database_statements_total [1-9]", shown, re.MULTILINE)
    assert re.search(r"^heliograph_log_pages_read_total \d", shown, re.MULTILINE)
    assert "heliograph_log_pages_read_behind_total 0.0" in shown


async def test_it_is_not_ready_while_it_cannot_read_the_log(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api:
        async with api.ground.engines.writing() as session:
            await session.execute(text("DROP TABLE event_log_head"))
        async with client.get(f"{api.url}/readyz") as answer:
            found = await answer.json()
        assert answer.status == 503
        assert found["checks"]["log"]["error"] == "failed; the log has the reason"
        assert found["checks"]["database"]["ok"]


async def test_the_root_leads_to_graphiql_with_its_scripts(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api:
        async with client.get(api.url, headers={"Accept": "text/html"}) as answer:
            assert (answer.status, str(answer.url)) == (200, f"{api.url}/graphql")
            page = await answer.text()
            assert (answer.headers["Server"], answer.headers["Cache-Control"]) == ("Heliograph", "no-store")
        script = page.partition('src="')[2].partition('"')[0]
        async with client.get(f"{api.url}{script}") as answer:
            assert answer.status == 200
            assert answer.content_type in {"text/javascript", "application/javascript"}
            assert answer.headers["Server"] == "Heliograph"
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_open_sockets_are_told_to_come_back_and_nothing_holds_the_end_up(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api:
        where = api.url.replace("http:", "ws:") + "/graphql"
        silent = await client.ws_connect(where, protocols=["graphql-transport-ws"])
        talking = await client.ws_connect(where, protocols=["graphql-transport-ws"])
        payload = {"Authorization": f"Bearer {TOKEN}"}
        await talking.send_json({"type": "connection_init", "payload": payload})
        assert (await talking.receive_json())["type"] == "connection_ack"
        subscription = {"query": "subscription { activity { __typename } }"}
        await talking.send_json({"id": "1", "type": "subscribe", "payload": subscription})
    for socket_ in (silent, talking):
        while (message := await socket_.receive(30)).type != WSMsgType.CLOSE:
            assert message.type == WSMsgType.TEXT
        assert message.data == WSCloseCode.SERVICE_RESTART


async def acknowledged(api: ApiProcess, client: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    where = api.url.replace("http:", "ws:") + "/graphql"
    socket_ = await client.ws_connect(where, protocols=["graphql-transport-ws"], autoping=False)
    await socket_.send_json({"type": "connection_init", "payload": {"Authorization": f"Bearer {TOKEN}"}})
    assert (await socket_.receive_json())["type"] == "connection_ack"
    return socket_


@pytest.mark.effect("setting.ping_seconds")
async def test_ping_seconds(settings: Settings, client: aiohttp.ClientSession) -> None:
    loop = asyncio.get_running_loop()
    changed = settings.model_copy(update={"ping_seconds": 0.2})
    async with ApiProcess.open(changed, SystemClock()) as api:
        silent = await acknowledged(api, client)
        start = loop.time()
        types = [(await silent.receive(30)).type for _ in range(2)]
        assert types[0] is WSMsgType.PING
        assert types[1] in {WSMsgType.CLOSED, WSMsgType.ERROR}
        # At the default it would be fifteen seconds and more.
        assert 0.3 < loop.time() - start < 10


@pytest.mark.effect("setting.slow_client_seconds")
async def test_slow_client_seconds(settings: Settings, client: aiohttp.ClientSession) -> None:
    changed = settings.model_copy(update={"slow_client_seconds": 0.2})
    async with ApiProcess.open(changed, SystemClock()) as api:
        slow = await acknowledged(api, client)
        asking = asyncio.get_running_loop().create_task(ask_and_read_nothing(slow))
        while 'reason="slow"' not in await metrics(api, client):  # noqa: ASYNC110  A process to ask.
            await asyncio.sleep(0.02)
        assert not asking.done()
        asking.cancel()
        await asyncio.wait({asking})


@pytest.mark.effect("setting.slow_sender_seconds")
async def test_slow_sender_seconds(settings: Settings) -> None:
    changed = settings.model_copy(update={"slow_sender_seconds": 0.2})
    async with ApiProcess.open(changed, SystemClock()) as api, Dial() as dial:
        message = await dial(f"{api.url}/graphql", frame(Opcode.TEXT, b"{}")[:-1])
        head, body = [await dial.connect(api.url) for _ in range(2)]
        await head.send(b"GET / HTTP/1.1\r\n")
        begun = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n"
        await body.send(f"{begun}Content-Type: application/json\r\n\r\n".encode())
        # At the default each of them would take thirty seconds.
        assert (await message.closed()).code == 4511
        assert all([b"408 Request Timeout" in await each.rest() for each in (head, body)])


async def ask_and_read_nothing(slow: aiohttp.ClientWebSocketResponse) -> None:
    while True:
        await slow.send_json({"type": "ping", "payload": {"x": "y" * 200_000}})


async def metrics(api: ApiProcess, client: aiohttp.ClientSession) -> str:
    async with client.get(f"{api.url}/metrics") as answer:
        return await answer.text()


@pytest.mark.effect("setting.drain_seconds")
@pytest.mark.parametrize("seconds", [0.0, 0.4])
async def test_drain_seconds(settings: Settings, client: aiohttp.ClientSession, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    async with ApiProcess.open(settings.model_copy(update={"drain_seconds": seconds}), SystemClock()) as api:
        first, second = [await acknowledged(api, client) for _ in range(2)]
        start = loop.time()
        draining = loop.create_task(api.drain())
        codes = [(await each.receive(30)).data for each in (first, second)]
        took = loop.time() - start
        await draining
    assert codes == [1012, 1012]
    # At the default the second is closed after five.
    assert seconds / 2 <= took < seconds / 2 + 4


async def test_a_port_in_use_is_found_out_before_anything_is_touched(
    settings: Settings, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(Misconfigured, match=f"HELIOGRAPH_PORT: 127.0.0.1:{port} cannot be listened on"):
            async with ApiProcess.open(settings.model_copy(update={"port": port}), SystemClock()):
                pass
    assert not (tmp_path / "heliograph.key").exists()


async def test_a_database_without_its_tables_is_refused(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"database_url": f"sqlite+aiosqlite:///{tmp_path}/empty.db"})
    with pytest.raises(Misconfigured, match=r"is empty and must be at .*: run `heliograph migrate`"):
        async with ApiProcess.open(empty, SystemClock()):
            pass


async def test_the_access_log_has_a_line_for_each_request_and_no_secret(
    settings: Settings, client: aiohttp.ClientSession
) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api:
        with capture_logs() as lines:
            headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-ID": "mine"}
            question = {"query": "{ __typename }", "variables": '{"password": "secret"}'}
            async with client.get(f"{api.url}/graphql", params=question, headers=headers) as answer:
                assert answer.status == 200
            async with client.get(f"{api.url}/nowhere") as answer:
                assert answer.status == 404
    found = [(line["method"], line["path"], line["status"]) for line in lines if line["event"] == "request"]
    assert found == [("GET", "/graphql", 200), ("GET", "/nowhere", 404)]
    assert TOKEN not in str(lines)
    assert "secret" not in str(lines)
