"""A client on one real socket that writes down everything it is told, and asks for everything there is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
)

from graph.schema import schema
from tests.integration.waiting import until

CORE = schema._schema
Json = dict[str, Any]
STREAMS = (
    "campaignEvents",
    "campaignList",
    "domainEvents",
    "proxyEvents",
    "activity",
    "bulkOperation",
    "resourceEvents",
)
DECLARED = {
    "campaignEvents": "$id: ID!, $after: Cursor, $maxRate: Float",
    "campaignList": "$after: Cursor, $maxRate: Float",
    "domainEvents": "$id: ID!, $after: Cursor",
    "proxyEvents": "$after: Cursor",
    "activity": "$after: Cursor",
    "bulkOperation": "$id: ID!, $after: Cursor",
    "resourceEvents": "$after: Cursor",
}
GIVEN = {
    "campaignEvents": "campaignId: $id, after: $after, maxRate: $maxRate",
    "campaignList": "after: $after, maxRate: $maxRate",
    "domainEvents": "campaignId: $id, after: $after",
    "proxyEvents": "after: $after",
    "activity": "after: $after",
    "bulkOperation": "id: $id, after: $after",
    "resourceEvents": "kinds: [PERSONA, KEYWORD_SET, PROXY_POOL, SCORING_PROFILE, SETTINGS], after: $after",
}


def union_of(field: str) -> GraphQLUnionType:
    """The union that a subscription gives."""
    assert CORE.subscription_type is not None
    found = get_named_type(CORE.subscription_type.fields[field].type)
    assert isinstance(found, GraphQLUnionType)
    return found


def everything(field: str) -> str:
    """A subscription that selects every field of every member, and what is below it as far as it takes no argument."""
    members = " ".join(f"... on {one.name} {selection(one, 3)}" for one in union_of(field).types)
    return f"subscription ({DECLARED[field]}) {{ {field}({GIVEN[field]}) {{ __typename {members} }} }}"


def selection(kind: GraphQLOutputType, depth: int) -> str:
    """Every field of a type that takes no argument, and what is below it, so deep."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLUnionType):
        return "{ __typename }"
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
        return ""
    fields = [
        f"{name} {selection(field.type, depth - 1)}"
        for name, field in named.fields.items()
        if not field.args and (depth > 1 or not _has_fields(field.type))
    ]
    return f"{{ {' '.join(fields)} }}"


def _has_fields(kind: GraphQLOutputType) -> bool:
    return isinstance(get_named_type(kind), GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)


class Following:
    """One subscription: what was given to it, and its frames so far."""

    def __init__(self, field: str, given: Json) -> None:
        self.field = field
        self.given = given
        self.frames: list[Json] = []
        self.complete = False

    @property
    def types(self) -> list[str]:
        return [frame["__typename"] for frame in self.frames]

    async def until(self, wanted: Callable[[Json], bool]) -> Json:
        """Wait for a frame of which that is true."""
        await until(lambda: any(wanted(frame) for frame in self.frames), seconds=60)
        return next(frame for frame in self.frames if wanted(frame))

    async def type(self, name: str) -> Json:
        """Wait for a frame of a type."""
        return await self.until(lambda frame: frame["__typename"] == name)


class Audience:
    """Operations on one socket. Make it with `open`."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._results: dict[str, asyncio.Future[Json]] = {}
        self.followings: dict[str, Following] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, client: ClientSession, url: str, token: str) -> AsyncIterator["Audience"]:
        """Connect, and read until the block ends."""
        async with client.ws_connect(f"{url}/graphql", protocols=["graphql-transport-ws"]) as socket:
            await socket.send_json(
                {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
            )
            assert await socket.receive_json() == {"type": "connection_ack"}
            audience = cls(socket)
            reading = asyncio.create_task(audience._read())
            try:
                yield audience
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def follow(self, field: str, **variables: object) -> Following:
        """Subscribe to everything of a stream."""
        following = Following(field, variables)
        self.followings[await self._send(everything(field), variables, following)] = following
        return following

    async def ask(self, query: str, **variables: object) -> Json:
        """The data of a query or mutation."""
        found = asyncio.get_running_loop().create_future()
        await self._send(query, variables, found)
        async with asyncio.timeout(60):
            result: Json = await found
        assert "errors" not in result, result
        data: Json = result["data"]
        return data

    async def change(self, name: str, selection: str, /, **given: object) -> Json:
        """The payload of a mutation that must succeed."""
        kind = name[0].upper() + name[1:]
        query = f"""mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
          __typename ... on {kind}Payload {{ {selection} }} ... on UserError {{ code message path }} }} }}"""
        data: Json = (await self.ask(query, input=given))[name]
        assert data["__typename"] == f"{kind}Payload", data
        return data

    async def _send(self, query: str, variables: Json, sink: "Following | asyncio.Future[Json]") -> str:
        ident = str(next(self._numbers))
        if isinstance(sink, Following):
            self.followings[ident] = sink
        else:
            self._results[ident] = sink
        payload = {"query": query, "variables": variables}
        await self._socket.send_json({"id": ident, "type": "subscribe", "payload": payload})
        return ident

    async def _read(self) -> None:
        async for frame in self._socket:
            assert frame.type is WSMsgType.TEXT, frame
            self._hear(frame.json())

    def _hear(self, message: Json) -> None:
        ident, payload = message["id"], message.get("payload", {})
        if ident in self._results:
            found = self._results[ident]
            if not found.done():
                found.set_result(payload if message["type"] == "next" else {"errors": payload})
        elif message["type"] == "complete":
            self.followings[ident].complete = True
        else:
            assert message["type"] == "next", message
            assert "errors" not in payload, payload
            ((frame,),) = (payload["data"].values(),)
            assert frame["cursor"] == payload["extensions"]["cursor"]
            self.followings[ident].frames.append(frame)
