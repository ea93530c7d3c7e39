"""What a worker needs to know for the phases behind the fetch, read in one snapshot. None of them is on the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.repositories import domains, materials, phases
from db.repositories.domains import Candidate
from db.repositories.materials import Analysable, Decidable, Extractable
from db.repositories.shards import Claim
from db.unit_of_work import Database
from services.jobs import campaign_of
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import ScoringConfig


@dataclass(frozen=True)
class ExtractionJob:
    """The domains left in a shard, and the page of each by offset."""

    left: Sequence[Candidate]
    pages: Mapping[int, Extractable]


@dataclass(frozen=True)
class AnalysisJob:
    """The domains left in a shard, the features of each by offset, and by what they are scored."""

    left: Sequence[Candidate]
    pages: Mapping[int, Analysable]
    scoring: ScoringConfig


@dataclass(frozen=True)
class EnrichmentJob:
    """The domains left in a shard, what is known of each by offset, and what the gate asks of a lead."""

    left: Sequence[Candidate]
    known: Mapping[int, Decidable]
    scoring: ScoringConfig


class PageJobs:
    """Reads jobs. Each gives None if the campaign is gone, and raises Unavailable if the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def extraction(self, claim: Claim) -> ExtractionJob | None:
        """The job of an extraction shard."""
        campaign_id = campaign_of(claim)
        async with self._database.engines.reading() as session:
            if not await phases.exist(session, campaign_id):
                return None
            left = await domains.left(session, PhaseKind.EXTRACTION, campaign_id, claim.within)
            return ExtractionJob(left, await materials.extractable(session, campaign_id, claim.within))

    async def analysis(self, claim: Claim) -> AnalysisJob | None:
        """The job of an analysis shard. Its phase began when every page of the campaign had been fetched."""
        campaign_id = campaign_of(claim)
        async with self._database.engines.reading() as session:
            if not await phases.exist(session, campaign_id):
                return None
            return AnalysisJob(
                left=await domains.left(session, PhaseKind.ANALYSIS, campaign_id, claim.within),
                pages=await materials.analysable(session, campaign_id, claim.within),
                scoring=await materials.scoring(session, campaign_id),
            )

    async def enrichment(self, claim: Claim) -> EnrichmentJob | None:
        """The job of an enrichment shard."""
        campaign_id = campaign_of(claim)
        async with self._database.engines.reading() as session:
            if not await phases.exist(session, campaign_id):
                return None
            return EnrichmentJob(
                left=await domains.left(session, PhaseKind.ENRICHMENT, campaign_id, claim.within),
                known=await materials.decidable(session, campaign_id, claim.within),
                scoring=await materials.scoring(session, campaign_id),
            )
