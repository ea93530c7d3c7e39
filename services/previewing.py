"""What a configuration of the generation would come to, if a campaign with it started now.

Nothing is written and nothing is reserved: two who look at the same time see the same offsets, and the first to
start gets them. The count is shared out by the same rule as at a reservation (`names.sharing`), so that a start in
the state of the snapshot gets exactly what the preview says. Source: DOMAIN 1.3.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.engine import Session
from db.models import CampaignRow
from db.queries import campaigns
from db.repositories import generation
from db.repositories.generation import Reservation
from db.scope import Scope
from names.sharing import share_out
from names.space import Space, config_hash
from services.refusals import refuse_any
from services.rules_campaigns import check_generation_config
from vocabulary.campaigns import GenerationConfig, GenerationWarning

SAMPLES = 20
EARLIER = 10
NEAR = 10_000
LARGE = 10_000_000
"""With fewer offsets left than this, a space is nearly exhausted."""


@dataclass(frozen=True)
class SpacePreview:
    """What is known of the space of one TLD; `reserved` begins at its next offset."""

    space: Space
    reserved: Reservation

    @property
    def remaining(self) -> int:
        """How many offsets nobody has reserved yet."""
        return self.space.total - self.reserved.lower


@dataclass(frozen=True)
class Preview:
    """What is known of the spaces, one for each TLD, and what a campaign would get of them.

    `config_hash` is the key of the space, or one over those of several. `names` are the first ones of the ranges,
    and `earlier` the visible campaigns that have reserved other ranges, the last to do so first.
    """

    config_hash: str
    spaces: list[SpacePreview]
    names: list[str]
    earlier: list[CampaignRow]
    warnings: list[GenerationWarning]

    @property
    def space(self) -> Space:
        """The space of the first TLD."""
        return self.spaces[0].space

    @property
    def reserved(self) -> Reservation:
        """What the campaign would get of that space."""
        return self.spaces[0].reserved

    @property
    def total(self) -> int:
        """How many offsets all spaces have."""
        return sum(each.space.total for each in self.spaces)

    @property
    def remaining(self) -> int:
        """How many offsets nobody has reserved yet, of all spaces."""
        return sum(each.remaining for each in self.spaces)


def spaces_of(config: GenerationConfig) -> tuple[Space, ...]:
    """The spaces that a configuration enumerates; its rules are those of the making of a campaign.

    Raises:
        ValidationFailed: with every broken rule; the paths begin at the configuration.
    """
    refuse_any(check_generation_config(config, ()))
    return Space.each(config)


async def preview(session: Session, scope: Scope, spaces: Sequence[Space], count: int) -> Preview:
    """Look at spaces for somebody who would like `count` of their offsets; 0 is all that are left.

    The names are made in a thread, for those that are not ASCII take a while.
    """
    lowers = [await generation.next_offset(session, space.key) for space in spaces]
    left = [space.total - lower for space, lower in zip(spaces, lowers, strict=True)]
    seen = [
        SpacePreview(space, Reservation(lower, lower + share))
        for space, lower, share in zip(spaces, lowers, share_out(count, left), strict=True)
    ]
    return Preview(
        config_hash=config_hash(spaces),
        spaces=seen,
        names=await asyncio.to_thread(_sample, seen),
        earlier=await _earlier(session, scope, spaces),
        warnings=[*_warnings(sum(left), count)],
    )


async def _earlier(session: Session, scope: Scope, spaces: Sequence[Space]) -> list[CampaignRow]:
    if len(spaces) == 1:
        return await campaigns.in_space(session, scope, spaces[0].key, EARLIER)
    found = [await campaigns.in_space(session, scope, space.key, EARLIER) for space in spaces]
    by_id = {row.id: row for rows in found for row in rows}
    # Offsets of different spaces cannot be compared, so it goes by the time of the start.
    started = sorted(by_id.values(), key=lambda row: (row.started_at or row.created_at, row.id), reverse=True)
    return started[:EARLIER]


def _sample(seen: Sequence[SpacePreview]) -> list[str]:
    names: list[str] = []
    for each in seen:
        names += each.space.sample(each.reserved.lower, each.reserved.upper, SAMPLES - len(names))
    return names


def _warnings(remaining: int, count: int) -> Iterator[GenerationWarning]:
    if remaining == 0:
        yield GenerationWarning.EXHAUSTED
        return
    if count > remaining:
        yield GenerationWarning.CUT
    if remaining < NEAR:
        yield GenerationWarning.NEARLY_EXHAUSTED
    if min(count or remaining, remaining) > LARGE:
        yield GenerationWarning.VERY_LARGE
