"""The process of a crowd: `python -m bench.crowd URL TOKEN`, with orders on standard input."""

import asyncio
import sys

import msgspec
import uvloop

from bench.crowd.gathering import Gathering
from bench.crowd.orders import Order
from bench.open_files import as_many_as_may_be


async def gather(url: str, token: str) -> None:
    """Obey one order after another until there are no more."""
    gathering = Gathering(url, token)
    orders: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        heard = await gathering.obey(orders.decode(line))
        print(msgspec.json.encode(heard).decode(), flush=True)


def main() -> None:
    """The process."""
    as_many_as_may_be()
    uvloop.run(gather(*sys.argv[1:]))


if __name__ == "__main__":
    main()
