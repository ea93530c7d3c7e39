"""What pools may be narrowed to, and the orders of proxies and of members, as clients write them."""

import strawberry

from db.queries import pools
from db.queries.proxies import ProxyOrderField
from graph.describing import described
from graph.enums import OrderDirection
from graph.filters import or_none, searched

described(
    ProxyOrderField,
    "What proxies are ordered by.",
    {
        "NAME": "The name.",
        "CREATED_AT": "The time of making.",
        "LATENCY": "How long the last good test took; without one it is longer than any.",
        "LAST_CHECKED": "The time of the last test; without one it is before any.",
        "FAILURE_RATE": "The part of all tests and fetches that failed because of it; 0 if there was none.",
    },
)


@strawberry.input(description="The order of proxies.")
class ProxyOrder:
    """The order of proxies."""

    field: ProxyOrderField = strawberry.field(
        default=ProxyOrderField.NAME, description="What they are ordered by."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which end comes first."
    )


@strawberry.input(description="Which pools. What is not given does not matter; what is given must all hold.")
class ProxyPoolFilter:
    """Which pools."""

    enabled: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether they may be used.")
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )

    def wanted(self) -> pools.PoolFilter:
        """The same for the database."""
        return pools.PoolFilter(enabled=or_none(self.enabled), search=searched("search", self.search))
