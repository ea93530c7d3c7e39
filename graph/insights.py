"""What a scan of a campaign's domains says, kept for as long as nothing happens to the campaign.

What is kept is what a scan comes to, never the rows.

A value that was read is used again by whoever's snapshot has the same newest event of the campaign: domains change
only together with an event, so it is exact at the cursor of that response too. An event is told by its position and
its tag, for after a restored backup another one may be at the same position. It is kept for `KEPT_SECONDS`, and
only the `KEPT_MOST` used last are.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from core.clock import Clock, SystemClock
from db.engine import Session
from db.queries import leads
from graph.reading import Read, Reading
from leads.momentum import momentum
from vocabulary.leads import Momentum

T = TypeVar("T")

KEPT_SECONDS = 30
KEPT_MOST = 500

Key = tuple[str, UUID, tuple[int, int] | None]
Batch = Read[[Sequence[UUID]], Mapping[UUID, T]]
Load = Callable[[list[UUID]], Awaitable[list[T]]]


async def momenta(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, Momentum]:
    """What the last scoring has changed in these campaigns; each is worked out in a thread, for it may be much."""
    found = await leads.moved(session, ids)
    return {ident: await asyncio.to_thread(momentum, scores) for ident, scores in found.items()}


class Insights:
    """The values of one process."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Insights {len(self._kept)} kept>"

    def loader(self, reading: Reading, batch: Batch[T], empty: T) -> Load[T]:
        """Loads what `batch` reads of campaigns, those of which it says nothing as `empty`."""

        async def load(ids: list[UUID]) -> list[T]:
            newest = await reading.run(leads.newest, ids)
            keys = {ident: (batch.__qualname__, ident, newest.get(ident)) for ident in ids}
            values = {ident: kept.value for ident in ids if (kept := self._use(keys[ident])) is not None}
            missing = [ident for ident in ids if ident not in values]
            if missing:
                found = await reading.run(batch, missing)
                values |= {ident: self._keep(keys[ident], found.get(ident, empty)) for ident in missing}
            return [values[ident] for ident in ids]

        return load

    def _use(self, key: Key) -> "_Kept | None":
        kept = self._kept.get(key)
        if kept is None or kept.until <= self._clock.now():
            return None
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: Key, value: T) -> T:
        self._kept[key] = _Kept(value, self._clock.now() + timedelta(seconds=KEPT_SECONDS))
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT_MOST:
            self._kept.popitem(last=False)
        return value


class _Kept(NamedTuple):
    value: Any
    until: datetime
