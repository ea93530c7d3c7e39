"""Keys are changed while everything runs, by a command that may be killed at any moment and run again."""

import asyncio
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from auth.sealing import Sealer, label
from core.clock import SystemClock
from db.engine import Engines
from db.models import PrincipalRow, ProxyRow
from sandbox.sandbox import PROXY_CREDENTIALS, Sandbox
from services.proxies import ProxyDraft, new_row
from tests.e2e.client import Client
from tests.e2e.product import HELIOGRAPH, Api, Product
from vocabulary.proxies import ProxyProtocol

FILLERS = 1000
ADD = """mutation($input: CreateProxyInput!) { createProxy(input: $input) {
    __typename ... on CreateProxyPayload { proxy { id } } } }"""
TEST = "mutation($input: TestProxyInput!) { testProxy(input: $input) { __typename } }"
STATE = "query($id: ID!) { proxy(id: $id) { health successCount lastError } }"


class Installation:
    """What runs, and the command of its operator."""

    def __init__(self, api: Api, url: str, channel: str, path: Path) -> None:
        self.client: Client = api.client
        self.path = path
        self.engines = Engines(url)
        self._env = {
            "HELIOGRAPH_DATABASE_URL": url,
            "HELIOGRAPH_CHANNEL_URL": channel,
            "HELIOGRAPH_SECRET_KEY_FILE": str(path),
        }

    async def command(self, *arguments: str) -> Process:
        return await create_subprocess_exec(
            HELIOGRAPH, "key", *arguments, env=self._env, stdout=PIPE, stderr=PIPE
        )

    async def said(self, *arguments: str) -> str:
        process = await self.command(*arguments)
        out, err = await process.communicate()
        assert process.returncode == 0, err
        return out.decode().strip()

    async def fill(self) -> None:
        """Many proxies that are off, sealed with the key of now."""
        sealer, now = Sealer.from_file(self.path), SystemClock().now()
        async with self.engines.writing() as session:
            owner = (await session.execute(select(PrincipalRow.id))).scalars().first()
            assert owner is not None
            for number in range(FILLERS):
                draft = ProxyDraft(
                    f"filler {number}", ProxyProtocol.HTTP, f"h{number}.example", 80, enabled=False
                )
                session.add(new_row(draft, owner, now, sealer.seal(f"secret {number}")))

    async def kill_half_way(self, rotating: Process, newest: str) -> None:
        """`kill -9`, at a moment at which some have the newest seal and nobody can write."""
        begins = ProxyRow.password_sealed.between(label(newest), label(newest) + b"\xff")
        resealed = 0
        while not resealed:
            async with self.engines.writing() as session:
                if not self.engines.is_sqlite:
                    await session.execute(text("LOCK TABLE proxies IN EXCLUSIVE MODE"))
                found = select(func.count()).select_from(ProxyRow).where(begins)
                resealed = (await session.execute(found)).scalar_one()
                if resealed:
                    rotating.kill()
                    await rotating.communicate()
        assert resealed < FILLERS

    async def secrets(self) -> set[str]:
        """All passwords, opened by somebody who has just read the file."""
        sealer = Sealer.from_file(self.path)
        async with self.engines.reading() as session:
            sealed = (await session.execute(select(ProxyRow.password_sealed))).scalars()
            return {sealer.open(each or b"") for each in sealed}

    async def assert_goes_through(self, proxy: str) -> None:
        """A worker that has run all the while opens the password, and the proxy takes it."""
        before = await self._state(proxy)
        await self.client.change("testProxy", TEST, input={"id": proxy})
        async with asyncio.timeout(30):
            while (state := await self._state(proxy))["successCount"] == before["successCount"]:
                assert state["lastError"] is None, state
                await asyncio.sleep(0.02)

    async def _state(self, proxy: str) -> dict[str, Any]:
        state: dict[str, Any] = (await self.client.ask(STATE, id=proxy))["proxy"]
        return state


@pytest.fixture(params=["sqlite", "postgres"])
async def installation(
    request: pytest.FixtureRequest, postgres_database: str, product: Product, tmp_path: Path
) -> AsyncIterator[Installation]:
    """The API with its workers on SQLite; on PostgreSQL apart from each other."""
    path = tmp_path / "heliograph.key"
    if request.param == "sqlite":
        url, channel = f"sqlite+aiosqlite:///{tmp_path / 'heliograph.db'}", "memory://"
    else:
        url, channel = postgres_database, postgres_database.replace("+asyncpg", "")
    settings = {"database_url": url, "channel_url": channel, "secret_key_file": path}
    workers = "embedded" if request.param == "sqlite" else "none"
    api = await product.serve("--migrate", workers=workers, **settings)
    if workers == "none":
        await product.work(**settings)
    installation = Installation(api, url, channel, path)
    try:
        yield installation
    finally:
        await installation.engines.close()


async def test_a_rotation_that_is_killed_and_run_again_disturbs_nobody(
    installation: Installation, box: Sandbox
) -> None:
    (known,) = [proxy.endpoint for proxy in box.proxies if proxy.name == "socks5"]
    credentials = {"username": PROXY_CREDENTIALS.username, "password": PROXY_CREDENTIALS.password}
    draft = {"name": "real", "protocol": "SOCKS5", "host": known.host, "port": known.port, **credentials}
    added = await installation.client.change("createProxy", ADD, input=draft)
    proxy = added["proxy"]["id"]
    await installation.fill()
    secrets = await installation.secrets()
    await installation.assert_goes_through(proxy)
    (old,) = Sealer.from_file(installation.path).key_ids

    rotating = await installation.command("rotate")
    assert rotating.stdout is not None
    killed = (await rotating.stdout.readline()).decode().strip()
    await installation.kill_half_way(rotating, killed)
    assert await installation.secrets() == secrets
    await installation.assert_goes_through(proxy)

    newest = await installation.said("rotate")
    assert await installation.secrets() == secrets
    for needless in (old, killed):
        await installation.said("drop", needless)
    assert Sealer.from_file(installation.path).key_ids == (newest,)
    assert await installation.secrets() == secrets
    await installation.assert_goes_through(proxy)
