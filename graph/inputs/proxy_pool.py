"""Inputs of the verbs on pools of proxies."""

from uuid import UUID

import strawberry

from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from services.pools import MemberPatch, PoolDraft, PoolPatch
from services.rules_pools import (
    MAX_CHECK_INTERVAL,
    MAX_MEMBERS,
    MAX_RETRIES,
    MAX_TIMEOUT,
    MAX_WEIGHT,
    MIN_CHECK_INTERVAL,
    MIN_TIMEOUT,
)
from services.rules_text import MAX_DESCRIPTION
from vocabulary.proxies import ProxyStrategy

_NAME = "What you call it, 1 to 255 characters, unique among your pools."
_ENABLED = "Whether it is used: a campaign never goes past a pool that is not."
_CHECKED = "Whether its active members are tested by themselves, and not only when they have failed."
_INTERVAL = (
    "How long after a test of a member the next one follows, in seconds, "
    f"{MIN_CHECK_INTERVAL} to {MAX_CHECK_INTERVAL}; of several pools the shortest counts."
)
_RETRIES = f"How many others are tried for one domain after a proxy was at fault, 0 to {MAX_RETRIES}."
_TIMEOUT = f"How long it may take to reach a proxy, in seconds, {MIN_TIMEOUT} to {MAX_TIMEOUT}."
_EXPECTED = "The version that you saw; the change is refused if there is another."


@strawberry.input(description="A pool of proxies to be made; it has no members at first.")
class CreateProxyPoolInput(KeyedInput):
    """A pool to be made."""

    name: str = strawberry.field(description=_NAME)
    description: str | None = strawberry.field(
        default=None, description=f"A note, at most {MAX_DESCRIPTION} characters."
    )
    enabled: bool = strawberry.field(default=True, description=_ENABLED)
    strategy: ProxyStrategy = strawberry.field(
        default=ProxyStrategy.ROUND_ROBIN, description="Which of its proxies is taken."
    )
    health_check_enabled: bool = strawberry.field(default=True, description=_CHECKED)
    health_check_interval_seconds: int = strawberry.field(default=300, description=_INTERVAL)
    max_retries: int = strawberry.field(default=3, description=_RETRIES)
    timeout_seconds: float = strawberry.field(default=30.0, description=_TIMEOUT)

    def draft(self) -> PoolDraft:
        """The draft."""
        return PoolDraft(
            name=self.name,
            description=self.description,
            enabled=self.enabled,
            strategy=self.strategy,
            health_check_enabled=self.health_check_enabled,
            health_check_interval_seconds=self.health_check_interval_seconds,
            max_retries=self.max_retries,
            timeout_seconds=self.timeout_seconds,
        )


@strawberry.input(description="What shall be different about a pool; what is left out stays.")
class UpdateProxyPoolInput(KeyedInput):
    """What shall be different about a pool."""

    id: strawberry.ID = strawberry.field(description="Which pool.")
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)
    name: str | None = strawberry.field(default=strawberry.UNSET, description=_NAME)
    description: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"A note, at most {MAX_DESCRIPTION} characters; null removes it.",
    )
    enabled: bool | None = strawberry.field(default=strawberry.UNSET, description=_ENABLED)
    strategy: ProxyStrategy | None = strawberry.field(
        default=strawberry.UNSET, description="Which of its proxies is taken."
    )
    health_check_enabled: bool | None = strawberry.field(default=strawberry.UNSET, description=_CHECKED)
    health_check_interval_seconds: int | None = strawberry.field(
        default=strawberry.UNSET, description=_INTERVAL
    )
    max_retries: int | None = strawberry.field(default=strawberry.UNSET, description=_RETRIES)
    timeout_seconds: float | None = strawberry.field(default=strawberry.UNSET, description=_TIMEOUT)

    def patch(self) -> PoolPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        values = given.patch(
            {
                "name": self.name,
                "enabled": self.enabled,
                "strategy": self.strategy,
                "healthCheckEnabled": self.health_check_enabled,
                "healthCheckIntervalSeconds": self.health_check_interval_seconds,
                "maxRetries": self.max_retries,
                "timeoutSeconds": self.timeout_seconds,
            },
            {"description": self.description},
        )
        names = {
            "healthCheckEnabled": "health_check_enabled",
            "healthCheckIntervalSeconds": "health_check_interval_seconds",
            "maxRetries": "max_retries",
            "timeoutSeconds": "timeout_seconds",
        }
        return PoolPatch(**{names.get(name, name): value for name, value in values.items()})


@strawberry.input(description="Which pool to delete.")
class DeleteProxyPoolInput(KeyedInput):
    """Which pool to delete."""

    id: strawberry.ID = strawberry.field(description="Which pool.")


@strawberry.input(description="Proxies that shall join a pool, behind those that are in it.")
class AddProxiesToPoolInput(KeyedInput):
    """Proxies that shall join a pool."""

    id: strawberry.ID = strawberry.field(description="Which pool.")
    proxy_ids: list[strawberry.ID] = strawberry.field(
        description=f"Which proxies of the same owner, 1 to {MAX_MEMBERS}; one that is in it stays as it is."
    )
    weight: int = strawberry.field(
        default=1, description=f"How often each is taken, where weights count, 1 to {MAX_WEIGHT}."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="Proxies that shall leave a pool.")
class RemoveProxiesFromPoolInput(KeyedInput):
    """Proxies that shall leave a pool."""

    id: strawberry.ID = strawberry.field(description="Which pool.")
    proxy_ids: list[strawberry.ID] = strawberry.field(
        description=f"Which proxies, 1 to {MAX_MEMBERS}; one that is not in it does not matter."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="What shall be different about a proxy in a pool; what is left out stays.")
class SetProxyPoolMemberInput(KeyedInput):
    """What shall be different about a proxy in a pool."""

    id: strawberry.ID = strawberry.field(description="Which pool.")
    proxy_id: strawberry.ID = strawberry.field(description="Which of its proxies.")
    weight: int | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"How often it is taken beside the others, where weights count, 1 to {MAX_WEIGHT}.",
    )
    active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether the pool uses and tests it."
    )
    position: int | None = strawberry.field(
        default=strawberry.UNSET, description="Its place in the pool, from 0: the order of FAILOVER."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)

    def patch(self) -> MemberPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        return MemberPatch(
            **given.patch({"weight": self.weight, "active": self.active, "position": self.position})
        )

    def proxy_key(self) -> UUID:
        """The proxy."""
        return given.key(self.proxy_id, "Proxy")
