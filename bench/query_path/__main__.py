"""What a list costs: `python -m bench.query_path`, 50 campaigns with 10 fields each, over HTTP, beside other servers.

All servers stand at once and are asked in turn, some seconds each, in several rounds; whoever answers once otherwise
than before ends the run, and all have to answer the same. Ours reads a database, and the others have everything in
memory, as text: what ours pays for its database is measured beside it, as the same statements with the bare driver.

`--profile` asks one process of ours, on SQLite, and prints where its time goes.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import msgspec
import uvloop

from bench.query_path import bare, profiling, standing
from bench.query_path.asking import Asking, Measured, Target, WrongAnswer
from bench.report import Figure, tell
from bench.servers import own_postgres
from core.logging import configure
from tests.servers.postgres import PostgresServer

FIELDS = "id name status mode version controlPhase percent createdAt updatedAt startedAt"
QUERY = f"{{ campaigns(first: 50) {{ nodes {{ {FIELDS} }} }} }}"
SQLITE = "ours on SQLite"
POSTGRES = "ours on PostgreSQL"
GOAL_MS = 0.6
WARM_UP_SECONDS = 1.0
CLAIM = "A list of 50 campaigns with 10 fields costs about what it costs fast servers that read no database."

Place = Callable[[str], Awaitable[str]]


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="bench.query_path", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each is asked. Default: 5.")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each time. Default: 2.")
    parser.add_argument("--connections", type=int, default=4, help="to each server. Default: 4.")
    parser.add_argument("--only-ours", action="store_true", help="leave the other servers out")
    parser.add_argument("--profile", action="store_true", help="print where the time of ours goes instead")
    parser.add_argument("--keep", action="store_true", help="keep what was found, for the documents")
    return parser.parse_args()


async def run(args: argparse.Namespace) -> bool:
    """Measure; gives whether the goal was met.

    Raises:
        WrongAnswer: a server did not answer what it has to.
    """
    configure("warning")
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-query-path-")))
        if args.profile:
            await profiling.show(folder, QUERY)
            return True
        postgres = await stack.enter_async_context(own_postgres(folder))
        places: dict[str, Place] = {SQLITE: partial(_sqlite, folder), POSTGRES: partial(_database, postgres)}
        targets = [
            await standing.ours(stack, name, folder / f"ours {number}", await place("served"))
            for number, (name, place) in enumerate(places.items())
        ]
        askings = await _open(stack, targets, args.connections)
        if not args.only_ours:
            rows = folder / "rows.json"
            rows.write_bytes(msgspec.json.encode(_nodes(askings[0])))
            others = [await standing.stock(stack, folder, rows)]
            others += [await standing.node(stack, kind, folder, rows) for kind in standing.NODE_KINDS]
            askings += await _open(stack, others, args.connections)
        _compare(askings)
        await _ask_in_turn(askings, args.rounds, args.seconds)
        found = {asking.target.name: asking.measured for asking in askings}
        own = {name: await _bare_ms(folder, await place("bare")) for name, place in places.items()}
    return tell("query-path", CLAIM, _figures(found, own, args), time.monotonic() - began, keep=args.keep)


async def _sqlite(folder: Path, name: str) -> str:
    return f"sqlite+aiosqlite:///{folder / name}.db"


async def _database(postgres: PostgresServer, _name: str) -> str:
    return (await postgres.create_database()).sqlalchemy_url()


async def _open(stack: AsyncExitStack, targets: list[Target], connections: int) -> list[Asking]:
    askings = [await Asking.open(target, QUERY, connections) for target in targets]
    for asking in askings:
        stack.callback(asking.close)
    return askings


def _nodes(asking: Asking) -> list[dict[str, object]]:
    nodes: list[dict[str, object]] = msgspec.json.decode(asking.body)["data"]["campaigns"]["nodes"]
    return nodes


def _compare(askings: list[Asking]) -> None:
    expected = _nodes(askings[0])
    if len(expected) != 50:
        raise WrongAnswer(f"Ours gives {len(expected)} campaigns.")
    for asking in askings:
        if _nodes(asking) != expected:
            raise WrongAnswer(f"{asking.target.name} answers otherwise than ours.")


async def _ask_in_turn(askings: list[Asking], rounds: int, seconds: float) -> None:
    for asking in askings:
        await asking.ask(min(WARM_UP_SECONDS, seconds), counting=False)
    for number in range(rounds):
        # Whoever is first is another one each time.
        for asking in [*askings[number % len(askings) :], *askings[: number % len(askings)]]:
            await asking.ask(seconds)


async def _bare_ms(folder: Path, url: str) -> float:
    return await bare.cpu_ms(url, await bare.sent_for(folder, url, QUERY))


def _figures(found: dict[str, Measured], own: dict[str, float], args: argparse.Namespace) -> list[Figure]:
    asked = f"{args.rounds} rounds of {args.seconds:g} s each, {args.connections} connections"
    figures = [Figure(what="asked", value=asked)]
    for name, measured in found.items():
        rate = len(measured.seconds) / measured.cpu_seconds
        value = (
            f"{measured.cpu_ms:.3f} ms CPU, {rate:,.0f} requests per CPU second,"
            f" p50 {measured.percentile(0.5):.2f} ms, p99 {measured.percentile(0.99):.2f} ms"
        )
        figures.append(Figure(what=name, value=value))
    for name, taken in own.items():
        left = found[name].cpu_ms - taken
        figures.append(
            Figure(
                what=f"{name}, without the database's own time",
                value=f"{left:.3f} ms CPU (the bare driver takes {taken:.3f} ms)",
                goal=f"≤ {GOAL_MS} ms CPU" if name == SQLITE else "",
                met=left <= GOAL_MS if name == SQLITE else None,
            )
        )
    return figures


if __name__ == "__main__":
    sys.exit(0 if uvloop.run(run(arguments())) else 1)
