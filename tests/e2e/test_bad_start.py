"""What is wrong at the start is one line on standard error that says what, and exit code 2; nothing is left behind."""

import asyncio
import socket
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.e2e.product import HELIOGRAPH
from tests.servers.process import free_port

SECONDS = 100


async def start(folder: Path, *arguments: str, **settings: object) -> tuple[int | None, str, str]:
    """How a start that must fail ended: the exit code and both streams."""
    env = {f"HELIOGRAPH_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        HELIOGRAPH, *arguments, stdout=PIPE, stderr=PIPE, cwd=folder, env=env
    )
    out, complaint = await process.communicate()
    return process.returncode, out.decode(), complaint.decode()


@pytest.fixture
def nobody() -> int:
    """A port of the loopback that nobody listens on."""
    return free_port()


async def test_each_is_one_line(tmp_path: Path, nobody: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        postgres = f"postgresql+asyncpg://who:hidden@127.0.0.1:{nobody}/heliograph"
        redis = f"redis://:hidden@127.0.0.1:{nobody}/0"
        cases = {
            "database": start(tmp_path, "serve", port=0, database_url=postgres),
            "database of a worker": start(tmp_path, "worker", database_url=postgres, channel_url=redis),
            "channel": start(tmp_path, "serve", port=0, channel_url=redis, database_url=_sqlite("channel")),
            "channel of a worker": start(tmp_path, "worker"),
            "setting": start(tmp_path, "serve", port=0, lease_seconds="soon"),
            "flag": start(tmp_path, "serve", "--prot", "8000"),
            "port": start(tmp_path, "serve", port=port, database_url=_sqlite("port")),
        }
        async with asyncio.timeout(SECONDS):
            ends = dict(zip(cases, await asyncio.gather(*cases.values()), strict=True))

    words = {
        "database": f"HELIOGRAPH_DATABASE_URL: postgresql+asyncpg://who@127.0.0.1:{nobody}/heliograph",
        "database of a worker": "HELIOGRAPH_DATABASE_URL: ",
        "channel": "HELIOGRAPH_CHANNEL_URL: ",
        "channel of a worker": "HELIOGRAPH_CHANNEL_URL",
        "setting": "HELIOGRAPH_LEASE_SECONDS: ",
        "flag": "--prot",
        "port": f"{port}",
    }
    for name, (code, out, complaint) in ends.items():
        assert (name, code, out) == (name, 2, "")
        assert complaint.startswith("heliograph")
        assert complaint.count("\n") == 1, complaint
        assert words[name] in complaint
        assert "hidden" not in complaint


def _sqlite(name: str) -> str:
    return f"sqlite+aiosqlite:///{name}.db"
