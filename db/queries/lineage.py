"""Which campaigns have enumerated parts of the same spaces before."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from db.engine import Session
from db.models import CampaignRow, GenerationRangeRow
from db.scope import Scope

EARLIER = 10


async def earlier(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, list[CampaignRow]]:
    """For each of these campaigns the visible ones that have reserved lower offsets of a space that it has a range of.

    The last to do so comes first, at most `EARLIER` of them. One that has not started has none.
    """
    own, other = aliased(GenerationRangeRow), aliased(GenerationRangeRow)
    place = func.row_number().over(
        partition_by=own.campaign_id, order_by=(func.max(other.lower).desc(), other.campaign_id)
    )
    ranked = (
        select(own.campaign_id.label("of"), other.campaign_id.label("earlier"), place.label("place"))
        .join(
            other,
            and_(
                other.space_key == own.space_key,
                other.lower < own.lower,
                other.upper > other.lower,
                other.campaign_id != own.campaign_id,
            ),
        )
        .join(CampaignRow, CampaignRow.id == other.campaign_id)
        .where(own.campaign_id.in_(ids), scope.clause(CampaignRow.owner_id))
        .group_by(own.campaign_id, other.campaign_id)
        .subquery()
    )
    wanted = (
        select(ranked.c.of, CampaignRow)
        .join(CampaignRow, CampaignRow.id == ranked.c.earlier)
        .where(ranked.c.place <= EARLIER)
        .order_by(ranked.c.place)
    )
    found: defaultdict[UUID, list[CampaignRow]] = defaultdict(list)
    for ident, row in await session.execute(wanted):
        found[ident].append(row)
    return found
