"""What a delivery costs us and others: `make bench NAME=fanout`.

All servers run at once and take turns, slice by slice, so that whatever else the machine does befalls all of them. In
each slice an audience comes, events are published, every delivery is checked for exactly once and in order, and the
server's processor time is read from the kernel. Ours is a real `heliograph serve` at its defaults, which reads from its
log what another process has committed; the others have the event in memory.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial

from bench.fanout.contestants import CONTESTANTS, OURS, UVLOOP, Running
from bench.fanout.figures import BURST, FLAT, MANY, ONE, STEADY, Course, figures
from bench.fanout.nchan import NCHAN, at, found, nchan
from bench.fanout.scenes import Scene, played
from bench.fanout.turns import each_in_turn, measured
from bench.report import keeping, tell

CLAIM = (
    "Processor time of the server process for a delivery, all servers in one run, in turn; each delivery was checked"
    " for exactly once and in order"
)
SIZES = (100, 500, 1000, 2000, 4000)
EVEN = (OURS, UVLOOP)
FEW = (ONE, FLAT)
"""The scenes that show how even a server is, which only those of `EVEN` are asked for."""


def scenes(connections: int, sizes: Sequence[int]) -> list[Scene]:
    """All scenes; those of `sizes` show whether a delivery costs more with more subscribers."""
    return [
        Scene(STEADY, connections),
        Scene(BURST, connections, burst=10),
        Scene(MANY, max(1, connections // 10), subscriptions=40),
        Scene(ONE, 1),
        *(Scene(f"{FLAT}-{size}", size) for size in sizes),
    ]


async def compare(
    servers: Mapping[str, Running], wanted: Sequence[Scene], rounds: int, seconds: float
) -> Course:
    """Play all scenes with all servers, as often as there are rounds.

    Raises:
        Unsound: something was lost, repeated or reordered, or a connection has ended; the message says with whom.
    """
    course = Course(wanted)
    for turn in range(rounds):
        for scene in wanted:
            play = partial(played, scene=scene, seconds=seconds)
            async for name, one in each_in_turn(asked(servers, scene), turn, scene, play):
                course.add(scene, name, one)
                print(f"{turn + 1} of {rounds}, {scene.name}: {name} {one.micros:.2f} µs", file=sys.stderr)
    return course


def asked(servers: Mapping[str, Running], scene: Scene) -> Mapping[str, Running]:
    """Those that a scene is for: not all can do all, and some scenes are about the evenness of a few."""
    return {
        name: server
        for name, server in servers.items()
        if (name in EVEN or not scene.name.startswith(FEW))
        and (server.place.multiplexes or scene.subscriptions == 1)
    }


def main() -> int:
    """The command; 1 if a goal was missed, and if something was lost, repeated or reordered."""
    parser = argparse.ArgumentParser(prog="bench.fanout", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each server has its turn (%(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each slice, at least (%(default)s)")
    parser.add_argument("--connections", type=int, default=1000, help="in the first scenes (%(default)s)")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES, help="how many subscribers, to see whether it is flat"
    )
    parser.add_argument(
        "--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), help="these servers"
    )
    parser.add_argument("--scenes", nargs="+", help="only these: steady, burst, many, one, flat-100, …")
    parser.add_argument(
        "--nginx", type=at, default=found(), help="one with its module nchan; the machine's, if it has one"
    )
    keeping(parser)
    given = parser.parse_args()
    wanted = [
        scene
        for scene in scenes(given.connections, given.sizes)
        if given.scenes is None or scene.name in given.scenes
    ]
    starts = {name: CONTESTANTS[name] for name in given.only}
    if given.nginx is not None:
        starts[NCHAN] = partial(nchan, given.nginx)
    began = time.monotonic()
    course = measured(starts, lambda servers: compare(servers, wanted, given.rounds, given.seconds))
    seconds = time.monotonic() - began
    if given.nginx is None:
        print(f"{NCHAN} was left out: there is no nginx with this module, or --nginx PATH", file=sys.stderr)
    return 0 if tell("fanout", CLAIM, figures(course), seconds, series=course.series, keep=given.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
