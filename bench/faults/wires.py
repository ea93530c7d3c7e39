"""Faults of the network between any two parts, and clients that stop reading."""

import asyncio

from bench.faults.schedule import Fault
from bench.faults.stage import Stage
from bench.relay import Direction, Relay

LATENCIES = (0.02, 0.3)
RATES = (5_000.0, 100_000.0)


def _relay(stage: Stage, fault: Fault) -> Relay:
    what = fault.kind.split()[1]
    return stage.stack.wires[fault.target if what == "clients" else f"{what} {fault.target}"]


def _directions(fault: Fault) -> tuple[Direction, ...]:
    ways: list[tuple[Direction, ...]] = [(Direction.UP,), (Direction.DOWN,), ()]
    return fault.dice.choice(ways)


async def cut(stage: Stage, fault: Fault) -> None:
    """RST for every connection of a relay."""
    _relay(stage, fault).cut()


async def stall(stage: Stage, fault: Fault) -> None:
    """Nothing moves, in one direction or in both."""
    _relay(stage, fault).stall(fault.seconds, *_directions(fault))


async def half_open(stage: Stage, fault: Fault) -> None:
    """Bytes are taken and do not arrive, in one direction or in both."""
    _relay(stage, fault).half_open(fault.seconds, *_directions(fault))


async def delay(stage: Stage, fault: Fault) -> None:
    """All is late."""
    relay = _relay(stage, fault)
    relay.delay(fault.dice.uniform(*LATENCIES))
    await asyncio.sleep(fault.seconds)
    relay.delay(0)


async def throttle(stage: Stage, fault: Fault) -> None:
    """Little passes."""
    relay = _relay(stage, fault)
    relay.throttle(fault.dice.uniform(*RATES))
    await asyncio.sleep(fault.seconds)
    relay.throttle(0)


async def freeze_clients(stage: Stage, fault: Fault) -> None:
    """Some clients read nothing for a while."""
    names = stage.names[fault.target]
    some = fault.dice.sample(list(names), max(1, len(names) // 4))
    await stage.fleet.freeze(some, fault.seconds)
