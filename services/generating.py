"""Writing generated names: each batch moves the range's position, so a killed worker leaves no half of one.

The position and the names are in one transaction. Whoever comes next begins at the position; a batch that
begins elsewhere is refused, and a name that is there already fails the transaction, for it would be counted twice.

Workers speak of offsets in the space of one TLD. In the campaign the ranges of several TLDs lie behind each other,
so there a name stands at its offset plus the shift of its range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.settings import Settings
from db.models import GenerationRangeRow
from db.repositories import campaigns, generation
from db.repositories.shards import Claim
from db.unit_of_work import Database
from events.domain_events import DomainsGenerated
from names.space import Space
from services.effective import effective
from services.turns import Standing, Turn
from vocabulary.domains import BATCH_MOST, GeneratedDomain


@dataclass(frozen=True)
class Stretch:
    """What is left to enumerate of a space: the offsets [position, upper)."""

    space: Space
    position: int
    upper: int


@dataclass(frozen=True)
class NameBatch:
    """The names at the offsets of `offsets`; an offset without a legal name is not among them."""

    offsets: range
    names: Sequence[tuple[int, str]]


class Generating:
    """The verbs of a worker that generates domains."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def stretch(self, claim: Claim) -> Stretch | None:
        """What is left of a shard; None if the campaign is gone."""
        if claim.campaign_id is None:
            raise ValueError(f"{claim} is no part of a campaign.")
        async with self._database.engines.reading() as session:
            row = await generation.range_at(session, claim.campaign_id, claim.within)
            if row is None:
                return None
            config = await campaigns.generation_config(session, claim.campaign_id)
        return Stretch(Space.each(config)[row.ordinal], row.position, row.upper)

    async def write(self, claim: Claim, batch: NameBatch) -> Standing:
        """Insert a batch and move the position behind it. An empty batch at the end finishes the shard.

        While the next phase has enough to do nothing is written: the answer is STOPPED.

        Raises:
            Unavailable: the database does not answer; it may have committed all the same, so look at the
                stretch anew.
            RuntimeError: the batch does not begin at the position.
        """
        async with self._database.write() as unit:
            turn = await Turn.take(unit, claim)
            if turn is None:
                return Standing.LOST
            if not turn.takes_results or turn.phase.is_held_back:
                return Standing.STOPPED
            row = await generation.locked_range(unit.session, turn.campaign.id, claim.within)
            if row.position != batch.offsets.start:
                raise RuntimeError(f"{batch.offsets} does not begin at {row.position}.")
            await _insert(turn, row, batch)
            return await self._settle(turn, row, batch)

    async def _settle(self, turn: Turn, row: GenerationRangeRow, batch: NameBatch) -> Standing:
        backlog = (await effective(turn.unit.session, self._settings)).phase_backlog_shards
        row.position = batch.offsets.stop
        finished = range(batch.offsets.start + row.shift, batch.offsets.stop + row.shift)
        processed = row.position - row.lower
        if row.position < row.upper:
            turn.count(processed, turn.shard.succeeded + len(batch.names))
            await turn.hand_over(finished, backlog)
            turn.tell_progress()
            return Standing.STOPPED if turn.phase.is_held_back else turn.standing
        # At the end the table has the last word: counting it at every batch would be quadratic.
        whole = (row.lower + row.shift, row.upper + row.shift)
        turn.count(processed, await generation.count_names(turn.unit.session, turn.campaign.id, *whole))
        standing = await turn.finish(finished, backlog)
        if standing is Standing.STOPPED:
            # It pauses, and these names were under way: they are the next phase's all the same.
            await turn.hand_over(finished, backlog)
        if turn.phase.completed_at is None:
            turn.tell_progress()
        return standing


async def _insert(turn: Turn, row: GenerationRangeRow, batch: NameBatch) -> None:
    unit, campaign_id = turn.unit, turn.campaign.id
    names = [(offset + row.shift, name) for offset, name in batch.names]
    await generation.add_names(unit.session, campaign_id, row.tld, names, unit.now)
    if names:
        told = tuple(GeneratedDomain(offset=offset, name=name) for offset, name in names[:BATCH_MOST])
        omitted = len(names) - len(told)
        turn.course.record(DomainsGenerated(campaign_id=campaign_id, generated=told, omitted=omitted))
