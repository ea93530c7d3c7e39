"""Cutting the work of a phase into shards, each small enough for one worker and one lease."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.models import GenerationRangeRow
from db.repositories import campaigns, domains, generation, shards
from db.repositories.domains import Slice
from db.unit_of_work import UnitOfWork
from names.sharing import share_out
from names.space import Space
from vocabulary.campaigns import PhaseKind
from vocabulary.work import ShardKind

EVERYWHERE = range(2**63 - 1)

# These phases have no setting for it: they wait for nobody, and each result costs well under a millisecond.
_BATCH_SIZES = {PhaseKind.EXTRACTION: 100, PhaseKind.ANALYSIS: 500, PhaseKind.ENRICHMENT: 500}


@dataclass(frozen=True)
class Cut:
    """How much there is to do, and in how many shards."""

    total: int
    shards: int


async def cut_generation(unit: UnitOfWork, campaign_id: UUID) -> Cut:
    """Reserve the campaign's range of each space, once and for all; an empty one is written down too."""
    reserved = await _reserve(unit, campaign_id)
    parts = [
        Slice(row.lower + row.shift, row.upper + row.shift, row.upper - row.lower)
        for row in reserved
        if row.upper > row.lower
    ]
    return await _make(unit, campaign_id, PhaseKind.DOMAIN_GENERATION, parts)


async def cut(
    unit: UnitOfWork, campaign_id: UUID, kind: PhaseKind, ranges: Iterable[range] = (EVERYWHERE,)
) -> Cut:
    """Make shards of the domains of `ranges` that are due in a phase; they are ready at once."""
    size = await _batch_size(unit, kind, campaign_id)
    parts: list[Slice] = []
    for within in ranges:
        parts += await domains.slices(unit.session, kind, campaign_id, within, size)
    return await _make(unit, campaign_id, kind, parts)


async def finished_parts(unit: UnitOfWork, campaign_id: UUID, kind: PhaseKind) -> list[range]:
    """The offsets over which a phase is done, as few ranges as can be.

    That is what was reserved without what is yet to be generated, and without the open shards of the phase and of
    those before it: of the names in these it may get more, which will come in shards of their own.
    """
    reserved = await generation.ranges(unit.session, campaign_id)
    unfinished = [range(row.position + row.shift, row.upper + row.shift) for row in reserved]
    behind_generation = [*PhaseKind][1 : [*PhaseKind].index(kind) + 1]
    kinds = [ShardKind(each.value) for each in behind_generation]
    unfinished += await shards.open_parts(unit.session, campaign_id, kinds)
    found, start = [], reserved[0].lower + reserved[0].shift
    for part in sorted(unfinished, key=lambda part: part.start):
        if part.start > start:
            found.append(range(start, part.start))
        start = max(start, part.stop)
    end = reserved[-1].upper + reserved[-1].shift
    return [*found, range(start, end)] if start < end else found


async def _make(unit: UnitOfWork, campaign_id: UUID, kind: PhaseKind, parts: Sequence[Slice]) -> Cut:
    await shards.add(unit.session, campaign_id, ShardKind(kind.value), parts, unit.now)
    if parts:
        unit.work = True
    return Cut(total=sum(part.size for part in parts), shards=len(parts))


async def _batch_size(unit: UnitOfWork, kind: PhaseKind, campaign_id: UUID) -> int:
    if kind is PhaseKind.DNS_VALIDATION:
        return (await campaigns.dns_config(unit.session, campaign_id)).batch_size
    if kind is PhaseKind.HTTP_KEYWORD_VALIDATION:
        return (await campaigns.http_config(unit.session, campaign_id)).batch_size
    return _BATCH_SIZES[kind]


async def _reserve(unit: UnitOfWork, campaign_id: UUID) -> list[GenerationRangeRow]:
    session = unit.session
    config = await campaigns.generation_config(session, campaign_id)
    spaces = Space.each(config)
    left = await generation.left(session, {space.key: space.total for space in spaces})
    shares = share_out(config.count, [left[space.key] for space in spaces])
    rows: list[GenerationRangeRow] = []
    for ordinal, (space, share) in enumerate(zip(spaces, shares, strict=True)):
        reserved = await generation.reserve(session, space.key, share)
        # Each range lies right behind the one before; what all spaces have together is below 2^63.
        end = rows[-1].upper + rows[-1].shift if rows else reserved.lower
        rows.append(
            GenerationRangeRow(
                campaign_id=campaign_id,
                ordinal=ordinal,
                tld=space.tld,
                space_key=space.key,
                shift=end - reserved.lower,
                lower=reserved.lower,
                upper=reserved.upper,
                position=reserved.lower,
            )
        )
    await generation.add_ranges(session, rows)
    return rows
