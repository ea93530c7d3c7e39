"""An API of ours inside the bench's own process, on a database of its own, for whoever wants to look into it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.query_path.standing import fill
from core.clock import SystemClock
from core.settings import load
from db.migrating import upgrade
from tests.e2e.product import UNBOUNDED
from web.app import ApiProcess

TOKEN = "query-path-administrator"


@asynccontextmanager
async def inside(folder: Path, url: str) -> AsyncIterator[ApiProcess]:
    """An API on an empty database, which gets its tables and the campaigns; `folder` is for the key of this one API."""
    await upgrade(url)
    settings = load(
        database_url=url,
        port=0,
        secret_key_file=str(folder / "key"),
        bootstrap_token=TOKEN,
        log_level="warning",
        **UNBOUNDED,
    )
    async with ApiProcess.open(settings, SystemClock()) as api:
        await fill(url)
        yield api
