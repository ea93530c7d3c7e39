"""What is revoked on the command line ends at once, also where the channel reaches one process only."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import structlog
from aiohttp import WSMsgType
from structlog.testing import capture_logs

from cli.main import main
from core.clock import SystemClock
from core.settings import Settings, load
from tests.servers.sqlite import migrated
from vocabulary.access import Role
from web import side_bell
from web.app import ApiProcess
from web.foundation import standing

INIT = {"type": "connection_init"}


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """The log as it was, for a command sets it up for a process of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    url = await migrated(tmp_path / "heliograph.db")
    return load(database_url=url, port=0, secret_key_file=tmp_path / "key", bootstrap_token="first")


async def revoke(settings: Settings, ident: object) -> int:
    """As an operator does, in another event loop and on other connections."""
    return await asyncio.to_thread(
        main, ["token", "revoke", str(ident), "--database-url", settings.database_url]
    )


async def test_a_token_that_is_revoked_on_the_command_line_ends_its_socket(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ApiProcess.open(settings, SystemClock()) as api, aiohttp.ClientSession() as client:
        token, info = await api.services.principals.create_token("admin", "phone", Role.VIEWER)
        async with client.ws_connect(f"{api.url}/graphql", protocols=["graphql-transport-ws"]) as socket:
            await socket.send_json({**INIT, "payload": {"Authorization": f"Bearer {token}"}})
            assert (await socket.receive_json())["type"] == "connection_ack"
            assert await revoke(settings, info.id) == 0
            # Nothing else happens in that process, which would have it look.
            message = await socket.receive(30)
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4403, "Token revoked")
        bell = tmp_path / "heliograph.db.bell"
        assert bell.is_socket()
        assert bell.stat().st_mode & 0o077 == 0
    assert not bell.exists()
    assert str(info.id) in capsys.readouterr().out


async def test_where_nobody_serves_nothing_is_rung(settings: Settings) -> None:
    async with standing(settings, SystemClock()) as ground:
        side_bell.ring(ground)


async def test_a_bell_that_was_left_behind_is_hung_anew(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "heliograph.db.bell").touch()
    rung = asyncio.Event()
    async with standing(settings, SystemClock()) as ground:
        with side_bell.hung(ground, rung.set):
            side_bell.ring(ground)
            async with asyncio.timeout(30):
                await rung.wait()


async def test_a_place_that_is_too_far_for_a_bell_is_said(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / ("far" * 40)
    folder.mkdir()
    far = load(database_url=await migrated(folder / "heliograph.db"))
    with capture_logs() as logs:
        async with standing(far, SystemClock()) as ground:
            with side_bell.hung(ground, lambda: None):
                side_bell.ring(ground)
    assert [entry["event"] for entry in logs] == ["side_bell_not_hung"]
