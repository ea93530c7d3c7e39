"""Workers by hand: each step claims one shard and writes results of it, as a test says what they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.settings import Settings
from db.repositories import domains
from db.repositories.shards import Claim
from db.repositories.verdicts import (
    AnalysisResult,
    DnsResult,
    EnrichmentResult,
    ExtractionResult,
    HttpResult,
    Result,
)
from db.unit_of_work import Database
from services.generating import Generating, NameBatch
from services.results import Batch, Flushed, Results
from services.turns import Standing
from services.work import Work
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict, HttpReason, HttpVerdict, KeywordHit, Zone
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
)
from vocabulary.work import ShardKind

PERSONA = UUID(int=1)
HIT = KeywordHit("solar", Zone.TITLE, 2)
_REJECTED = {
    CheckStatus.OK: (Rejection.QUALIFIED, LeadStatus.MATCH),
    CheckStatus.ERROR: (Rejection.PARKED, LeadStatus.NO_MATCH),
    CheckStatus.TIMEOUT: (Rejection.LOW_SCORE, LeadStatus.NO_MATCH),
}


def dns_result(offset: int, status: CheckStatus = CheckStatus.OK) -> DnsResult:
    if status is CheckStatus.OK:
        return DnsResult(offset, DnsVerdict(status, addresses=("192.0.2.7",)), PERSONA)
    reason = DnsReason.TIMEOUT if status is CheckStatus.TIMEOUT else DnsReason.NXDOMAIN
    return DnsResult(offset, DnsVerdict(status, reason), PERSONA)


def http_result(offset: int, status: CheckStatus = CheckStatus.OK) -> HttpResult:
    if status is CheckStatus.OK:
        hits = (HIT,) if offset % 2 else ()
        return HttpResult(offset, HttpVerdict(status, status_code=200, hits=hits), PERSONA)
    reason = HttpReason.TIMEOUT if status is CheckStatus.TIMEOUT else HttpReason.NOT_FOUND
    return HttpResult(offset, HttpVerdict(status, reason), PERSONA)


def extraction_result(offset: int) -> ExtractionResult:
    return ExtractionResult(offset, PageFeatures(9, 9, KeywordMetrics(), Richness(score=0.5)))


def analysis_result(offset: int, score: float = 0.5) -> AnalysisResult:
    breakdown = ScoreBreakdown(score, Completeness.COMPLETE, ())
    return AnalysisResult(offset, ParkedVerdict(False, 0.1), breakdown, score >= 0.8)


def enrichment_result(offset: int, status: CheckStatus = CheckStatus.OK) -> EnrichmentResult:
    rejection, lead = _REJECTED[status]
    return EnrichmentResult(offset, LeadVerdict(lead, rejection, "so it is"), Bucket.OTHER)


def result(kind: PhaseKind, offset: int, status: CheckStatus = CheckStatus.OK) -> Result:
    """What a phase decides on a domain; extraction and analysis can only be well."""
    match kind:
        case PhaseKind.DNS_VALIDATION:
            return dns_result(offset, status)
        case PhaseKind.HTTP_KEYWORD_VALIDATION:
            return http_result(offset, status)
        case PhaseKind.EXTRACTION:
            return extraction_result(offset)
        case PhaseKind.ANALYSIS:
            return analysis_result(offset, 0.9 if status is CheckStatus.ERROR else 0.5)
        case _:
            return enrichment_result(offset, status)


@dataclass(frozen=True)
class Left:
    """A claimed shard and the offsets of it that have no result yet."""

    claim: Claim
    offsets: Sequence[int]

    @property
    def kind(self) -> PhaseKind:
        return PhaseKind(self.claim.kind.value)


Fate = Callable[[PhaseKind, int], CheckStatus]


def all_well(_kind: PhaseKind, _offset: int) -> CheckStatus:
    return CheckStatus.OK


class Crew:
    """The verbs of workers, one step at a time."""

    def __init__(self, database: Database, settings: Settings, batch: int = 3) -> None:
        self.database = database
        self.work = Work(database, settings)
        self.generating = Generating(database, settings)
        self.results = Results(database, settings)
        self.batch = batch

    async def take(self, *kinds: PhaseKind) -> Left | None:
        """Claim the next shard of some phases, of any if none is named."""
        wanted = [ShardKind(kind.value) for kind in kinds or PhaseKind]
        claims = await self.work.claim("crew", wanted, 1)
        return await self.look(claims[0]) if claims else None

    async def look(self, claim: Claim) -> Left:
        """What is left of a shard."""
        if claim.kind is ShardKind.DOMAIN_GENERATION or claim.campaign_id is None:
            return Left(claim, ())
        async with self.database.engines.reading() as session:
            kind = PhaseKind(claim.kind.value)
            left = await domains.left(session, kind, claim.campaign_id, claim.within)
        return Left(claim, [each.offset for each in left])

    async def generate(self, claim: Claim) -> Standing:
        """Write the next names of a shard, `batch` offsets."""
        stretch = await self.generating.stretch(claim)
        assert stretch is not None
        offsets = range(stretch.position, min(stretch.position + self.batch, stretch.upper))
        names = stretch.space.names_in(offsets.start, offsets.stop)
        made = [(offset, name) for offset, name in names if name is not None]
        return await self.generating.write(claim, NameBatch(offsets, made))

    async def write(self, left: Left, fate: Fate = all_well, most: int = 1000) -> Flushed:
        """Write results of up to `most` domains of a shard."""
        found = [result(left.kind, offset, fate(left.kind, offset)) for offset in left.offsets[:most]]
        return await self.results.flush(left.claim, Batch(found))

    async def step(self, *kinds: PhaseKind, fate: Fate = all_well) -> bool:
        """Claim one shard of some phases, write one batch of it and give it back; whether there was one."""
        left = await self.take(*kinds)
        if left is None:
            return False
        if left.kind is PhaseKind.DOMAIN_GENERATION:
            standing = await self.generate(left.claim)
        else:
            standing = (await self.write(left, fate)).standing
        if standing is not Standing.DONE:
            await self.work.release([left.claim])
        return True

    async def run(self, *kinds: PhaseKind, fate: Fate = all_well) -> None:
        """Work until no shard of some phases is open."""
        while await self.step(*kinds, fate=fate):
            pass
