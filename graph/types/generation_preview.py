"""What a configuration of the generation would come to."""

from typing import Self

import strawberry

from graph.scalars import BigInt
from graph.types.campaign import Campaign
from services.previewing import EARLIER, SAMPLES, Preview
from vocabulary.campaigns import GenerationWarning


@strawberry.type(description="Offsets of a space that follow one another.")
class OffsetRange:
    """Offsets of a space that follow one another."""

    lower: BigInt = strawberry.field(description="The first offset.")
    upper: BigInt = strawberry.field(description="The offset after the last one.")
    size: BigInt = strawberry.field(description="How many there are.")


@strawberry.type(
    description="What a campaign with this configuration would enumerate, if it started now. Looking reserves nothing."
)
class PreviewGenerationPayload:
    """What a campaign with this configuration would enumerate."""

    space_key: str = strawberry.field(
        description="The space: configurations with the same key enumerate the same names, and no name comes twice."
    )
    total: BigInt = strawberry.field(
        description="How many offsets the space has, those without a legal name included."
    )
    next_offset: BigInt = strawberry.field(
        description="The first offset that no campaign has reserved, whoever it belongs to."
    )
    remaining: BigInt = strawberry.field(description="How many offsets are left from there on.")
    reserved: OffsetRange = strawberry.field(
        description="The offsets that the campaign would get: `count` of them, or all that are left if they are fewer."
    )
    sample_names: list[str] = strawberry.field(
        description=f"The first names of these offsets, at most {SAMPLES}; offsets without a legal one are passed over."
    )
    earlier_campaigns: list[Campaign] = strawberry.field(
        description=f"The campaigns that you may see and that have reserved a part of the space, the last {EARLIER} "
        "to do so, newest part first; the part of each is its `generation.reserved`."
    )
    warnings: list[GenerationWarning] = strawberry.field(description="What is to be known before the start.")

    @classmethod
    def from_preview(cls, preview: Preview) -> Self:
        """What was found out."""
        reserved = preview.reserved
        return cls(
            space_key=preview.space.key,
            total=BigInt(preview.space.total),
            next_offset=BigInt(reserved.lower),
            remaining=BigInt(preview.remaining),
            reserved=OffsetRange(
                lower=BigInt(reserved.lower), upper=BigInt(reserved.upper), size=BigInt(reserved.size)
            ),
            sample_names=preview.names,
            earlier_campaigns=[Campaign.from_row(row) for row in preview.earlier],
            warnings=preview.warnings,
        )
