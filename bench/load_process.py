"""`bench/load_writer.py` in a process of its own: whoever relays for hundreds of clients beside would hold it up.

The process is told what it needs in one line of JSON, writes until its input ends, and then says in one line how
its commits ended.
"""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import cast

import msgspec
import structlog
import uvloop

from bench.load import Tally
from bench.load_things import CAMPAIGN, KEYWORD_SET, POOL, PROFILE, Thing
from bench.load_writer import Writer, writing

KINDS = {kind.noun: kind for kind in (CAMPAIGN, KEYWORD_SET, POOL, PROFILE)}
ANSWER_BYTES = 64 << 20
END_SECONDS = 60.0


class Order(msgspec.Struct, frozen=True):
    """What is to be written.

    Attributes:
        database_url: of a migrated database.
        channel_url: where to ring.
        owner: the name of the principal whose the events are.
        things: what the events are about, in turn: the noun and the id of each.
        rate: commits a second, on average.
    """

    database_url: str
    channel_url: str
    owner: str
    things: Sequence[tuple[str, str]]
    rate: float


class Ended(msgspec.Struct, frozen=True):
    """How its commits ended; it asks nobody, so nothing surprises it."""

    acknowledged: list[int]
    in_doubt: int


@asynccontextmanager
async def written_beside(order: Order) -> AsyncIterator[Tally]:
    """Have events appended for as long as the block lasts; after it the tally says how that ended.

    Raises:
        RuntimeError: the process has ended by itself; its error output says why.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load_process", stdin=PIPE, stdout=PIPE, limit=ANSWER_BYTES
    )
    asked, told = cast("StreamWriter", process.stdin), cast("StreamReader", process.stdout)
    tally = Tally()
    try:
        asked.write(msgspec.json.encode(order) + b"\n")
        # The answer says that it has begun, so that its start is no part of what is measured.
        await _line(told)
        yield tally
        asked.close()
        async with asyncio.timeout(END_SECONDS):
            ended = msgspec.json.decode(await _line(told), type=Ended)
            await process.wait()
        tally.acknowledged, tally.in_doubt = ended.acknowledged, ended.in_doubt
    finally:
        with suppress(ProcessLookupError):
            process.kill()


async def _line(told: StreamReader) -> bytes:
    line = await told.readline()
    if not line:
        raise RuntimeError("The writer has ended by itself.")
    return line


async def _write(order: Order) -> Ended:
    things = [Thing(KINDS[noun], ident) for noun, ident in order.things]
    async with (
        writing(order.database_url, order.channel_url, order.owner) as place,
        Writer(place, things, order.rate) as writer,
    ):
        print("{}", flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)
    return Ended(writer.tally.acknowledged, writer.tally.in_doubt)


def main() -> None:
    """The process."""
    # What its own doorbell says of outages is no news.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    print(msgspec.json.encode(uvloop.run(_write(order))).decode(), flush=True)


if __name__ == "__main__":
    main()
