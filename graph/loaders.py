"""DataLoaders: what the objects of one response refer to, read in batches.

A loader lives as long as its snapshot, so its cache is never stale. Each turn of the event loop becomes one
statement per kind of thing, however many objects of the response ask for it, or one for twenty pages of lists; a test
counts them.
Each loader of things that somebody owns reads them in the scope of the caller.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from db.engine import Session
from db.models import (
    AnalysisConfigRow,
    BulkOperationRow,
    CampaignRow,
    DnsConfigRow,
    DomainRow,
    EventRow,
    HttpConfigRow,
    KeywordRuleRow,
    KeywordSetRow,
    Model,
    PersonaRow,
    PhaseRow,
    PrincipalRow,
    ProxyPoolRow,
    ProxyRow,
    ScoringProfileRow,
    ScoringVersionRow,
    TokenRow,
)
from db.queries import (
    activity,
    bulk,
    campaigns,
    domains,
    keyword_sets,
    leads,
    lineage,
    personas,
    pools,
    principals,
    proxies,
    scoring_profiles,
)
from db.queries.campaigns import Generation
from db.queries.leads import Figures
from db.queries.listing import Listing, Wanted
from db.queries.proxies import Record
from db.scope import Scope
from graph.budget import Budget
from graph.insights import Insights, momenta
from graph.reading import Read, Reading
from graph.shared_loader import SharedLoader
from graph.turns import Turns
from leads.momentum import momentum
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import Bucket, Momentum, Tallies

K = TypeVar("K")
R = TypeVar("R")
M = TypeVar("M", bound=Model)
F = TypeVar("F")
V = TypeVar("V")

ReadLists = Callable[[Session, Sequence[K], int], Awaitable[Mapping[K, R]]]
"""What reads lists that have no size of their own: so many rows in all, and no more."""

FULL_READ = 100
"""What a statement that may look at every row of something counts as, in rows of a list."""
FULL_LOAD = 4 * FULL_READ
"""The same of one that takes all that it looks at into memory."""
_SEARCHING = ("search", "name_contains", "keyword")


class Loaders:
    """The loaders of one snapshot, each made when first used. `budget` is told what they cost, in rows of a list."""

    def __init__(
        self,
        reading: Reading,
        scope: Scope,
        insights: Insights,
        budget: Budget,
        turns: Turns | None = None,
    ) -> None:
        self._reading = reading
        self._insights = insights
        self._budget = budget
        self._turns = turns
        self._scope = scope
        self._pages: dict[int, DataLoader[Any, Any]] = {}
        self._counts: dict[int, DataLoader[Any, int]] = {}
        self._is_lone = False

    def forget(self) -> None:
        """Let go of every loader, and of what it has read.

        They know these loaders, which know them: hundreds of objects, for which the collector of garbage would have to
        come, and let everybody wait meanwhile.
        """
        self._pages.clear()
        self._counts.clear()
        for name in [name for name, each in vars(self).items() if isinstance(each, DataLoader)]:
            delattr(self, name)

    def expect(self, fields: int) -> None:
        """Hear how many fields are resolved at once: with the page that a lone one asks for nobody asks for another."""
        self._is_lone = fields == 1

    async def page(self, listing: Listing[M, F], wanted: Wanted[F]) -> Sequence[M]:
        """A page of a list, at once if it is the one that nobody asks for another with."""
        if not self._is_lone:
            return await self.pages(listing).load(wanted)
        self._is_lone = False
        return await self._only(listing, wanted)

    async def _only(self, listing: Listing[M, F], wanted: Wanted[F]) -> Sequence[M]:
        self._budget.spend(FULL_READ * _searches([wanted.filter]))
        return await self._reading.look(listing.page_of, self._scope, wanted)

    def pages(self, listing: Listing[M, F]) -> DataLoader[Wanted[F], Sequence[M]]:
        """Pages of one kind of list, which is one of the constants of `db/queries/`."""

        async def load(wanted: list[Wanted[F]]) -> Sequence[Sequence[M]]:
            if len(wanted) == 1:
                return [await self._only(listing, wanted[0])]
            self._budget.spend(FULL_READ * _searches(one.filter for one in wanted))
            return await self._reading.load(listing.pages, self._scope, wanted)

        return self._pages.setdefault(id(listing), SharedLoader(load, self._turns))

    def counts(self, listing: Listing[M, F]) -> DataLoader[F, int]:
        """How many rows the filters of one kind of list let through."""

        async def load(filters: list[F]) -> list[int]:
            self._budget.spend(FULL_READ * len(filters))
            if len(filters) == 1:
                return [await self._reading.look(listing.count_of, self._scope, filters[0])]
            return await self._reading.load(listing.counts, self._scope, filters)

        return self._counts.setdefault(id(listing), SharedLoader(load, self._turns))

    @cached_property
    def principal(self) -> DataLoader[UUID, PrincipalRow | None]:
        """Principals by id."""
        return self._visible(principals.by_ids)

    @cached_property
    def token(self) -> DataLoader[UUID, TokenRow | None]:
        """Tokens by id."""
        return self._visible(principals.tokens_by_ids)

    @cached_property
    def campaign(self) -> DataLoader[UUID, CampaignRow | None]:
        """Campaigns by id."""
        return self._visible(campaigns.by_ids)

    @cached_property
    def campaign_owner(self) -> DataLoader[UUID, UUID | None]:
        """Whose campaigns are, by id; all that whoever follows one has to know of it."""

        async def load(ids: list[UUID]) -> list[UUID | None]:
            if len(ids) == 1:
                return [await self._reading.look(campaigns.owner_of, self._scope, ids[0])]
            found = await self._reading.load(campaigns.owners, self._scope, ids)
            return [found.get(ident) for ident in ids]

        return SharedLoader(load, self._turns)

    @cached_property
    def domain(self) -> DataLoader[tuple[UUID, int], DomainRow | None]:
        """Domains by campaign and offset."""
        return self._visible(domains.by_ids)

    @cached_property
    def proxy(self) -> DataLoader[UUID, ProxyRow | None]:
        """Proxies by id."""
        return self._visible(proxies.by_ids)

    @cached_property
    def proxy_pool(self) -> DataLoader[UUID, ProxyPoolRow | None]:
        """Pools of proxies by id."""
        return self._visible(pools.by_ids)

    @cached_property
    def pools_of_proxy(self) -> DataLoader[UUID, list[ProxyPoolRow] | None]:
        """The pools that proxies are in."""
        return self._lists(self._seen(pools.of_proxies), len)

    @cached_property
    def pool_member_count(self) -> DataLoader[UUID, int | None]:
        """How many members pools have."""
        return self._batch(pools.member_counts)

    @cached_property
    def proxy_record(self) -> DataLoader[tuple[UUID, datetime], Record | None]:
        """How the uses of proxies ended, by proxy and the moment since when."""
        return self._batch(proxies.records)

    @cached_property
    def bulk_operation(self) -> DataLoader[UUID, BulkOperationRow | None]:
        """Bulk operations by id."""
        return self._visible(bulk.by_ids)

    @cached_property
    def persona(self) -> DataLoader[UUID, PersonaRow | None]:
        """Personas by id."""
        return self._visible(personas.by_ids)

    @cached_property
    def keyword_set(self) -> DataLoader[UUID, KeywordSetRow | None]:
        """Keyword sets by id."""
        return self._visible(keyword_sets.by_ids)

    @cached_property
    def activity(self) -> DataLoader[int, EventRow | None]:
        """Activities by their place in the log."""
        return self._visible(activity.by_positions)

    @cached_property
    def phases(self) -> DataLoader[UUID, list[PhaseRow] | None]:
        """The phases of campaigns."""
        return self._batch(campaigns.phases)

    @cached_property
    def generation(self) -> DataLoader[UUID, Generation | None]:
        """What campaigns enumerate."""
        return self._batch(campaigns.generations)

    @cached_property
    def dns_config(self) -> DataLoader[UUID, DnsConfigRow | None]:
        """How campaigns resolve."""
        return self._batch(campaigns.dns_configs)

    @cached_property
    def http_config(self) -> DataLoader[UUID, HttpConfigRow | None]:
        """How campaigns fetch."""
        return self._batch(campaigns.http_configs)

    @cached_property
    def analysis_config(self) -> DataLoader[UUID, AnalysisConfigRow | None]:
        """How campaigns score."""
        return self._batch(campaigns.analysis_configs)

    @cached_property
    def scoring_profile(self) -> DataLoader[UUID, ScoringProfileRow | None]:
        """Scoring profiles by id."""
        return self._visible(scoring_profiles.by_ids)

    @cached_property
    def scoring_now(self) -> DataLoader[UUID, ScoringVersionRow | None]:
        """What scoring profiles say."""
        return self._batch(scoring_profiles.now)

    @cached_property
    def scoring_versions(self) -> DataLoader[UUID, list[ScoringVersionRow] | None]:
        """What scoring profiles say and have said, the newest first."""
        return self._lists(scoring_profiles.versions, len)

    @cached_property
    def earlier_campaigns(self) -> DataLoader[UUID, list[CampaignRow] | None]:
        """The campaigns that have enumerated parts of the same spaces before."""
        return self._visible(lineage.earlier)

    @cached_property
    def tallies(self) -> DataLoader[UUID, Tallies | None]:
        """How many domains of campaigns have each rejection."""
        return self._batch(leads.tallies)

    @cached_property
    def pending(self) -> DataLoader[UUID, int]:
        """How many domains of campaigns are not decided on."""
        return self._summed(leads.pending, 0)

    @cached_property
    def buckets(self) -> DataLoader[UUID, Mapping[Bucket, int]]:
        """How many domains of campaigns are in each bucket."""
        nothing: Mapping[Bucket, int] = {}
        return self._summed(leads.buckets, nothing)

    @cached_property
    def figures(self) -> DataLoader[UUID, Figures]:
        """The key figures of campaigns."""
        return self._summed(leads.figures, Figures())

    @cached_property
    def momentum(self) -> DataLoader[UUID, Momentum]:
        """What the last scoring of campaigns has changed."""
        return self._summed(momenta, momentum([]), FULL_LOAD)

    @cached_property
    def campaign_proxies(self) -> DataLoader[UUID, list[ProxyRow] | None]:
        """The proxies that campaigns fetch through."""
        return self._lists(self._seen(campaigns.proxies), len)

    @cached_property
    def campaign_keyword_sets(self) -> DataLoader[UUID, list[KeywordSetRow] | None]:
        """The keyword sets that campaigns look for."""
        return self._lists(self._seen(campaigns.keyword_sets), len)

    @cached_property
    def phase_personas(self) -> DataLoader[UUID, dict[PhaseKind, list[PersonaRow]] | None]:
        """The personas of campaigns, by phase."""
        return self._lists(self._seen(campaigns.personas), _personas)

    @cached_property
    def rules(self) -> DataLoader[UUID, list[KeywordRuleRow] | None]:
        """The rules of keyword sets."""
        return self._lists(keyword_sets.rules, len)

    @cached_property
    def rule_count(self) -> DataLoader[UUID, int | None]:
        """How many rules keyword sets have."""
        return self._batch(keyword_sets.rule_counts)

    def _summed(
        self, read: Read[[Sequence[UUID]], Mapping[UUID, V]], empty: V, cost: int = FULL_READ
    ) -> DataLoader[UUID, V]:
        """What a scan of each campaign's domains comes to. It is paid for whether it is kept or not."""
        kept = self._insights.loader(self._reading, read, empty)

        async def load(ids: list[UUID]) -> list[V]:
            self._budget.spend(cost * len(ids))
            return await kept(ids)

        return SharedLoader(load, self._turns)

    def _lists(self, read: ReadLists[K, R], size: Callable[[R], int]) -> DataLoader[K, R | None]:
        """Lists without a size, of which no more is read than may be told. They count when they are."""

        async def load(keys: list[K]) -> list[R | None]:
            self._budget.check(0)
            found = await self._reading.load(read, keys, self._budget.room + 1)
            self._budget.check(sum(map(size, found.values())))
            return [found.get(key) for key in keys]

        return SharedLoader(load, self._turns)

    def _seen(
        self, read: Callable[[Session, Scope, Sequence[K], int], Awaitable[Mapping[K, R]]]
    ) -> ReadLists[K, R]:
        return lambda session, keys, most: read(session, self._scope, keys, most)

    def _visible(
        self, read: Callable[[Session, Scope, Sequence[K]], Awaitable[Mapping[K, R]]]
    ) -> DataLoader[K, R | None]:
        async def load(keys: list[K]) -> list[R | None]:
            found = await self._reading.load(read, self._scope, keys)
            return [found.get(key) for key in keys]

        return SharedLoader(load, self._turns)

    def _batch(
        self, read: Callable[[Session, Sequence[K]], Awaitable[Mapping[K, R]]]
    ) -> DataLoader[K, R | None]:
        async def load(keys: list[K]) -> list[R | None]:
            found = await self._reading.load(read, keys)
            return [found.get(key) for key in keys]

        return SharedLoader(load, self._turns)


def _personas(by_kind: Mapping[PhaseKind, Sequence[PersonaRow]]) -> int:
    return sum(map(len, by_kind.values()))


def _searches(filters: Iterable[object]) -> int:
    """How many of these look for a text in names, of which no index knows where it is."""
    return sum(any(getattr(one, name, None) is not None for name in _SEARCHING) for one in filters)
