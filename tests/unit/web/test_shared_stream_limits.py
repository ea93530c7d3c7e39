"""What several operations that share an event stream, or a socket, may take of a whole API process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import SystemClock
from core.settings import Settings, WorkerMode, load
from tests.integration.waiting import until
from tests.servers.sqlite import migrated
from vocabulary.access import Role
from web.app import ApiProcess

TOKEN = "a-token-of-the-test"
CHANGE = 'mutation { createPrincipal(input: { name: "carol", role: VIEWER }) { __typename } }'
TYPENAME = "{ __typename }"
SCHEMA = "{ __schema { types { name description } } }"
Refused = tuple[int, dict[str, Any]]


class Client:
    """Whoever has a token: what they ask for, and the reservation that they made at last."""

    def __init__(self, api: ApiProcess, http: aiohttp.ClientSession, token: str = TOKEN) -> None:
        self.api, self.http = api, http
        self.url = f"{api.url}/graphql"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.stream: dict[str, str] = {}

    async def ask(self) -> int:
        """An operation of its own."""
        async with self.http.post(self.url, json={"query": TYPENAME}, headers=self.headers) as answer:
            return answer.status

    async def reserve(self) -> None:
        async with self.http.put(self.url, headers=self.headers) as answer:
            assert answer.status == 201
            self.stream = {"X-GraphQL-Event-Stream-Token": await answer.text()}

    async def refused(self, method: str, **options: Any) -> Refused:
        """The status and the extensions of the error of a request that is refused."""
        headers = {**self.headers, **self.stream, **options.pop("headers", {})}
        async with self.http.request(method, self.url, headers=headers, **options) as answer:
            (error,) = (await answer.json(content_type=None))["errors"]
            return answer.status, error["extensions"]

    async def operate(self, ident: str, query: str) -> int:
        """An operation on the stream."""
        body = {"query": query, "extensions": {"operationId": ident}}
        async with self.http.post(self.url, json=body, headers={**self.headers, **self.stream}) as answer:
            return answer.status

    async def results(self, count: int) -> list[str]:
        """The ids of the first results of the stream."""
        found: list[str] = []
        accept = {"Accept": "text/event-stream", **self.stream}
        async with asyncio.timeout(30), self.http.get(self.url, headers=accept) as answer:
            while len(found) < count:
                text = (await answer.content.readuntil(b"\n\n")).decode()
                if text.startswith("event: next"):
                    found.append(text.partition('{"id":"')[2].partition('"')[0])
        return found

    async def passed(self, limit: str) -> float:
        """How often the process says that a limit was passed."""
        async with self.http.get(f"{self.api.url}/metrics") as answer:
            line = f'heliograph_limits_passed_total{{limit="{limit}"}} '
            return float((await answer.text()).partition(line)[2].partition("\n")[0])


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    url = await migrated(tmp_path / "heliograph.db")
    return load(database_url=url, port=0, secret_key_file=tmp_path / "key", bootstrap_token=TOKEN)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.mark.effect("setting.reservation_seconds")
async def test_reservation_seconds(settings: Settings, http: aiohttp.ClientSession) -> None:
    changed = settings.model_copy(update={"reservation_seconds": 0.1})
    async with ApiProcess.open(changed, SystemClock()) as api:
        client = Client(api, http)
        await client.reserve()
        # At the default it would be ten seconds.
        async with asyncio.timeout(8):
            while await client.passed("reservationSeconds") == 0:
                pass
        told = {"code": "LIMIT_EXCEEDED", "limit": 0.1, "limitName": "reservationSeconds"}
        assert await client.refused("GET", headers={"Accept": "text/event-stream"}) == (404, told)
        client.stream = {"X-GraphQL-Event-Stream-Token": "another"}
        assert await client.refused("DELETE") == (404, {"code": "STREAM_NOT_FOUND"})


@pytest.mark.effect("setting.principal_reservations")
async def test_principal_reservations(settings: Settings, http: aiohttp.ClientSession) -> None:
    changed = settings.model_copy(update={"principal_reservations": 2})
    async with ApiProcess.open(changed, SystemClock()) as api:
        other, _ = await api.services.principals.create_token("admin", "other", Role.VIEWER)
        client, same = Client(api, http), Client(api, http, other)
        await client.reserve()
        await same.reserve()
        client.stream = same.stream = {}
        told = {"code": "LIMIT_EXCEEDED", "limit": 2, "limitName": "principalReservations"}
        assert [await each.refused("PUT") for each in (client, same)] == [(429, told)] * 2
        assert await client.passed("principalReservations") == 2


async def test_without_a_number_as_many_reservations_may_wait_as_come(
    settings: Settings, http: aiohttp.ClientSession
) -> None:
    changed = settings.model_copy(update={"principal_reservations": 0})
    async with ApiProcess.open(changed, SystemClock()) as api:
        client = Client(api, http)
        for _ in range(70):
            await client.reserve()
        assert await client.passed("principalReservations") == 0


async def test_an_operation_too_many_is_counted(settings: Settings, http: aiohttp.ClientSession) -> None:
    changed = settings.model_copy(update={"connection_operations": 1})
    async with ApiProcess.open(changed, SystemClock()) as api:
        client = Client(api, http)
        await client.reserve()
        assert await client.operate("1", "subscription { activity { __typename } }") == 202
        body = {"query": TYPENAME, "extensions": {"operationId": "2"}}
        told = {"code": "LIMIT_EXCEEDED", "limit": 1, "limitName": "connectionOperations"}
        assert await client.refused("POST", json=body) == (429, told)
        assert await client.passed("connectionOperations") == 1


async def announced(api: ApiProcess, before: str) -> None:
    """Wait until a change is announced: it is being executed, and waits for the writer. There are no workers."""
    await until(lambda: repr(api.ground.doorbell._numbers) != before)


@pytest.mark.effect("setting.connection_executing")
@pytest.mark.parametrize(("executing", "order"), [(1, ["change", "question"]), (2, ["question", "change"])])
async def test_connection_executing_on_a_stream(
    settings: Settings, http: aiohttp.ClientSession, executing: int, order: list[str]
) -> None:
    changed = settings.model_copy(update={"connection_executing": executing, "workers": WorkerMode.NONE})
    async with ApiProcess.open(changed, SystemClock()) as api, asyncio.TaskGroup() as tasks:
        client = Client(api, http)
        await client.reserve()
        before = repr(api.ground.doorbell._numbers)
        async with api.ground.engines.writing():
            tasks.create_task(client.operate("change", CHANGE))
            await announced(api, before)
            question = tasks.create_task(client.operate("question", TYPENAME))
            if executing == 2:
                assert await question == 202
            # Whoever shares nothing with them is answered meanwhile.
            assert [await client.ask() for _ in range(5)] == [200] * 5
        assert await client.results(2) == order


@pytest.mark.effect("setting.connection_executing")
@pytest.mark.parametrize(("executing", "order"), [(1, ["change", "question"]), (2, ["question", "change"])])
async def test_connection_executing_on_a_socket(
    settings: Settings, http: aiohttp.ClientSession, executing: int, order: list[str]
) -> None:
    changed = settings.model_copy(update={"connection_executing": executing, "workers": WorkerMode.NONE})
    async with ApiProcess.open(changed, SystemClock()) as api:
        client = Client(api, http)
        socket = await http.ws_connect(client.url, protocols=["graphql-transport-ws"])
        await socket.send_json({"type": "connection_init", "payload": client.headers})
        assert (await socket.receive_json())["type"] == "connection_ack"
        found = []
        before = repr(api.ground.doorbell._numbers)
        async with api.ground.engines.writing():
            await socket.send_json({"id": "change", "type": "subscribe", "payload": {"query": CHANGE}})
            await announced(api, before)
            await socket.send_json({"id": "question", "type": "subscribe", "payload": {"query": TYPENAME}})
            if executing == 2:
                found += [(await socket.receive_json())["id"] for _ in range(2)]
            assert [await client.ask() for _ in range(5)] == [200] * 5
        found += [(await socket.receive_json())["id"] for _ in range(4 - len(found))]
        assert found == [ident for ident in order for _ in range(2)]
        await socket.close()


@pytest.mark.effect("setting.stream_reply_bytes")
async def test_stream_reply_bytes(settings: Settings, http: aiohttp.ClientSession) -> None:
    changed = settings.model_copy(update={"stream_reply_bytes": 1_024})
    async with ApiProcess.open(changed, SystemClock()) as api, asyncio.TaskGroup() as tasks:
        client = Client(api, http)
        await client.reserve()
        assert await client.operate("large", SCHEMA) == 202
        late = tasks.create_task(client.operate("late", TYPENAME))
        # At the default, it would be answered before any of these.
        assert [await client.ask() for _ in range(5)] == [200] * 5
        assert not late.done()
        assert await client.results(2) == ["large", "late"]
        assert await late == 202
