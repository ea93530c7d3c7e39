"""What a configuration of the generation would come to, if a campaign with it started now.

Nothing is written and nothing is reserved: two who look at the same time see the same offsets, and the first to
start gets them. The range is cut by the same rule as a reservation (`db.repositories.generation.Reservation`),
so that a start in the state of the snapshot gets exactly what the preview says. Source: DOMAIN 1.3.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from db.engine import Session
from db.models import CampaignRow
from db.queries import campaigns
from db.repositories import generation
from db.repositories.generation import Reservation
from db.scope import Scope
from names.space import Space
from services.refusals import refuse_any
from services.rules_campaigns import check_generation_config
from vocabulary.campaigns import GenerationConfig, GenerationWarning

SAMPLES = 20
EARLIER = 10
NEAR = 10_000
"""With fewer offsets left than this, a space is nearly exhausted."""


@dataclass(frozen=True)
class Preview:
    """What is known of a space, and what a campaign would get of it.

    `reserved` begins at the next offset of the space. `names` are the first ones of that range, and `earlier` the
    visible campaigns that have reserved other ranges, the last to do so first.
    """

    space: Space
    reserved: Reservation
    names: list[str]
    earlier: list[CampaignRow]
    warnings: list[GenerationWarning]

    @property
    def remaining(self) -> int:
        """How many offsets nobody has reserved yet."""
        return self.space.total - self.reserved.lower


def space_of(config: GenerationConfig) -> Space:
    """The space that a configuration enumerates; its rules are those of the making of a campaign.

    Raises:
        ValidationFailed: with every broken rule; the paths begin at the configuration.
    """
    refuse_any(check_generation_config(config, ()))
    return Space.of(config)


async def preview(session: Session, scope: Scope, space: Space, count: int) -> Preview:
    """Look at a space for somebody who would like `count` of its offsets; 0 is all that are left.

    The names are made in a thread, for those that are not ASCII take a while.
    """
    lower = await generation.next_offset(session, space.key)
    reserved = Reservation.next(lower, space.total, count)
    return Preview(
        space=space,
        reserved=reserved,
        names=await asyncio.to_thread(space.sample, reserved.lower, reserved.upper, SAMPLES),
        earlier=await campaigns.in_space(session, scope, space.key, EARLIER),
        warnings=[*_warnings(space.total - lower, count)],
    )


def _warnings(remaining: int, count: int) -> Iterator[GenerationWarning]:
    if remaining == 0:
        yield GenerationWarning.EXHAUSTED
        return
    if count > remaining:
        yield GenerationWarning.CUT
    if remaining < NEAR:
        yield GenerationWarning.NEARLY_EXHAUSTED
