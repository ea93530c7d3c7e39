"""The product on a database of its own, in this process: its edge, and all that is below it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.clock import SystemClock
from core.settings import Settings
from tests.servers.sqlite import migrated
from web.app import ApiProcess

TOKEN = "administrator-of-the-protocols"


@asynccontextmanager
async def product(folder: Path, port: int = 0) -> AsyncIterator[ApiProcess]:
    """Serve for as long as the block lasts; a folder that was served from before goes on from there."""
    file = folder / "heliograph.db"
    url = f"sqlite+aiosqlite:///{file}" if file.exists() else await migrated(file)
    settings = Settings(
        database_url=url, port=port, secret_key_file=folder / "heliograph.key", bootstrap_token=TOKEN
    )
    async with ApiProcess.open(settings, SystemClock()) as api:
        yield api
