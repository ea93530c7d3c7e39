"""Mutations of many proxies at once."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, UnavailableError, ValidationError
from graph.fields import verb
from graph.inputs.proxy_lists import CleanUnhealthyProxiesInput, ImportProxiesInput
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.proxy import Proxy
from graph.types.proxy_lists import ImportedProxyLine, ImportTotals, KeptUnhealthyProxy
from services.proxy_lines import MAX_LINES
from services.proxy_lists import MAX_CLEANED

CURSOR = (
    "The place in the event log of the last event of the change, or where the log ended if nothing changed."
)


@strawberry.type(description="What became of each line of a list.")
class ImportProxiesPayload:
    """What became of each line of a list."""

    lines: list[ImportedProxyLine] = strawberry.field(description="The lines that are no comment, in order.")
    totals: ImportTotals = strawberry.field(description="How many had each outcome.")
    cursor: Cursor = strawberry.field(description=CURSOR)


@strawberry.type(description="What became of the caller's unhealthy proxies.")
class CleanUnhealthyProxiesPayload:
    """What became of the caller's unhealthy proxies."""

    removed: list[Proxy] = strawberry.field(description="Those that are gone; empty in a dry run.")
    would_remove: list[Proxy] = strawberry.field(
        description="Those that would be gone; empty unless this was a dry run."
    )
    kept: list[KeptUnhealthyProxy] = strawberry.field(
        description="Those that stay because an unfinished campaign uses them."
    )
    has_more: bool = strawberry.field(
        description=f"Whether another call would remove more; one call takes {MAX_CLEANED}."
    )
    cursor: Cursor = strawberry.field(description=CURSOR)


ImportProxiesResult = Annotated[
    ImportProxiesPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "ImportProxiesResult", description="What became of each line, or why nothing was added."
    ),
]
CleanUnhealthyProxiesResult = Annotated[
    CleanUnhealthyProxiesPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "CleanUnhealthyProxiesResult", description="The proxies that are gone, or why nothing was removed."
    ),
]


@strawberry.type
class ProxyListMutations:
    """Mutations of many proxies at once."""

    @verb(
        "Add the proxies of a list that you do not have yet. A line that is wrong is told and stops nothing."
    )
    async def import_proxies(
        self, info: Info, what: Annotated[ImportProxiesInput, TAKEN]
    ) -> ImportProxiesResult:
        """Add the proxies of a list that the caller does not have yet."""
        context = info.context
        context.spend(MAX_LINES)
        written = await context.services.proxy_lists.import_text(
            context.caller, what.text, what.protocol, dry_run=what.dry_run, key=what.idempotency_key
        )
        await context.renew()
        return ImportProxiesPayload(
            lines=[ImportedProxyLine.from_line(line) for line in written.value],
            totals=ImportTotals.of_lines(written.value),
            cursor=await context.cursor_at(written.position),
        )

    @verb("Remove your own unhealthy proxies that no unfinished campaign uses.")
    async def clean_unhealthy_proxies(
        self, info: Info, what: Annotated[CleanUnhealthyProxiesInput, TAKEN]
    ) -> CleanUnhealthyProxiesResult:
        """Remove the caller's own unhealthy proxies that no unfinished campaign uses."""
        context = info.context
        context.spend(MAX_CLEANED)
        written = await context.services.proxy_lists.clean_unhealthy(
            context.caller, what.min_failures, dry_run=what.dry_run, key=what.idempotency_key
        )
        await context.renew()
        proxies = [Proxy.from_state(state) for state in written.value.proxies]
        return CleanUnhealthyProxiesPayload(
            removed=[] if what.dry_run else proxies,
            would_remove=proxies if what.dry_run else [],
            kept=[KeptUnhealthyProxy.from_kept(one) for one in written.value.kept],
            has_more=written.value.has_more,
            cursor=await context.cursor_at(written.position),
        )
