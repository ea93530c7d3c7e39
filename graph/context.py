"""What resolvers know: who asks, what can be changed, and one snapshot to read from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import strawberry

from auth.principal import Principal
from core.clock import Clock, SystemClock
from core.limits import STANDARD, Limits
from db.engine import Engines
from db.repositories import event_log
from events import cursor
from events.cursor import Cursor as Place
from graph.admission import Query
from graph.budget import Budget
from graph.insights import Insights
from graph.loaders import Loaders
from graph.reading import Reading
from graph.scalars import Cursor
from graph.turns import Line, Turns
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
    line: Line = field(default_factory=Line)
    streams: Callable[[], StreamCounts] = StreamCounts


class Context:
    """The context of one operation, or of one event of a subscription; `close` it when that is over.

    `resume` is where the transport says that a subscription goes on, which is later than what its `after` says.
    `skipped` is how many updates the one that this event tells stands for besides itself.
    `reading` is a snapshot that others read from, too; whoever made that closes it. `turns` are for large pages.
    """

    __slots__ = ("budget", "caller", "loaders", "reading", "resume", "services", "skipped", "turns")

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
        self.turns = Turns(services.line)
        self.budget = Budget(self.services.limits.max_rows)
        self.loaders = self._new_loaders()

    def __repr__(self) -> str:
        return f"<Context of {self.caller.name}, {self.reading!r}>"

    def read_as(self, query: Query) -> None:
        """Read nothing before it is admitted, as one of as many rows as were asked for by then."""
        self.reading.enter = partial(_enter, query, self.budget)

    async def renew(self) -> None:
        """Forget what was read: the next read sees what is committed now."""
        await self.reading.restart()
        self.loaders = self._new_loaders()

    async def begin_again(self) -> None:
        """Be as at the beginning, but for the snapshot, which is another one only if something was amiss with it."""
        await self.reading.recover()
        self.budget.renew()
        self.loaders = self._new_loaders()

    async def close(self) -> None:
        """Give the snapshot up, and let go of what was read."""
        self.loaders.forget()
        await self.reading.close()

    def _new_loaders(self) -> Loaders:
        return Loaders(self.reading, self.caller.scope, self.services.insights, self.budget, self.turns)

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
        self.budget.spend(rows)


async def _enter(query: Query, budget: Budget) -> None:
    await query.enter(budget.spent)


Info = strawberry.Info[Context, None]
