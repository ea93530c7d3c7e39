"""What happens to proxies. Most carry the proxy's new state, so that a reader needs no second look."""

from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType
from vocabulary.proxies import ProxyHealth, ProxyState, ProxyTestResult


class ProxyEventType(EventType, frozen=True, kw_only=True):
    """An event of one proxy, with all that clients may see of it afterwards."""

    ENTITY: ClassVar[EntityType] = EntityType.PROXY

    proxy: ProxyState

    @property
    def entity_id(self) -> UUID:
        """The proxy."""
        return self.proxy.id


class ProxyAdded(ProxyEventType, frozen=True, kw_only=True, tag=True):
    """A proxy was added; its health is unknown until it was tested."""

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy “{self.proxy.name}” was added"


class ProxyChanged(ProxyEventType, frozen=True, kw_only=True, tag=True):
    """A proxy was edited, or joined or left pools; `changed` names the fields.

    `left_pool_ids` are the pools that it is no member of any more, so that who follows a pool hears of it.
    """

    changed: tuple[str, ...]
    left_pool_ids: tuple[UUID, ...] = ()

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy “{self.proxy.name}” was changed: {', '.join(self.changed)}"


class ProxyRemoved(ProxyEventType, frozen=True, kw_only=True, tag=True):
    """A proxy was deleted; `proxy` is what it was."""

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy “{self.proxy.name}” was removed"


class ProxyHealthChanged(ProxyEventType, frozen=True, kw_only=True, tag=True):
    """A proxy's health is not what it was."""

    previous: ProxyHealth

    def summary(self) -> str:
        """One sentence."""
        why = f": {self.proxy.last_error}" if self.proxy.health is ProxyHealth.UNHEALTHY else ""
        return f"Proxy “{self.proxy.name}” is {self.proxy.health.lower()}{why}"


class ProxyTestFinished(ProxyEventType, frozen=True, kw_only=True, tag=True):
    """A real test through a proxy has ended."""

    result: ProxyTestResult

    def summary(self) -> str:
        """One sentence."""
        if self.result.success:
            return f"Proxy “{self.proxy.name}” passed its test in {self.result.duration_ms} ms"
        return f"Proxy “{self.proxy.name}” failed its test: {self.result.error}"


class ProxyStatsChanged(ProxyEventType, frozen=True, kw_only=True, tag=True):
    """A proxy's counts moved because campaigns used it."""

    FEED: ClassVar[bool] = False

    def summary(self) -> str:
        """One sentence."""
        return f"Proxy “{self.proxy.name}”: {self.proxy.success_count} good, {self.proxy.failure_count} bad"
