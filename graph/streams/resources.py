"""The stream of personas, keyword sets, pools, scoring profiles and settings."""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Self, TypeVar

from auth.principal import Principal
from db.models import Model
from db.queries.keyword_sets import KEYWORD_SETS, KeywordSetFilter
from db.queries.listing import Listing, Wanted
from db.queries.named import NamedOrderField
from db.queries.personas import PERSONAS, PersonaFilter
from db.queries.pools import POOLS, PoolFilter
from db.queries.scoring_profiles import SCORING_PROFILES, ScoringProfileFilter
from db.scope import Scope
from events.cursor import Cursor as Place
from events.envelope import Envelope
from events.event import EntityType, Unreadable
from graph.context import Context
from graph.errors import only_for
from graph.scalars import BigInt, Cursor
from graph.streams import resource_frames
from graph.streams.source import Source
from graph.types.keyword_set import KeywordSet
from graph.types.persona import Persona
from graph.types.proxy import ProxyPool
from graph.types.resource_event import ResourceSnapshot
from graph.types.scoring_profile import ScoringProfile
from graph.types.setting import Setting
from graph.types.stream_reset import Snapshot
from vocabulary.access import Role

M = TypeVar("M", bound=Model)
F = TypeVar("F")
N = TypeVar("N")

MOST = 1000


class ResourceKind(StrEnum):
    """What `resourceEvents` can be about; each is the kind of entity that its events tell of."""

    PERSONA = EntityType.PERSONA.value
    KEYWORD_SET = EntityType.KEYWORD_SET.value
    PROXY_POOL = EntityType.PROXY_POOL.value
    SCORING_PROFILE = EntityType.SCORING_PROFILE.value
    SETTINGS = EntityType.SETTINGS.value


class ResourceSource(Source):
    """What happens to things of some kinds."""

    def __init__(self, scope: Scope, after: Place | None, kinds: Collection[ResourceKind]) -> None:
        super().__init__(scope, after)
        self._kinds = frozenset(kinds)
        self._entities = frozenset(EntityType(kind.value) for kind in kinds)

    def about(self) -> Collection[EntityType]:
        """Things of these kinds."""
        return self._entities

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is about a thing of these kinds."""
        event = envelope.event
        return not isinstance(event, Unreadable) and event.ENTITY in self._entities

    @staticmethod
    def event(envelope: Envelope, cursor: Cursor) -> object:
        """The event of the schema.

        Raises:
            TypeError: it is none of a resource.
        """
        return resource_frames.from_envelope(envelope, cursor)

    def seen_by(self, caller: Principal, after: Place | None) -> Self:
        """The same for whoever asks.

        Raises:
            Refused: it is about the settings, and the caller is no admin.
        """
        if ResourceKind.SETTINGS in self._kinds:
            only_for(caller, Role.ADMIN)
        return super().seen_by(caller, after)

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The things as they are, by name, and how many more there are."""
        lists = Lists(context, self._kinds)
        return ResourceSnapshot(
            cursor=cursor,
            personas=await lists.of(ResourceKind.PERSONA, PERSONAS, PersonaFilter(), Persona.from_row),
            keyword_sets=await lists.of(
                ResourceKind.KEYWORD_SET, KEYWORD_SETS, KeywordSetFilter(), KeywordSet.from_row
            ),
            proxy_pools=await lists.of(ResourceKind.PROXY_POOL, POOLS, PoolFilter(), ProxyPool.from_row),
            scoring_profiles=await lists.of(
                ResourceKind.SCORING_PROFILE,
                SCORING_PROFILES,
                ScoringProfileFilter(),
                ScoringProfile.from_row,
            ),
            settings=await self._settings(context),
            omitted=BigInt(lists.omitted),
        )

    async def _settings(self, context: Context) -> list[Setting] | None:
        if ResourceKind.SETTINGS not in self._kinds:
            return None
        views = await context.reading.run(context.services.settings.view)
        return [Setting.from_view(view) for view in views]


class Lists:
    """The lists of one snapshot; `omitted` counts what was beyond the limit of any."""

    def __init__(self, context: Context, kinds: Collection[ResourceKind]) -> None:
        self._context = context
        self._kinds = kinds
        self.omitted = 0

    async def of(
        self, kind: ResourceKind, listing: Listing[M, F], everything: F, shown: Callable[[M], N]
    ) -> list[N] | None:
        """The things of a kind; None if the stream is not about it."""
        if kind not in self._kinds:
            return None
        loaders = self._context.loaders
        wanted = Wanted(filter=everything, order=NamedOrderField.NAME, descending=False, limit=MOST)
        rows = await loaders.pages(listing).load(wanted)
        self._context.spend(len(rows))
        if len(rows) == MOST:
            self.omitted += await loaders.counts(listing).load(everything) - MOST
        return [shown(row) for row in rows]
