"""Queries of admins: who did what, and how the streams of a process are."""

from typing import Annotated

import strawberry

from db.queries.activity import ActivityOrderField
from db.queries.audit import AUDIT
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import OrderDirection
from graph.errors import only_for
from graph.fields import resolved
from graph.filters import After, First, asked
from graph.inputs.audit import AuditFilter
from graph.types.audit import AuditEntry
from graph.types.stream_stats import StreamStats
from vocabulary.access import Role


@strawberry.type
class AdministrationQueries:
    """Queries of admins."""

    @resolved(
        "What somebody caused, of all there is in the event log: newest first, at most 100 a page. For admins."
    )
    async def audit_log(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            AuditFilter | None,
            strawberry.argument(name="filter", description="Which entries; all unless told."),
        ] = strawberry.UNSET,
    ) -> Connection[AuditEntry]:
        """A page of the audit log."""
        only_for(info.context.caller, Role.ADMIN)
        incarnation = (await info.context.reading.head()).incarnation
        source = Source(
            "auditLog",
            AUDIT,
            (where or AuditFilter()).wanted(),
            lambda row: AuditEntry.from_row(row, incarnation),
        )
        ask = asked(first, after, ActivityOrderField.POSITION, OrderDirection.DESC)
        return await connect(info, source, ask)

    @resolved("The streams of the process that answers, as it counts them. For admins.")
    async def stream_stats(self, info: Info) -> StreamStats:
        """The streams of the process that answers."""
        context = info.context
        only_for(context.caller, Role.ADMIN)
        counts = context.services.streams()
        return StreamStats.from_counts(counts, (await context.reading.head()).position)
