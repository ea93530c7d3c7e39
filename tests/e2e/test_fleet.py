"""The clients that docs/streams.md shows resume by themselves: nobody helps them, and the judge finds no fault."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from bench.fleet import ClientTask, Fleet
from bench.history import Verdict, activity, position_of, read_log, resource_events
from bench.relay import Relay
from tests.e2e.client import Client
from tests.e2e.product import Product
from tests.servers.process import free_port

CHANGES = 20
SECONDS = 40
# By itself the client waits for seconds before it comes back.
SOON = {
    "retryAttempts: Infinity": "retryAttempts: Infinity, retryWait: () => new Promise((go) => setTimeout(go, 100))"
}
Kind = Literal["ws", "sse"]
CREATE = """
mutation ($name: String!) {
  createKeywordSet(input: { name: $name, rules: [{ pattern: "wind" }] }) {
    __typename ... on CreateKeywordSetPayload { cursor }
  }
}
"""
# No client selects a cursor; the first learns the kinds, so that the judge can compare them.
STREAMS = (
    ("activity(after: $after) { __typename ... on ActivityAdded { activity { kind } } }", activity()),
    ("resourceEvents(kinds: [KEYWORD_SET], after: $after) { __typename }", resource_events({"KEYWORD_SET"})),
)


def clients(client: Client, url: str, many: Mapping[Kind, int]) -> Sequence[ClientTask]:
    """So many clients of each kind, on all of the streams."""
    return [
        ClientTask(
            name=f"{kind} {number}",
            kind=kind,
            url=f"{url}/graphql",
            token=client.token,
            query=f"subscription ($after: Cursor) {{ {field} }}",
            stream=stream,
        )
        for kind, count in many.items()
        for number, (field, stream) in enumerate(islice(cycle(STREAMS), count))
    ]


async def change(client: Client, numbers: range) -> int:
    """Make a change for each number; gives the position of the last."""
    made: list[str] = []
    for number in numbers:
        payload = await client.change("createKeywordSet", CREATE, name=f"number {number}")
        made.append(payload["cursor"])
    return position_of(made[-1])


async def assert_clean(fleet: Fleet, product: Product) -> list[Verdict]:
    """Every client has all of the log, once and in order; nobody gave up."""
    log = await read_log(f"sqlite+aiosqlite:///{product.folder}/heliograph.db")
    await fleet.catch_up(log, SECONDS)
    verdicts = fleet.judge(log, log[-1].position)
    assert [str(each) for each in verdicts if not each.clean] == []
    assert fleet.gave_up == {}
    return verdicts


async def test_official_clients_outlive_a_server(tmp_path: Path, tell: Callable[[object], None]) -> None:
    """It is killed with -9 while they are told of changes, and another takes its place; two were frozen before."""
    port = str(free_port())
    async with Product(tmp_path / "product") as product:
        doomed = await product.serve("--port", port)
        await change(doomed.client, range(1))
        tasks = clients(doomed.client, doomed.client.url, {"ws": 10, "sse": 4})
        async with Fleet.open(tasks, tmp_path / "fleet", SOON) as fleet:
            await fleet.until(dict.fromkeys((task.name for task in tasks), 1), SECONDS)
            frozen, stood = {"ws 0", "sse 0"}, await fleet.positions()
            await fleet.freeze(frozen, SECONDS)
            last = await change(doomed.client, range(1, 1 + CHANGES))
            await fleet.until({task.name: last for task in tasks if task.name not in frozen}, SECONDS)
            now = await fleet.positions()
            assert {name for name in now if now[name] == stood[name]} == frozen
            await fleet.freeze(frozen, 0)
            await doomed.process.kill()
            api = await product.serve("--port", port)
            await change(api.client, range(1 + CHANGES, 1 + 2 * CHANGES))
            verdicts = await assert_clean(fleet, product)
    tell("\n".join(map(str, verdicts)))
    assert {each.expected for each in verdicts} == {2 * CHANGES}
    assert {each.connections for each in verdicts if each.subscriber not in frozen} == {2}


async def test_a_client_notices_a_network_that_takes_bytes_and_brings_none(tmp_path: Path) -> None:
    """No connection is closed, and yet the client makes another; an event source waits for the end of its own."""
    impatient = SOON | {"10_000": "100", "30_000": "400", "1_000": "50"}
    async with Product(tmp_path / "product") as product:
        api = await product.serve()
        await change(api.client, range(1))
        async with Relay(("127.0.0.1", urlsplit(api.client.url).port or 0)) as relay:
            tasks = clients(api.client, f"http://127.0.0.1:{relay.port}", {"ws": 2, "sse": 1})
            async with Fleet.open(tasks, tmp_path / "fleet", impatient) as fleet:
                await fleet.until(dict.fromkeys((task.name for task in tasks), 1), SECONDS)
                stood = await fleet.positions()
                relay.half_open(SECONDS)
                await change(api.client, range(1, 1 + CHANGES))
                async with asyncio.timeout(SECONDS):
                    while min(fleet.connections["ws 0"], fleet.connections["ws 1"]) < 2:
                        await fleet.positions()
                assert await fleet.positions() == stood
                assert fleet.connections["sse 0"] == 1
                relay.heal()
                await assert_clean(fleet, product)
