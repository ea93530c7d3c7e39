"""What a campaign may use: what its owner may see, as the owner is now.

An admin may configure a campaign of theirs with what is anybody's. Once they are an admin no more they are told of
these things no more, so the campaign must not do it for them: neither use them nor take what they say anew. Whoever
lets a phase begin or go on must see what it uses, too, or an admin's token that may do less would get round that.
"""

from uuid import UUID

import msgspec

from auth.principal import scope_of
from db.engine import Session
from db.repositories import campaigns
from db.scope import EVERYTHING, Scope


class Sight(msgspec.Struct, frozen=True):
    """By what references are judged.

    `whose` is whom a refusal calls the one who does not see. `takes_disabled` lets through what is visible and
    disabled, which workers pass over.
    """

    scope: Scope
    whose: str = "you"
    takes_disabled: bool = False


async def owner_scope(session: Session, campaign_id: UUID) -> Scope | None:
    """What the owner of a campaign may see now; None if the campaign is gone."""
    owner = await campaigns.owner(session, campaign_id)
    return None if owner is None else scope_of(*owner)


async def sight_of(session: Session, campaign_id: UUID, scope: Scope) -> Sight:
    """What a campaign may use when somebody acts on it who sees `scope`, of which the campaign is."""
    if scope != EVERYTHING:
        # It is the owner's own, who may be an admin with a token for less.
        return Sight(scope)
    owners = await owner_scope(session, campaign_id)
    if owners is None or owners == EVERYTHING:
        return Sight(scope)
    return Sight(owners, "the campaign's owner")
