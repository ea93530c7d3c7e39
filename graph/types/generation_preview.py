"""What a configuration of the generation would come to."""

from typing import Self

import strawberry

from db.repositories.generation import Reservation
from graph.scalars import INT64_MAX, BigInt
from graph.types.campaign import Campaign
from services import previewing
from services.previewing import EARLIER, SAMPLES, Preview
from vocabulary.campaigns import GenerationWarning


@strawberry.type(description="Offsets of a space that follow one another.")
class OffsetRange:
    """Offsets of a space that follow one another."""

    lower: BigInt = strawberry.field(description="The first offset.")
    upper: BigInt = strawberry.field(description="The offset after the last one.")
    size: BigInt = strawberry.field(description="How many there are.")

    @classmethod
    def of(cls, reserved: Reservation) -> Self:
        """The offsets of a reservation."""
        return cls(lower=BigInt(reserved.lower), upper=BigInt(reserved.upper), size=BigInt(reserved.size))


@strawberry.type(description="What is known of the space of one TLD, and what a campaign would get of it.")
class SpacePreview:
    """What is known of the space of one TLD."""

    tld: str = strawberry.field(description="The top-level domain.")
    space_key: str = strawberry.field(description="The space: no name of one comes twice.")
    total: BigInt = strawberry.field(
        description="How many offsets it has, those without a legal name included."
    )
    next_offset: BigInt = strawberry.field(description="The first offset that no campaign has reserved.")
    remaining: BigInt = strawberry.field(description="How many offsets are left from there on.")
    reserved: OffsetRange = strawberry.field(description="The offsets that the campaign would get.")

    @classmethod
    def from_preview(cls, preview: previewing.SpacePreview) -> Self:
        """What was found out."""
        space = preview.space
        return cls(
            tld=space.tld,
            space_key=space.key,
            total=BigInt(space.total),
            next_offset=BigInt(preview.reserved.lower),
            remaining=BigInt(preview.remaining),
            reserved=OffsetRange.of(preview.reserved),
        )


@strawberry.type(
    description="What a campaign with this configuration would enumerate, if it started now. Looking reserves nothing."
)
class PreviewGenerationPayload:
    """What a campaign with this configuration would enumerate."""

    config_hash: str = strawberry.field(
        description="The same for all configurations that enumerate the same names; of a single TLD its space's key."
    )
    spaces: list[SpacePreview] = strawberry.field(description="The space of each TLD, in their order.")
    space_key: str = strawberry.field(
        description="The space of the first TLD: configurations with the same key enumerate the same names, and none "
        "comes twice."
    )
    total: BigInt = strawberry.field(
        description="How many offsets all spaces have, those without a legal name included."
    )
    next_offset: BigInt = strawberry.field(
        description="The first offset in the space of the first TLD that no campaign has reserved, whosever it is."
    )
    remaining: BigInt = strawberry.field(description="How many offsets are left in all spaces.")
    reserved: OffsetRange = strawberry.field(
        description="The offsets that the campaign would get in the space of the first TLD; `spaces` has all."
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
            config_hash=preview.config_hash,
            spaces=[SpacePreview.from_preview(one) for one in preview.spaces],
            space_key=preview.space.key,
            total=_at_most(preview.total),
            next_offset=BigInt(reserved.lower),
            remaining=_at_most(preview.remaining),
            reserved=OffsetRange.of(reserved),
            sample_names=preview.names,
            earlier_campaigns=[Campaign.from_row(row) for row in preview.earlier],
            warnings=preview.warnings,
        )


def _at_most(number: int) -> BigInt:
    """Several spaces together may have more offsets than an integer of 64 bits can say."""
    return BigInt(min(number, INT64_MAX))
