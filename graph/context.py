"""What resolvers know: who asks, what can be changed, and one snapshot to read from."""

from collections.abc import Callable
from dataclasses import dataclass, field

import strawberry

from auth.principal import Principal
from core.clock import Clock, SystemClock
from core.limits import STANDARD, Limit, Limits
from db.engine import Engines
from db.repositories import event_log
from events import cursor
from events.cursor import Cursor as Place
from graph.errors import TooMuch
from graph.insights import Insights
from graph.loaders import Loaders
from graph.reading import Reading
from graph.scalars import Cursor
from graph.turns import Turns
from services.access import Access
from services.bulk import BulkOperations
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.keyword_sets import KeywordSets
from services.personas import Personas
from services.pools import Pools
from services.principals import Principals
from services.proxies import Proxies
from services.proxy_lists import ProxyLists
from services.running_settings import RunningSettings
from services.scoring_profiles import ScoringProfiles
from vocabulary.streams import StreamCounts


@dataclass(frozen=True)
class Services:
    """The verbs, built once per process, and what the process counts of its streams."""

    campaigns: Campaigns
    campaign_control: CampaignControl
    proxies: Proxies
    proxy_lists: ProxyLists
    pools: Pools
    personas: Personas
    keyword_sets: KeywordSets
    principals: Principals
    access: Access
    scoring_profiles: ScoringProfiles
    settings: RunningSettings
    bulk: BulkOperations
    insights: Insights = field(default_factory=Insights)
    clock: Clock = field(default_factory=SystemClock)
    limits: Limits = STANDARD
    streams: Callable[[], StreamCounts] = StreamCounts


class Budget:
    """How many rows the lists of one operation may give in all. It knows nothing of the operation.

    A page of 100 campaigns with 50 domains each is 5,100; a page of 1,000 domains is 1,000. What may have to look at
    all rows of something, a count or a sum for instance, counts as many (`graph/loaders.py`).
    """

    __slots__ = ("_most", "_rows_left")

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows_left = most

    def __repr__(self) -> str:
        return f"<Budget of {self._rows_left} rows>"

    def spend(self, rows: int) -> None:
        """Count the rows that a list may give, so that nested lists cannot multiply without end.

        Raises:
            Refused: the operation asks for more than that in all.
        """
        self._rows_left -= rows
        if self._rows_left < 0:
            raise TooMuch(
                Limit.MAX_ROWS,
                self._most,
                f"The lists of one operation may give {self._most} rows in all, as which counts, sums and "
                "searches count too; ask for smaller pages.",
            )


class Context:
    """The context of one operation, or of one event of a subscription; `close` it when that is over.

    `resume` is where the transport says that a subscription goes on, which is later than what its `after` says.
    `skipped` is how many updates the one that this event tells stands for besides itself.
    `reading` is a snapshot that others read from, too; whoever made that closes it. `turns` are for large pages.
    """

    __slots__ = ("_budget", "caller", "loaders", "reading", "resume", "services", "skipped", "turns")

    def __init__(
        self,
        caller: Principal,
        services: Services,
        engines: Engines,
        resume: Place | None = None,
        *,
        skipped: int = 0,
        reading: Reading | None = None,
    ) -> None:
        self.caller = caller
        self.resume = resume
        self.skipped = skipped
        self.services = services
        self.reading = reading or Reading(engines)
        self.turns = Turns()
        self._budget = Budget(self.services.limits.max_rows)
        self.loaders = self._new_loaders()

    def __repr__(self) -> str:
        return f"<Context of {self.caller.name}, {self.reading!r}>"

    async def renew(self) -> None:
        """Forget what was read: the next read sees what is committed now."""
        await self.reading.restart()
        self.loaders = self._new_loaders()

    async def begin_again(self) -> None:
        """Be as at the beginning, but for the snapshot, which is another one only if something was amiss with it."""
        await self.reading.recover()
        self._budget = Budget(self.services.limits.max_rows)
        self.loaders = self._new_loaders()

    async def close(self) -> None:
        """Give the snapshot up, and let go of what was read."""
        self.loaders.forget()
        await self.reading.close()

    def _new_loaders(self) -> Loaders:
        return Loaders(self.reading, self.caller.scope, self.services.insights, self._budget.spend)

    async def cursor(self) -> Cursor:
        """The position of the log that all that was read is exact at."""
        head = await self.reading.head()
        return Cursor(cursor.encode(head.incarnation, head.position, head.tag))

    async def cursor_at(self, position: int) -> Cursor:
        """Another position of the same log, not after that of the snapshot."""
        head = await self.reading.head()
        if position == head.position:
            return await self.cursor()
        # Others have committed since. Behind what is pruned nobody can go on, whatever the tag.
        _, tag = await self.reading.run(event_log.head_and_tag, position)
        return Cursor(cursor.encode(head.incarnation, position, tag or 0))

    def spend(self, rows: int) -> None:
        """Count the rows that a list may give; raises what `Budget.spend` raises."""
        self._budget.spend(rows)


Info = strawberry.Info[Context, None]
