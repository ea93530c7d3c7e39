"""Working off a bulk operation: one step after another, each item in transactions of its own."""

from collections.abc import Sequence

from services.bulk_life import ItemOutcome
from services.bulk_running import BulkRunning
from services.bulk_verbs import BulkVerbs
from services.turns import Standing
from workers.held import Held


class BulkWork:
    """Handles the shards of bulk operations."""

    def __init__(self, running: BulkRunning, verbs: BulkVerbs) -> None:
        self._running = running
        self._verbs = verbs

    async def handle(self, held: Held) -> Standing:
        """Do what is left of an operation. See `Handler.handle`."""
        outcomes: Sequence[ItemOutcome] = ()
        anew = True
        while not held.is_lost:
            step = await self._running.step(held.claim, outcomes, anew=anew, stop=held.is_stopping)
            if step.caller is None or step.kind is None or held.claim.bulk_id is None:
                return step.standing
            outcomes = await self._verbs.run(step.caller, step.kind, held.claim.bulk_id, step.items)
            anew = False
        return Standing.LOST
