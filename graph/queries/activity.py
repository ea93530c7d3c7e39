"""Queries for activity."""

from typing import Annotated

import strawberry

from graph.connections import PAGE, Connection
from graph.context import Info
from graph.fields import resolved
from graph.filters import ActivityFilter, After, First
from graph.types.campaign import Activity, activity_page


@strawberry.type
class ActivityQueries:
    """Queries for activity."""

    @resolved(
        "What happened to your things, or to all if you are an admin: newest first, at most 100 a page."
    )
    async def activity(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            ActivityFilter | None,
            strawberry.argument(name="filter", description="Which of it; all unless told."),
        ] = strawberry.UNSET,
    ) -> Connection[Activity]:
        """A page of activity."""
        return await activity_page(info, (where or ActivityFilter()).wanted(), first, after)
