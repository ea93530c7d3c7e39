"""Generating domains: the names of a reserved range, batch by batch, each in one short transaction.

A batch is enumerated in a thread, so that a long one (names that are not ASCII take a while) does not hold up
the API in the same process. Whoever takes over begins where the last committed batch ended.
"""

import asyncio

from names.space import Space
from services.generating import Generating, NameBatch
from services.turns import Standing
from workers.held import Held

BATCH_OFFSETS = 1000


class DomainGeneration:
    """Handles shards of the first phase."""

    def __init__(self, generating: Generating) -> None:
        self._generating = generating

    async def handle(self, held: Held) -> Standing:
        """Enumerate what is left of a range. See `Handler.handle`."""
        stretch = await self._generating.stretch(held.claim)
        if stretch is None:
            return Standing.LOST
        position, standing = stretch.position, Standing.GOING_ON
        while standing is Standing.GOING_ON and not held.is_stopping:
            offsets = range(position, min(position + BATCH_OFFSETS, stretch.upper))
            batch = await asyncio.to_thread(_enumerate, stretch.space, offsets)
            standing = await self._generating.write(held.claim, batch)
            position = offsets.stop
        return standing


def _enumerate(space: Space, offsets: range) -> NameBatch:
    names = space.names_in(offsets.start, offsets.stop)
    return NameBatch(offsets, [(offset, name) for offset, name in names if name is not None])
