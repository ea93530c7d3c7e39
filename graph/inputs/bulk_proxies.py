"""Inputs of the verbs on many proxies."""

from collections.abc import Sequence

import strawberry

from graph.filters import ProxyFilter
from graph.inputs.keyed import KeyedInput
from services.bulk import MAX_IMPORT_BYTES, MAX_ITEMS, MAX_PROXY_IDS
from vocabulary.proxies import ProxyProtocol

Ids = Sequence[strawberry.ID]


@strawberry.input(description="Which proxies campaigns may use, or may not.")
class BulkSetProxiesEnabledInput(KeyedInput):
    """Which proxies campaigns may use, or may not."""

    enabled: bool = strawberry.field(description="Whether campaigns may use them from then on.")
    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Which proxies, 1 to {MAX_PROXY_IDS}; each is done once. Either this or `filter`.",
    )
    where: ProxyFilter | None = strawberry.field(
        name="filter",
        default=strawberry.UNSET,
        description=f"Those that it lets through now, at most {MAX_ITEMS}. Either this or `ids`.",
    )


@strawberry.input(description="Which proxies to test.")
class BulkTestProxiesInput(KeyedInput):
    """Which proxies to test."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Which proxies, 1 to {MAX_PROXY_IDS}; each is done once. Either this or `filter`.",
    )
    where: ProxyFilter | None = strawberry.field(
        name="filter",
        default=strawberry.UNSET,
        description=f"Those that it lets through now, at most {MAX_ITEMS}. Either this or `ids`.",
    )


@strawberry.input(description="Which proxies to delete.")
class BulkDeleteProxiesInput(KeyedInput):
    """Which proxies to delete."""

    ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Which proxies, 1 to {MAX_PROXY_IDS}; each is done once. Either this or `filter`.",
    )
    where: ProxyFilter | None = strawberry.field(
        name="filter",
        default=strawberry.UNSET,
        description=f"Those that it lets through now, at most {MAX_ITEMS}. Either this or `ids`.",
    )


@strawberry.input(description="A long list of proxies to be added.")
class BulkImportProxiesInput(KeyedInput):
    """A long list of proxies to be added."""

    text: str = strawberry.field(
        description=(
            "One proxy on a line, as `importProxies` takes them; each line is an item. "
            f"1 to {MAX_ITEMS} proxies, and at most {MAX_IMPORT_BYTES} bytes in UTF-8."
        )
    )
    protocol: ProxyProtocol = strawberry.field(
        default=ProxyProtocol.HTTP, description="How those are spoken to whose line has no scheme."
    )
