"""Analysis: whether each page is parked, and its score by the profile that the phase was begun with."""

from core.settings import Settings
from db.repositories.materials import Analysable
from db.repositories.verdicts import AnalysisResult
from leads.buckets import HIGH_POTENTIAL_SCORE
from leads.parking import judge
from leads.scoring import score
from services.page_jobs import PageJobs
from services.results import Results
from services.turns import Standing
from vocabulary.leads import ScoringConfig
from workers.held import Held
from workers.judging import Judging
from workers.shard_run import ShardRun


class Analysis:
    """Handles shards of the fifth phase."""

    def __init__(self, jobs: PageJobs, results: Results, settings: Settings) -> None:
        self._jobs = jobs
        self._results = results
        self._flush_seconds = settings.flush_seconds

    async def handle(self, held: Held) -> Standing:
        """Score what is left of a shard. See `Handler.handle`."""
        job = await self._jobs.analysis(held.claim)
        if job is None:
            return Standing.LOST
        scoring = job.scoring
        checks = Judging(job.left, job.pages, lambda page: analysed(page, scoring))
        return await ShardRun(held, checks, self._results, self._flush_seconds).run(job.left)


def analysed(page: Analysable, scoring: ScoringConfig) -> AnalysisResult:
    """What a scoring makes of a page."""
    parked = judge(
        page.features,
        shared_by=page.shared_by,
        cnames=page.cnames,
        parked_from=scoring.parked_confidence,
    )
    breakdown = score(page.features, parked, scoring, page.fetched_at)
    return AnalysisResult(page.offset, parked, breakdown, breakdown.score >= HIGH_POTENTIAL_SCORE)
