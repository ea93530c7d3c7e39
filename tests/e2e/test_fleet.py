"""The clients that docs/streams.md shows resume by themselves: nobody helps them, and the judge finds no fault."""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

from bench.fleet import ClientTask, Fleet
from bench.history import activity, read_log, resource_events
from tests.e2e.client import Client
from tests.e2e.product import Product
from tests.servers.process import free_port

MANY: dict[Literal["ws", "sse"], int] = {"ws": 10, "sse": 4}
CHANGES = 20
SECONDS = 20
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


def clients(client: Client) -> Sequence[ClientTask]:
    """Clients of both kinds, on all of the streams."""
    return [
        ClientTask(
            name=f"{kind} {number}",
            kind=kind,
            url=f"{client.url}/graphql",
            token=client.token,
            query=f"subscription ($after: Cursor) {{ {field} }}",
            stream=stream,
        )
        for kind, many in MANY.items()
        for number, (field, stream) in enumerate(islice(cycle(STREAMS), many))
    ]


async def change(client: Client, numbers: range) -> None:
    for number in numbers:
        await client.change("createKeywordSet", CREATE, name=f"number {number}")


async def test_official_clients_outlive_a_server(tmp_path: Path, tell: Callable[[object], None]) -> None:
    """It is killed with -9 while they are told of changes, and another takes its place."""
    port = str(free_port())
    async with Product(tmp_path / "product") as product:
        doomed = await product.serve("--port", port)
        await change(doomed.client, range(1))
        tasks = clients(doomed.client)
        async with Fleet.open(tasks, tmp_path / "fleet") as fleet:
            await fleet.until(dict.fromkeys((task.name for task in tasks), 1), SECONDS)
            await change(doomed.client, range(1, 1 + CHANGES))
            await doomed.process.kill()
            api = await product.serve("--port", port)
            await change(api.client, range(1 + CHANGES, 1 + 2 * CHANGES))
            log = await read_log(f"sqlite+aiosqlite:///{product.folder}/heliograph.db")
            await fleet.catch_up(log, SECONDS)
            verdicts = fleet.judge(log, log[-1].position)
            assert fleet.gave_up == {}
        tell("\n".join(map(str, verdicts)))
        assert [str(each) for each in verdicts if not each.clean] == []
        assert {each.connections for each in verdicts} == {2}
        assert {each.expected for each in verdicts} == {2 * CHANGES}
