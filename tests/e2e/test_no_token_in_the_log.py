"""Whatever a client puts into an address or a header, well or badly, the log of the process has no token of it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from tests.e2e.product import TOKEN, Api, Product

SECRET = "hg_" + "s3cr3t" * 7
WORD = "s3cr3t"
CLIENTS = (f"Bearer {TOKEN}", f"Bearer {SECRET}", SECRET)
EVENTS = {"Accept": "text/event-stream"}
SUBSCRIPTION = {"query": "subscription { activity { __typename } }"}
PATHS = (
    f"/graphql?token={SECRET}&query={{me{{role}}}}",
    f"/graphql?token={SECRET}&query=subscription{{activity{{__typename}}}}",
    f"/graphql?query={{me{{role}}}}&access_token={SECRET}",
    f"/graphql?token={SECRET}&query={{",
    f"/graphql?token={SECRET}",
    f"/?token={SECRET}",
    f"/metrics?token={SECRET}",
    f"/readyz?token={SECRET}",
    f"/nothing?token={SECRET}",
    f"/assets/nothing?token={SECRET}",
)
RAW = (
    f"GET /graphql?token={SECRET} HTTP/9.9\r\n\r\n",
    f"GET /graphql?token={SECRET} nonsense\r\n\r\n",
    f"GET /graphql?token={SECRET}\r\n\r\n",
    f"NONSENSE\x01 /graphql?token={SECRET} HTTP/1.1\r\n\r\n",
    f"GET /graphql?token={SECRET} HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {SECRET}\r\n\r\n",
    f"GET /graphql?token={SECRET} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\x00\r\n\r\n",
    f"GET /graphql?token={SECRET}{'x' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET /graphql?token={SECRET} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}{'x' * 20_000}\r\n\r\n",
    f"POST /graphql?token={SECRET} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n",
    f"POST /graphql?token={SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: {SECRET}\r\n\r\n",
)


@pytest.fixture
async def api(product: Product) -> Api:
    return await product.serve(log_level="debug")


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as http:
        yield http


async def say(api: Api, text: str) -> None:
    """Send bytes, and wait until the server has answered them by closing, or by saying something."""
    host, port = api.client.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(text.encode("latin-1"))
    async with asyncio.timeout(30):
        await reader.read(1)
    writer.close()


async def made(api: Api) -> str:
    """A token that the server makes and tells, to whoever makes it."""
    document = """
    mutation Make($input: CreateTokenInput!) {
      createToken(input: $input) { __typename ... on CreateTokenPayload { secret token { id } } }
    }
    """
    made = await api.client.change("createToken", document, input={"name": "phone", "role": "VIEWER"})
    secret = str(made["secret"])
    seen = await api.client.ask("{ tokens { nodes { id name } } activity { nodes { id summary } } }")
    assert secret not in json.dumps(seen)
    return secret


async def requests(api: Api, http: ClientSession) -> None:
    """Everything that somebody may ask for, with a secret in the address, a header or the body."""
    for path in PATHS:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            for authorization in CLIENTS[:2]:
                headers = {"Authorization": authorization, "X-GraphQL-Event-Stream-Token": SECRET, **EVENTS}
                async with http.request(
                    method, f"{api.client.url}{path}", headers=headers, allow_redirects=False
                ):
                    pass


async def sockets(api: Api, http: ClientSession) -> None:
    """The same over WebSockets: in the address, in the init, and in an operation."""
    for authorization in CLIENTS:
        async with http.ws_connect(
            f"{api.client.url}/graphql?token={SECRET}", protocols=["graphql-transport-ws"]
        ) as socket:
            await socket.send_json({"type": "connection_init", "payload": {"Authorization": authorization}})
            await socket.send_json({"id": SECRET, "type": "subscribe", "payload": SUBSCRIPTION})
            await socket.receive(30)
    async with http.ws_connect(f"{api.client.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
        await socket.send_str(f'{{"type": "{SECRET}"')
        await socket.receive(30)


async def test_no_token_of_a_client_reaches_the_log(api: Api, http: ClientSession) -> None:
    secret = await made(api)
    await requests(api, http)
    await sockets(api, http)
    for text in RAW:
        await say(api, text)
    log = api.process.log
    assert [line for line in log.splitlines() if WORD in line or secret in line or TOKEN in line] == []
    asked = {entry.get("path") for entry in api.process.entries() if entry.get("event") == "request"}
    assert {"/graphql", "/nothing", "/metrics"} <= asked
