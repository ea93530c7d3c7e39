"""Inputs of the verbs on many personas and keyword sets, and on bulk operations themselves."""

import strawberry

from db.queries import bulk
from graph.bulk_enums import BulkKind, BulkStatus
from graph.filters import values
from graph.inputs.keyed import KeyedInput
from services.bulk import MAX_IDS


@strawberry.input(description="Which personas campaigns may use, or may not.")
class BulkSetPersonasEnabledInput(KeyedInput):
    """Which personas campaigns may use, or may not."""

    enabled: bool = strawberry.field(description="Whether campaigns may use them from then on.")
    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which personas, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Which personas to delete.")
class BulkDeletePersonasInput(KeyedInput):
    """Which personas to delete."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which personas, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Which keyword sets campaigns may use, or may not.")
class BulkSetKeywordSetsEnabledInput(KeyedInput):
    """Which keyword sets campaigns may use, or may not."""

    enabled: bool = strawberry.field(description="Whether campaigns may use them from then on.")
    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which keyword sets, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Which keyword sets to delete.")
class BulkDeleteKeywordSetsInput(KeyedInput):
    """Which keyword sets to delete."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which keyword sets, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Which bulk operation to cancel.")
class CancelBulkOperationInput(KeyedInput):
    """Which bulk operation to cancel."""

    id: strawberry.ID = strawberry.field(description="Which bulk operation.")


@strawberry.input(description="Which bulk operation to delete.")
class DeleteBulkOperationInput(KeyedInput):
    """Which bulk operation to delete."""

    id: strawberry.ID = strawberry.field(description="Which bulk operation.")


@strawberry.input(
    description="Which bulk operations. What is not given does not matter; what is given must all hold."
)
class BulkOperationFilter:
    """Which bulk operations."""

    kinds: list[BulkKind] | None = strawberry.field(
        default=strawberry.UNSET, description="Of one of these kinds."
    )
    statuses: list[BulkStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="In one of these statuses."
    )

    def wanted(self) -> bulk.BulkFilter:
        """The same for the database."""
        return bulk.BulkFilter(kinds=values("kinds", self.kinds), statuses=values("statuses", self.statuses))
