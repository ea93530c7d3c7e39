"""A server whose wire to its database can be cut, and a client's socket to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse
from sqlalchemy.engine import make_url

from bench.relay import Relay
from core.clock import SystemClock
from core.settings import load
from web.app import ApiProcess

TOKEN = "a-token-of-the-test"


@asynccontextmanager
async def serving(wire: Relay, postgres_url: str, folder: Path, **settings: Any) -> AsyncIterator[ApiProcess]:
    """Serve on a database behind this wire, which is whole again at the end."""
    relayed = make_url(postgres_url).set(host=wire.address[0], port=wire.port)
    loaded = load(
        database_url=relayed.render_as_string(hide_password=False),
        port=0,
        secret_key_file=folder / "key",
        bootstrap_token=TOKEN,
        **settings,
    )
    async with ApiProcess.open(loaded, SystemClock()) as api:
        yield api
        wire.heal()


async def connected(api: ApiProcess, http: ClientSession) -> ClientWebSocketResponse:
    """A socket that has been acknowledged."""
    socket = await http.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"])
    await socket.send_json({"type": "connection_init", "payload": {"Authorization": f"Bearer {TOKEN}"}})
    assert (await socket.receive_json(timeout=30))["type"] == "connection_ack"
    return socket
