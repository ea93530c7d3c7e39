"""Queries for scoring profiles and scores."""

from typing import Annotated

import strawberry

from db.queries.scoring_profiles import SCORING_PROFILES
from graph import nodes
from graph.campaign_filters import ScoringProfileFilter
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.fields import resolved
from graph.filters import After, First, NamedOrder, asked
from graph.queries.arguments import ByName, NodeId
from graph.types.domain import Domain
from graph.types.lead import ScoreBreakdown
from graph.types.scoring_profile import ScoringProfile


@strawberry.type
class ScoringQueries:
    """Queries for scoring profiles and scores."""

    @resolved("Your scoring profiles, or those of all if you are an admin; at most 100 a page.")
    async def scoring_profiles(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            ScoringProfileFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: ByName = strawberry.UNSET,
    ) -> Connection[ScoringProfile]:
        """A page of scoring profiles."""
        order = order_by or NamedOrder()
        wanted = (where or ScoringProfileFilter()).wanted()
        source = Source("scoring profiles", SCORING_PROFILES, wanted, ScoringProfile.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("One scoring profile; null if there is none with this id that you may see.")
    async def scoring_profile(self, info: Info, ident: NodeId) -> ScoringProfile | None:
        """One scoring profile."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, ScoringProfile) else None

    @resolved(
        "The score of a domain and how it came about; null if it was not scored, or is not yours to see."
    )
    async def score_breakdown(
        self,
        info: Info,
        domain_id: Annotated[strawberry.ID, strawberry.argument(description="Which domain.")],
    ) -> ScoreBreakdown | None:
        """The score of a domain and how it came about."""
        found = await nodes.resolve(info, domain_id)
        return found.score if isinstance(found, Domain) else None
