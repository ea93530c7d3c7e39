"""Subscribers who select no cursor, over each transport: what they are told all the same."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from aiohttp import ClientSession

from tests.protocol.audience import DECLARED, GIVEN

Told = tuple[str, str]
"""The type of a frame, and its place as the transport tells it."""


def bare(field: str) -> str:
    """A subscription that selects nothing but the type."""
    return f"subscription ({DECLARED[field]}) {{ {field}({GIVEN[field]}) {{ __typename }} }}"


def _told(result: dict[str, Any]) -> Told:
    """The data, and the extensions with the cursor alone."""
    assert result.keys() == {"data", "extensions"}, result
    ((frame,),) = (result["data"].values(),)
    assert frame.keys() == {"__typename"}
    assert result["extensions"].keys() == {"cursor"}
    return frame["__typename"], result["extensions"]["cursor"]


async def over_a_socket(
    client: ClientSession, url: str, token: str, field: str, variables: dict[str, object]
) -> AsyncGenerator[Told, None]:
    """The frames of a subscription over graphql-transport-ws."""
    async with client.ws_connect(f"{url}/graphql", protocols=["graphql-transport-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        assert await socket.receive_json() == {"type": "connection_ack"}
        payload = {"query": bare(field), "variables": variables}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
        while (message := await socket.receive_json(timeout=30))["type"] == "next":
            yield _told(message["payload"])
        assert message == {"id": "1", "type": "complete"}


async def over_events(
    client: ClientSession, url: str, token: str, field: str, variables: dict[str, object]
) -> AsyncGenerator[Told, None]:
    """The frames of a subscription over server-sent events; the `id:` of each is its cursor, too."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    payload = {"query": bare(field), "variables": variables}
    async with client.post(f"{url}/graphql", json=payload, headers=headers) as response, asyncio.timeout(30):
        fields: dict[str, str] = {}
        async for line in response.content:
            name, _, value = line.decode().rstrip("\n").partition(":")
            if name:
                fields[name] = value.strip()
            elif fields.get("event") == "next":
                kind, place = _told(json.loads(fields["data"]))
                assert fields["id"] == place
                yield kind, place
                fields = {}
