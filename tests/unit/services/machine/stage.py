"""A campaign in a real database, with the verbs of operators and of workers, and what can be seen of it afterwards."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from core.settings import Settings
from db.models import (
    CampaignRow,
    DomainRow,
    GenerationRangeRow,
    PhaseRow,
    ShardRow,
    TalliesRow,
)
from db.repositories.shards import Claim
from db.repositories.tallies import as_told
from db.repositories.verdicts import (
    AnalysisResult,
    DnsResult,
    EnrichmentResult,
    ExtractionResult,
    HttpResult,
    Result,
)
from events.catalog import Event
from services.campaign_control import CampaignControl
from services.campaigns import CampaignDraft, Campaigns
from services.generating import Generating, NameBatch
from services.personas import Personas
from services.progress import counts_of
from services.results import Batch, Results
from services.turns import Standing
from services.work import Work
from tests import factories
from tests.fakes.house import House, open_house
from tests.unit.services.machine.model import ORDER, PhaseView, View
from vocabulary.campaigns import DnsConfig, HttpConfig, PhaseKind
from vocabulary.checks import CheckStatus, DnsVerdict, HttpVerdict, KeywordHit, Zone
from vocabulary.leads import (
    Bucket,
    Completeness,
    KeywordMetrics,
    LeadStatus,
    LeadVerdict,
    PageFeatures,
    ParkedVerdict,
    Rejection,
    Richness,
    ScoreBreakdown,
    Tallies,
)
from vocabulary.work import ShardKind, ShardStatus

T = TypeVar("T")

BACKLOG = 3
SETTINGS = Settings(phase_backlog_shards=BACKLOG, lease_seconds=30, shard_attempts=2)

_FEATURES = PageFeatures(
    bytes_read=100, text_length=50, keywords=KeywordMetrics(), richness=Richness(score=0.5)
)
_BREAKDOWN = ScoreBreakdown(score=0.5, completeness=Completeness.COMPLETE, components=())
_GATED = (Rejection.QUALIFIED, Rejection.LOW_SCORE, Rejection.NO_KEYWORDS, Rejection.PARKED)


class Stage:
    """One campaign; `run` does one thing at a time, a second after the other."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._folder = folder
        self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something to the end."""
        return self._runner.run(work)

    def close(self) -> None:
        """Close the database."""
        self.run(self._stack.aclose())
        self._runner.close()

    async def _open(self) -> None:
        house = await self._stack.enter_async_context(
            open_house(f"sqlite+aiosqlite:///{self._folder / 'machine.db'}")
        )
        self.house: House = house
        self.campaigns = Campaigns(house.database)
        self.control = CampaignControl(house.database)
        self.work = Work(house.database, SETTINGS, spread=lambda: 0.5)
        self.generating = Generating(house.database, SETTINGS)
        self.results = Results(house.database, SETTINGS)
        personas = Personas(house.database)
        self.dns_persona = (await personas.create(house.alice, factories.dns_persona())).value
        self.http_persona = (await personas.create(house.alice, factories.http_persona())).value

    def tick(self, seconds: float = 1.0) -> None:
        """Let time go by, so that the next progress is not a moment after the last."""
        self.house.clock.advance(seconds)

    def dns(self, batch_size: int) -> DnsConfig:
        """A configuration of the DNS phase."""
        return DnsConfig(persona_ids=(self.dns_persona,), batch_size=batch_size)

    def http(self, batch_size: int) -> HttpConfig:
        """A configuration of the HTTP phase."""
        return HttpConfig(persona_ids=(self.http_persona,), ad_hoc_keywords=("solar",), batch_size=batch_size)

    async def create(self, draft: CampaignDraft) -> UUID:
        """Make the campaign."""
        self.campaign_id = (await self.campaigns.create(self.house.alice, draft)).value
        return self.campaign_id

    # Workers.

    async def claim(self, kinds: Sequence[ShardKind], holder: str) -> Claim | None:
        """Take the longest open shard, if there is one."""
        return next(iter(await self.work.claim(holder, kinds, 1)), None)

    async def left(self, claim: Claim) -> list[int]:
        """The domains of a shard that have no result yet."""
        status = dict(zip(ORDER[1:], _STATUS_COLUMNS, strict=True))
        wanted = (
            select(DomainRow.offset)
            .where(
                DomainRow.campaign_id == self.campaign_id,
                DomainRow.offset >= claim.within.start,
                DomainRow.offset < claim.within.stop,
                status[PhaseKind(claim.kind.value)] == CheckStatus.PENDING,
                *(
                    [status[ORDER[ORDER.index(PhaseKind(claim.kind.value)) - 1]] == CheckStatus.OK]
                    if claim.kind is not ShardKind.DNS_VALIDATION
                    else []
                ),
            )
            .order_by(DomainRow.offset)
        )
        async with self.house.database.engines.reading() as session:
            return [*(await session.execute(wanted)).scalars()]

    async def generate(self, claim: Claim, most: int) -> tuple[Standing, NameBatch, int]:
        """Write up to `most` offsets of a shard; the names, and by how much their offsets are shifted."""
        stretch = await self.generating.stretch(claim)
        assert stretch is not None
        offsets = range(stretch.position, min(stretch.position + most, stretch.upper))
        found = stretch.space.names_in(offsets.start, offsets.stop)
        batch = NameBatch(offsets, [(offset, name) for offset, name in found if name is not None])
        shift = claim.within.stop - stretch.upper
        return await self.generating.write(claim, batch), batch, shift

    async def write(self, claim: Claim, results: Sequence[Result]) -> Standing:
        """Write results of a shard."""
        return (await self.results.flush(claim, Batch(results))).standing

    def result(self, kind: PhaseKind, offset: int, choice: int) -> Result:
        """A result of a phase for a name; `choice` says which of those that there can be."""
        checked = (CheckStatus.OK, CheckStatus.OK, CheckStatus.ERROR, CheckStatus.TIMEOUT)[choice % 4]
        match kind:
            case PhaseKind.DNS_VALIDATION:
                return DnsResult(offset, DnsVerdict(status=checked), self.dns_persona)
            case PhaseKind.HTTP_KEYWORD_VALIDATION:
                hits = (KeywordHit("solar", Zone.BODY, 1),) if choice % 4 == 0 else ()
                return HttpResult(offset, HttpVerdict(checked, hits=hits), self.http_persona)
            case PhaseKind.EXTRACTION:
                return ExtractionResult(offset, _FEATURES)
            case PhaseKind.ANALYSIS:
                return AnalysisResult(offset, ParkedVerdict(False, 0.1), _BREAKDOWN, choice % 2 == 0)
            case _:
                rejection = _GATED[choice % 4]
                status = LeadStatus.MATCH if choice % 4 == 0 else LeadStatus.NO_MATCH
                return EnrichmentResult(offset, LeadVerdict(status, rejection, "because"), Bucket.OTHER)

    # What can be seen.

    async def view(self) -> View:
        """A fresh snapshot."""
        return (await self.observe()).view

    async def observe(self) -> "Observed":
        """All rows of the campaign, as they are at one moment."""
        ident = self.campaign_id
        async with self.house.database.engines.reading() as session:

            async def rows(model: Any) -> list[Any]:
                return [*(await session.execute(select(model).where(model.campaign_id == ident))).scalars()]

            return Observed(
                campaign=await session.get_one(CampaignRow, ident),
                tallies=as_told(await session.get_one(TalliesRow, ident)),
                phases={row.kind: row for row in sorted(await rows(PhaseRow), key=lambda row: row.ordinal)},
                shards=[row for row in await rows(ShardRow) if row.status is not ShardStatus.DONE],
                domains={row.offset: row for row in await rows(DomainRow)},
                ranges=await rows(GenerationRangeRow),
            )

    async def events(self, after: int) -> list[Event]:
        """The events after a position."""
        return await self.house.events(after)


@dataclass(frozen=True)
class Observed:
    """The rows of a campaign; the shards are those that are not done."""

    campaign: CampaignRow
    tallies: Tallies
    phases: dict[PhaseKind, PhaseRow]
    shards: list[ShardRow]
    domains: dict[int, DomainRow]
    ranges: list[GenerationRangeRow]

    @property
    def view(self) -> View:
        """What anybody can know."""
        row = self.campaign
        return View(
            name=row.name,
            status=row.status,
            mode=row.mode,
            version=row.version,
            percent=row.percent,
            tallies=self.tallies,
            phases={
                kind: PhaseView(each.status, counts_of(each), each.error_code)
                for kind, each in self.phases.items()
            },
        )


_STATUS_COLUMNS = (
    DomainRow.dns_status,
    DomainRow.http_status,
    DomainRow.extraction_status,
    DomainRow.analysis_status,
    DomainRow.enrichment_status,
)
