"""Faults of processes: killed, stopped, and standing still. A supervisor, or the fault itself, starts them again."""

import asyncio

from bench.faults.schedule import Fault
from bench.faults.stage import Stage


async def kill(stage: Stage, fault: Fault) -> None:
    """`kill -9` of a process of the product."""
    await stage.stack.processes[fault.target].kill()


async def stop(stage: Stage, fault: Fault) -> None:
    """SIGTERM, which lets it drain."""
    await stage.stack.processes[fault.target].stop()


async def pause(stage: Stage, fault: Fault) -> None:
    """SIGSTOP, and SIGCONT afterwards: to the others it hangs."""
    if fault.target in stage.stack.processes:
        await stage.stack.processes[fault.target].pause(fault.seconds)
        return
    server = stage.postgres if fault.target == "postgres" else stage.redis
    async with stage.turn:
        server.freeze()
        await asyncio.sleep(fault.seconds)
        server.thaw()


async def kill_redis(stage: Stage, fault: Fault) -> None:
    """`kill -9` of Redis, which comes back empty."""
    async with stage.turn:
        await stage.redis.kill()
        await asyncio.sleep(fault.seconds)
        await stage.redis.start()


async def kill_postgres(stage: Stage, fault: Fault) -> None:
    """`kill -9` of PostgreSQL and all its children; it recovers from its log."""
    async with stage.turn:
        await stage.postgres.kill()
        await asyncio.sleep(fault.seconds)
        await stage.postgres.start()
