"""What happens to pools of proxies: the feed and the audit trail.

What a change of members means for each proxy is told by `ProxyChanged`.
"""

from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType


class ProxyPoolEventType(EventType, frozen=True, kw_only=True):
    """An event of one pool; `member_count` and `version` are those afterwards."""

    ENTITY: ClassVar[EntityType] = EntityType.PROXY_POOL

    pool_id: UUID
    name: str
    member_count: int
    version: int

    @property
    def entity_id(self) -> UUID:
        """The pool."""
        return self.pool_id


class ProxyPoolCreated(ProxyPoolEventType, frozen=True, kw_only=True, tag=True):
    """A pool of proxies was made; it has no members yet."""

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy pool “{self.name}” was created"


class ProxyPoolUpdated(ProxyPoolEventType, frozen=True, kw_only=True, tag=True):
    """A pool of proxies or its members were changed; `changed` names the fields, `members` among them."""

    changed: tuple[str, ...]

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy pool “{self.name}” was changed: {', '.join(self.changed)}"


class ProxyPoolDeleted(ProxyPoolEventType, frozen=True, kw_only=True, tag=True):
    """A pool of proxies was deleted; its proxies stay. `member_count` is how many it had."""

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy pool “{self.name}” was deleted"
