"""What each kind of fault of the schedule does, and the doing of it at its time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from redis.exceptions import RedisError

from bench.faults import commits, doorbells, processes, wires
from bench.faults.schedule import Fault
from bench.faults.stage import Stage
from core.errors import Unavailable

# What it needs is out, because of the fault before it.
IMPOSSIBLE = (RedisError, OSError, TimeoutError, Unavailable)

Doing = Callable[[Stage, Fault], Awaitable[None]]

WEATHER: Mapping[str, Doing] = {
    "cut": wires.cut,
    "stall": wires.stall,
    "half-open": wires.half_open,
    "delay": wires.delay,
    "throttle": wires.throttle,
}
DOINGS: Mapping[str, Doing] = {
    "kill": processes.kill,
    "stop": processes.stop,
    "pause": processes.pause,
    "kill redis": processes.kill_redis,
    "kill postgres": processes.kill_postgres,
    "freeze clients": wires.freeze_clients,
    "unpublished": doorbells.unpublished,
    "repeat doorbells": doorbells.repeat_doorbells,
    "lose doorbells": doorbells.lose_doorbells,
    "drop listeners": doorbells.drop_listeners,
    "late commit": commits.late_commit,
    "late rollback": commits.late_rollback,
    "lock database": commits.lock_database,
    **{
        f"{what} {where}": doing
        for what, doing in WEATHER.items()
        for where in ("clients", "database", "channel")
    },
}


async def happen(
    stage: Stage, faults: Sequence[Fault], seconds: float, told: Callable[[Fault, Exception | None], None]
) -> None:
    """Let each fault happen at its time, and go on when `seconds` are over and all have ended.

    Args:
        stage: where.
        faults: what, in the order of their times.
        seconds: how long it takes at least.
        told: called when a fault is over, with what kept it from happening if something did.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for fault in faults:
            await asyncio.sleep(max(0.0, began + fault.at - loop.time()))
            tasks.create_task(_do(stage, fault, told), name=str(fault))
        await asyncio.sleep(max(0.0, began + seconds - loop.time()))


async def _do(stage: Stage, fault: Fault, told: Callable[[Fault, Exception | None], None]) -> None:
    try:
        await DOINGS[fault.kind](stage, fault)
    except IMPOSSIBLE as error:
        told(fault, error)
    else:
        told(fault, None)
