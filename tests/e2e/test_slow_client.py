"""A client that does not read is closed with 4510, comes back by itself, and misses nothing: the official client."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import ClientSession

from bench.fleet import ClientTask, Fleet
from bench.history import resource_events
from tests.e2e.client import Client
from tests.e2e.product import Product
from tests.e2e.test_fleet import SECONDS, SOON, assert_clean

LARGE = 4000
HEADERS = 50
TIMES = 5
CHANGES = 16
"""Of a megabyte each in a frame: more than the buffers of a connection over loopback hold."""
QUERY = f"""subscription ($after: Cursor) {{
  resourceEvents(kinds: [PERSONA], after: $after) {{
    __typename
    ... on PersonaHappening {{ persona {{ config {{ ... on HttpPersonaConfig {{ headers {{
      {" ".join(f"v{number}: value" for number in range(TIMES))}
    }} }} }} }} }}
  }}
}}"""
CREATE = """
mutation ($input: CreatePersonaInput!) {
  createPersona(input: $input) { __typename ... on CreatePersonaPayload { persona { id } } }
}
"""
DESCRIBE = """
mutation ($id: ID!, $text: String!) {
  updatePersona(input: { id: $id, description: $text }) { __typename }
}
"""
TOLD_CODES = {
    "closed: () => (heard = Infinity)": "closed: ({ code }) => (heard = Infinity, console.error(`closed with ${code}`))"
}


async def large_persona(client: Client) -> str:
    """One that fills a frame; its id."""
    headers = [{"name": f"X-{number}", "value": "x" * LARGE} for number in range(HEADERS)]
    data = {"name": "large", "config": {"http": {"userAgent": "Heliograph", "headers": headers}}}
    made = await client.change("createPersona", CREATE, input=data)
    ident: str = made["persona"]["id"]
    return ident


async def until_slow(client: Client, count: int) -> None:
    """Wait until so many connections were ended because they took nothing."""
    line = f'heliograph_connections_dropped_total{{reason="slow"}} {count}.0\n'
    async with ClientSession() as http, asyncio.timeout(SECONDS):
        while True:
            async with http.get(f"{client.url}/metrics") as answer:
                if line in await answer.text():
                    return
            await asyncio.sleep(0.02)


async def test_official_clients_that_do_not_read_are_closed_and_come_back(
    tmp_path: Path, tell: Callable[[object], None]
) -> None:
    """The socket is told 4510 when it wakes in time; another client on the same stream is not held up."""
    frozen = {"ws 0", "sse 0"}
    async with Product(tmp_path / "product", slow_client_seconds=2, ping_seconds=600) as product:
        api = await product.serve()
        ident = await large_persona(api.client)
        tasks = [
            ClientTask(
                name=name,
                kind="sse" if name == "sse 0" else "ws",
                url=f"{api.client.url}/graphql",
                token=api.client.token,
                query=QUERY,
                stream=resource_events({"PERSONA"}),
            )
            for name in ("ws 0", "ws 1", "sse 0")
        ]
        async with Fleet.open(tasks, tmp_path / "fleet", SOON | TOLD_CODES) as fleet:
            await fleet.until(dict.fromkeys((task.name for task in tasks), 1), SECONDS)
            await fleet.freeze(frozen, 600)
            for number in range(CHANGES):
                await api.client.change("updatePersona", DESCRIBE, id=ident, text=f"change {number}")
            await until_slow(api.client, len(frozen))
            await fleet.freeze(frozen, 0)
            verdicts = await assert_clean(fleet, product)
        codes = (tmp_path / "fleet" / "fleet.log").read_text()
    tell("\n".join(map(str, verdicts)) + f"\n{codes}")
    assert {each.subscriber: each.connections for each in verdicts} == {"ws 0": 2, "ws 1": 1, "sse 0": 2}
    assert codes.splitlines() == ["closed with 4510"]
