"""Sealing everything anew with the newest key, while others work on the same rows.

It goes through all that is stored in the order of its place, a few rows in a transaction of their own, so that nobody
waits for it for long; cut short at any point, it leaves rows that open with one key or another of the file, and what is
left is done by the next run. What somebody has locked is passed over and comes last, each row alone: who holds one
lock and waits for none is in nobody's way. Nothing that clients see changes, so nothing is recorded.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auth.sealing import LABEL, SealBroken, Sealer, label
from db.repositories import sealed
from db.repositories.sealed import Place, Store
from db.unit_of_work import Database, UnitOfWork

ROWS_AT_ONCE = 100
PAUSE_SECONDS = 0.05
"""After each step. Who waits for SQLite's lock only looks now and then, and shall find it free."""


@dataclass
class Resealed:
    """What a run did: how many secrets have a new seal, and the places of those that no key opens."""

    count: int = 0
    broken: set[Place] = field(default_factory=set)


@dataclass(frozen=True)
class KeyUse:
    """How many stored secrets need which key.

    `by_key` has the keys of the file, the newest first; `unnamed` are secrets of before that do not say which one they
    need, `unknown` those that need one that the file does not have.
    """

    by_key: Mapping[str, int]
    unnamed: int
    unknown: int


class _Pass(NamedTuple):
    """How a store is gone through once."""

    store: Store
    most: int
    skip_locked: bool


class KeyRotation:
    """Verbs of an operator, who has the key file. All raise Unavailable if the database does not answer."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def use(self) -> KeyUse:
        """Which keys are still needed."""
        async with self._database.engines.reading() as session:
            by_key = {key: await sealed.count(session, label(key)) for key in self._sealer.key_ids}
            named = await sealed.count(session, LABEL)
            every = await sealed.count(session)
        return KeyUse(by_key, unnamed=every - named, unknown=named - sum(by_key.values()))

    async def reseal(self) -> Resealed:
        """Seal everything with the newest key that is not; what no key opens stays as it is."""
        done = Resealed()
        for store in sealed.STORES:
            await self._go_through(_Pass(store, ROWS_AT_ONCE, skip_locked=True), done)
            await self._go_through(_Pass(store, 1, skip_locked=False), done)
        return done

    async def _go_through(self, way: _Pass, done: Resealed) -> None:
        """Step by step, each a transaction."""
        after: Place | None = None
        while True:
            async with self._database.write() as unit:
                after = await self._step(unit, way, after, done)
            if after is None:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _step(self, unit: UnitOfWork, way: _Pass, after: Place | None, done: Resealed) -> Place | None:
        """Seal the next rows behind a place anew; gives the place of the last of them, None at the end."""
        newest = label(self._sealer.key_ids[0])
        rows = await sealed.others(
            unit.session, way.store, newest, after, way.most, skip_locked=way.skip_locked
        )
        for row in rows:
            try:
                secret = self._sealer.open(row.sealed)
            except SealBroken:
                done.broken.add(row.place)
                continue
            await sealed.put(unit.session, way.store, row, self._sealer.seal(secret))
            done.count += 1
        return rows[-1].place if rows else None
