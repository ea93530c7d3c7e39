"""Extraction: what was kept of each page becomes the features by which it can be judged at any later time."""

from core.settings import Settings
from db.repositories import pages
from db.repositories.materials import Extractable
from db.repositories.verdicts import ExtractionResult
from leads.extraction import extract
from services.page_jobs import PageJobs
from services.results import Results
from services.turns import Standing
from vocabulary.checks import Zone
from vocabulary.pages import PageSnapshot
from workers.held import Held
from workers.judging import Judging
from workers.shard_run import ShardRun


class Extraction:
    """Handles shards of the fourth phase."""

    def __init__(self, jobs: PageJobs, results: Results, settings: Settings) -> None:
        self._jobs = jobs
        self._results = results
        self._flush_seconds = settings.flush_seconds

    async def handle(self, held: Held) -> Standing:
        """Read off what is left of a shard. See `Handler.handle`."""
        job = await self._jobs.extraction(held.claim)
        if job is None:
            return Standing.LOST
        checks = Judging(job.left, job.pages, _read_off)
        return await ShardRun(held, checks, self._results, self._flush_seconds).run(job.left)


def _read_off(page: Extractable) -> ExtractionResult:
    kept = pages.unpack(page.content) if page.content is not None else page_of_row(page)
    return ExtractionResult(page.offset, extract(kept, page.hits))


def page_of_row(page: Extractable) -> PageSnapshot:
    """As much of a page as the row of its domain tells, for one that was fetched before pages were kept.

    A hit in a heading or in a link says that the page has one, and the contexts of the hits are some of its text.
    """
    zones = {hit.zone for hit in page.hits}
    said = {hit.zone: hit.context or hit.pattern for hit in reversed(page.hits)}
    return PageSnapshot(
        bytes_read=page.bytes_read,
        final_url=page.final_url or "",
        text=" ".join(hit.context or hit.pattern for hit in page.hits),
        title=page.title,
        description=said.get(Zone.META),
        internal_links=int(Zone.ANCHOR in zones),
        headings=int(Zone.HEADING in zones),
    )
