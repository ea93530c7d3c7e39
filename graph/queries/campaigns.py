"""Queries for campaigns and domains."""

from typing import Annotated

import strawberry

from db.queries.campaigns import CAMPAIGNS
from graph import nodes
from graph.campaign_filters import CampaignFilter, CampaignOrder
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.errors import ValidationError
from graph.fields import checked, resolved
from graph.filters import After, First, asked
from graph.inputs.campaign import GenerationConfigInput
from graph.queries.arguments import NodeId
from graph.types.campaign import Campaign
from graph.types.domain import Domain
from graph.types.generation_preview import PreviewGenerationPayload
from names.space import LOOKED
from services import previewing

PreviewGenerationResult = Annotated[
    PreviewGenerationPayload | ValidationError,
    strawberry.union(
        "PreviewGenerationResult", description="What would be enumerated, or why nothing could be."
    ),
]


@strawberry.type
class CampaignQueries:
    """Queries for campaigns and domains."""

    @resolved("Your campaigns, or those of all if you are an admin; at most 100 a page.")
    async def campaigns(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            CampaignFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: Annotated[
            CampaignOrder | None, strawberry.argument(description="Their order; newest first unless told.")
        ] = strawberry.UNSET,
    ) -> Connection[Campaign]:
        """A page of campaigns."""
        order = order_by or CampaignOrder()
        source = Source(
            name="campaigns",
            listing=CAMPAIGNS,
            filter=(where or CampaignFilter()).wanted(),
            node=Campaign.from_row,
        )
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @checked(
        "What a campaign with this configuration would enumerate, if it started now; nothing is reserved."
    )
    async def preview_generation(
        self,
        info: Info,
        config: Annotated[
            GenerationConfigInput,
            strawberry.argument(description="The configuration, as of a campaign to be made."),
        ],
    ) -> PreviewGenerationResult:
        """What a campaign with this configuration would enumerate."""
        spaces = previewing.spaces_of(config.config())
        info.context.spend(LOOKED)
        reading, scope = info.context.reading, info.context.caller.scope
        return PreviewGenerationPayload.from_preview(
            await reading.run(previewing.preview, scope, spaces, config.count)
        )

    @resolved("One campaign; null if there is none with this id that you may see.")
    async def campaign(self, info: Info, ident: NodeId) -> Campaign | None:
        """One campaign."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, Campaign) else None

    @resolved("One domain; null if there is none with this id that you may see.")
    async def domain(self, info: Info, ident: NodeId) -> Domain | None:
        """One domain."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, Domain) else None
