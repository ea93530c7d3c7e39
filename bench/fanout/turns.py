"""A run that compares servers: all run at once and take turns, and one fault is the end of it."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import uvloop

from bench.fanout.audience import Unsound
from bench.fanout.contestants import Running, Start, started
from bench.open_files import as_many_as_may_be

TOLD = 2000
"""How much of the end of a server's log is told with a fault."""

T = TypeVar("T")


def in_turn(names: Sequence[str], turn: int) -> Sequence[str]:
    """The names, of which another is the first each time, so that nobody always comes after the dearest."""
    place = turn % len(names)
    return [*names[place:], *names[:place]]


async def each_in_turn(
    servers: Mapping[str, Running], turn: int, what: object, play: Callable[[Running], Awaitable[T]]
) -> AsyncIterator[tuple[str, T]]:
    """What was found with each of these.

    Args:
        servers: by name.
        turn: which one it is of the run, from 0.
        what: is played, for the message of a fault.
        play: measures one server.

    Raises:
        Unsound: something was lost, repeated or reordered, or a connection has ended; the message says with whom.
    """
    for name in in_turn(list(servers), turn):
        try:
            found = await play(servers[name])
        except (Unsound, TimeoutError) as error:
            told = servers[name].log()[-TOLD:]
            raise Unsound(f"{name}, {what}: {error!r} Its log ends with:\n{told}") from error
        yield name, found


def measured(starts: Mapping[str, Start], compare: Callable[[Mapping[str, Running]], Awaitable[T]]) -> T:
    """Start these servers and compare them; the process ends with 1 where the run does not count."""

    async def run() -> T:
        async with started(starts) as servers:
            return await compare(servers)

    as_many_as_may_be()
    try:
        return uvloop.run(run())
    except Unsound as error:
        sys.exit(f"The run does not count. {error}")
