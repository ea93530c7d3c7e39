"""Programs of Node that use the official clients of npm: one process each, which prints one value as JSON."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from bench.fleet.fleet import NODE

PROGRAMS = Path(__file__).parent
SECONDS = 60


async def run(program: str, **task: object) -> Any:
    """What `program` prints, a file beside this one, when it is given this task as a JSON object."""
    process = await asyncio.create_subprocess_exec(
        NODE, PROGRAMS / program, json.dumps(task), stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(SECONDS):
        told, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return json.loads(told)
