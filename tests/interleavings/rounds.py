"""A round: several writers at once, and subscriptions that begin at random places between their statements.

A place is one moment of one writer: a statement, or the commit, of a verb that is under way. What else happens around
it (the other writers, the reading of snapshots by statements of their own, rings, the hub's page) is left to the event
loop and the database, as in the product.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import event

from core.errors import Unavailable
from core.tasks import Owner
from events.cursor import decode
from graph import node_ids
from tests.fakes.stage import Stage
from tests.integration.waiting import until
from tests.interleavings import views
from tests.interleavings.followers import Decoder, Different, Follower
from tests.interleavings.recording import States, recorded
from tests.interleavings.views import Follow, shown
from tests.interleavings.writers import Writer
from vocabulary.operations import Rejected

WRITERS = 3
STATUSES = (None, ("RUNNING", "PAUSED"), ("DRAFT",))
FORMS = ("snapshot", "snapshot", "query, then after")
# In turns of the loop, from the place to the subscription.
DELAYS = (0, 0, 1, 2, 3, 5, 8, 13)
# After how many frames a subscriber leaves; None stays until all has come to rest.
STAYS = (None, 1, 1, 2, 3, 5, 8)
AT_ONCE = 24
PATIENCE_SECONDS = 60.0


@dataclass
class Told:
    """What a run of rounds has come to."""

    begun: Counter[str] = field(default_factory=Counter)
    tally: Counter[str] = field(default_factory=Counter)
    distinct: set[tuple[object, ...]] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


class Rounds:
    """All rounds on one database."""

    def __init__(self, stage: Stage, seed: int, per_place: float) -> None:
        self.told = Told()
        self._stage = stage
        self._seed = seed
        self._chance = Random(seed)
        self._per_place = per_place
        self._states = States()
        self._decoder = Decoder()
        self._writers = [
            Writer(stage, stage.house.alice, Random(f"{seed}/{number}"), f"{'xyz'[number]}")
            for number in range(WRITERS)
        ]
        self._followers: set[Follower] = set()
        self._owner = Owner("rounds")
        self._starting = 0
        self._place = 0
        self._is_open = False
        self._writing = 0

    async def prepare(self) -> None:
        """Listen to the writers' statements, and make the first things."""
        stage = self._stage
        original = stage.database.write
        # The services hold this very database, so it is its verb that is replaced.
        stage.database.write = recorded(original, self._states, stage.house.alice.id)  # type: ignore[method-assign, assignment]
        engine = stage.engines.writer.sync_engine
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "begin", self._begun)
        event.listen(engine, "commit", self._ending)
        event.listen(engine, "rollback", self._ending)
        for writer in self._writers:
            await writer.prepare()
            await writer.one()

    @property
    def commits(self) -> int:
        """How many states were recorded."""
        return len(self._states.positions)

    async def close(self) -> None:
        """Let nobody be under way."""
        await self._owner.close()

    async def play(self, verbs: int, wanted: int) -> None:
        """Write so many verbs, or until so many subscriptions have begun, then let all come to rest and compare."""
        self._is_open = True
        async with asyncio.TaskGroup() as group:
            for writer in self._writers:
                group.create_task(self._write(writer, verbs // WRITERS, wanted))
        self._is_open = False
        await self._rest()

    async def _write(self, writer: Writer, verbs: int, wanted: int) -> None:
        for _ in range(verbs):
            if self.told.begun.total() >= wanted or self.told.failures:
                return
            self.told.tally["verbs"] += await writer.one()
            # Whoever has begun must come to read: the writers alone would fill all of the time.
            await until(lambda: self._starting <= AT_ONCE, PATIENCE_SECONDS)

    def _before(self, *_: object) -> None:
        self._at()

    def _begun(self, _connection: object) -> None:
        self._writing += 1

    def _ending(self, _connection: object) -> None:
        self._at()
        self._writing -= 1

    def _at(self) -> None:
        """A writer has come to a place: perhaps somebody subscribes here."""
        if not self._is_open:
            return
        self._place += 1
        for number in range(int(self._per_place + self._chance.random())):
            follow, delay = self._choose(), self._chance.choice(DELAYS)
            form = self._chance.choice(FORMS)
            key = (self._seed, self._place, number, delay, form, follow.field)
            self._starting += 1
            self._owner.start(self._begin(follow, form, delay, key), "begin")

    def _choose(self) -> Follow:
        campaigns = [ident for writer in self._writers for ident in writer.campaigns]
        kind = self._chance.randrange(5)
        if kind == 0 and campaigns:
            return views.of_campaign(node_ids.encode("Campaign", self._chance.choice(campaigns)))
        if kind == 1:
            return views.of_campaigns(self._chance.choice(STATUSES))
        if kind == 2:
            return views.of_proxies()
        return views.of_activity() if kind == 3 else views.of_resources()

    async def _begin(self, follow: Follow, form: str, delay: int, key: tuple[object, ...]) -> None:
        try:
            for _ in range(delay):
                await asyncio.sleep(0)
            follower = Follower(self._stage, self._states, follow, self._decoder, self.told.tally)
            after = await self._query(follower) if form != "snapshot" else None
            await follower.subscribe(self._chance.choice(STAYS), self._left, after)
            self._followers.add(follower)
            self.told.begun[f"{follow.field}, {form}"] += 1
            self.told.tally["while somebody wrote"] += self._writing > 0
            self.told.distinct.add(key)
        except (Rejected, _Gone):
            # Its campaign was deleted before it came.
            self.told.tally["refused"] += 1
        except Unavailable:
            # The machine is too busy for so many at once. A client would try again; nobody was told anything.
            self.told.tally["unavailable"] += 1
        except Exception as error:  # noqa: BLE001  Reported with the round.
            self.told.failures.append(f"{type(error).__name__}: {error}")
        finally:
            self._starting -= 1

    async def _query(self, follower: Follower) -> str:
        follow = follower.follow
        variables = dict(follow.variables)
        result = await self._stage.execute(self._stage.house.alice, views.QUERIES[follow.field], **variables)
        if "errors" in result:
            refused = [error["extensions"]["code"] for error in result["errors"]]
            raise (Unavailable if refused[0] == "UNAVAILABLE" else Different)(f"{result['errors']}")
        if follow.field == "campaignEvents" and result["data"]["campaign"] is None:
            raise _Gone
        cursor = str(result["data"]["cursor"])
        follower.begin(shown(result["data"]), decode(cursor).position)
        for _ in range(self._chance.choice((0, 1, 5, 20, 60))):
            await asyncio.sleep(0)
        return cursor

    def _left(self, follower: Follower) -> None:
        self._followers.discard(follower)
        self.told.tally["frames"] += follower.frames
        if follower.failure is not None:
            self.told.failures.append(f"{type(follower.failure).__name__}: {follower.failure}")

    async def _rest(self) -> None:
        """Wait until everybody has all, and compare with the database as it is."""
        await until(lambda: not self._starting, PATIENCE_SECONDS)
        head = await self._stage.head()
        await self._stage.hub.wait_beyond(head - 1)
        await until(lambda: all(each.is_even(head) for each in [*self._followers]), PATIENCE_SECONDS)
        for follower in [*self._followers]:
            try:
                follower.compare_at_rest(head)
            except Different as error:
                follower.failure = error
            follower.leave()


class _Gone(Exception):
    """There is no such campaign any more."""
