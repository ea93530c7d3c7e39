"""Cutting the work of a phase into shards, each small enough for one worker and one lease."""

from dataclasses import dataclass
from uuid import UUID

from db.repositories import campaigns, domains, generation, shards
from db.repositories.domains import Slice
from db.unit_of_work import UnitOfWork
from names.space import Space
from vocabulary.campaigns import PhaseKind
from vocabulary.work import ShardKind


@dataclass(frozen=True)
class Cut:
    """How much there is to do, and in how many shards."""

    total: int
    shards: int


async def cut(unit: UnitOfWork, campaign_id: UUID, kind: PhaseKind) -> Cut:
    """Make the shards of a phase; they are ready at once."""
    if kind is PhaseKind.DOMAIN_GENERATION:
        slices = await _reserved(unit, campaign_id)
    else:
        slices = await domains.slices(unit.session, kind, campaign_id)
    await shards.add(unit.session, campaign_id, ShardKind(kind.value), slices, unit.now)
    return Cut(total=sum(part.size for part in slices), shards=len(slices))


async def _reserved(unit: UnitOfWork, campaign_id: UUID) -> list[Slice]:
    """Reserve the campaign's range of its space, once and for all; an empty one is written down too."""
    config = await campaigns.generation_config(unit.session, campaign_id)
    space = Space.of(config)
    reserved = await generation.reserve(unit.session, space.key, space.total, config.count)
    await generation.add_range(unit.session, campaign_id, space.key, reserved)
    return [Slice(reserved.lower, reserved.upper, reserved.size)] if reserved.size else []
