"""Enrichment: the gate decides on each domain that has a score, and it is put into a bucket."""

from core.settings import Settings
from db.repositories.materials import Decidable
from db.repositories.verdicts import EnrichmentResult
from leads.buckets import bucket_of
from leads.gate import decide
from services.page_jobs import PageJobs
from services.results import Results
from services.turns import Standing
from vocabulary.leads import ScoringConfig
from workers.held import Held
from workers.judging import Judging
from workers.shard_run import ShardRun


class Enrichment:
    """Handles shards of the sixth phase."""

    def __init__(self, jobs: PageJobs, results: Results, settings: Settings) -> None:
        self._jobs = jobs
        self._results = results
        self._flush_seconds = settings.flush_seconds

    async def handle(self, held: Held) -> Standing:
        """Decide on what is left of a shard. See `Handler.handle`."""
        job = await self._jobs.enrichment(held.claim)
        if job is None:
            return Standing.LOST
        scoring = job.scoring
        checks = Judging(job.left, job.known, lambda known: decided(known, scoring))
        return await ShardRun(held, checks, self._results, self._flush_seconds).run(job.left)


def decided(known: Decidable, scoring: ScoringConfig) -> EnrichmentResult:
    """What becomes of a domain as a lead."""
    verdict = decide(known.dns, known.http, known.features, known.parked, known.breakdown, scoring)
    points = known.breakdown.score if known.breakdown is not None else None
    return EnrichmentResult(
        known.offset, verdict, bucket_of(points, known.features, known.parked, verdict.rejection)
    )
