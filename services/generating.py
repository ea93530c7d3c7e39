"""Writing generated names: each batch moves the range's position, so a killed worker leaves no half of one.

The position and the names are in one transaction. Whoever comes next begins at the position; a batch that
begins elsewhere is refused, and a name that is there already fails the transaction, for it would be counted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from db.repositories import campaigns, generation
from db.repositories.shards import Claim
from db.unit_of_work import Database
from names.space import Space
from services.turns import Standing, Turn


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

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stretch(self, claim: Claim) -> Stretch | None:
        """What is left of a shard; None if the campaign is gone."""
        if claim.campaign_id is None:
            raise ValueError(f"{claim} is no part of a campaign.")
        async with self._database.engines.reading() as session:
            position = await generation.position(session, claim.campaign_id)
            if position is None:
                return None
            config = await campaigns.generation_config(session, claim.campaign_id)
        return Stretch(Space.of(config), position, claim.within.stop)

    async def write(self, claim: Claim, batch: NameBatch) -> Standing:
        """Insert a batch and move the position behind it. An empty batch at the end finishes the shard.

        Raises:
            Unavailable: the database does not answer; it may have committed all the same, so look at the
                stretch anew.
            RuntimeError: the batch does not begin at the position.
        """
        async with self._database.write() as unit:
            turn = await Turn.take(unit, claim)
            if turn is None:
                return Standing.LOST
            if not turn.takes_results:
                return Standing.STOPPED
            return await self._write(turn, claim, batch)

    async def _write(self, turn: Turn, claim: Claim, batch: NameBatch) -> Standing:
        session, campaign_id = turn.unit.session, turn.campaign.id
        reserved = await generation.locked_range(session, campaign_id)
        if reserved.position != batch.offsets.start:
            raise RuntimeError(f"{batch.offsets} does not begin at {reserved.position}.")
        await generation.add_names(session, campaign_id, batch.names)
        reserved.position = batch.offsets.stop
        processed = reserved.position - claim.within.start
        if reserved.position < claim.within.stop:
            turn.count(processed, turn.shard.succeeded + len(batch.names))
            turn.tell_progress()
            return turn.standing
        # At the end the table has the last word: counting it at every batch would be quadratic.
        within = claim.within
        turn.count(processed, await generation.count_names(session, campaign_id, within.start, within.stop))
        standing = await turn.finish()
        if turn.phase.completed_at is None:
            # It pauses, and these names were under way.
            turn.tell_progress()
        return standing
