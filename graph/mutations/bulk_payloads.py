"""What the verbs on bulk operations give back."""

from typing import Protocol, TypeVar
from uuid import UUID

import strawberry

from core.errors import ValidationFailed
from graph.context import Info
from graph.filters import ProxyFilter
from graph.inputs import given
from graph.scalars import Cursor
from graph.types.bulk import BulkOperation
from services.bulk import MAX_ITEMS
from services.written import Written
from vocabulary.bulk import BulkKind, BulkState

P = TypeVar("P", bound="BulkWritten")


class Many(Protocol):
    """The input of a verb on many things."""

    @property
    def ids(self) -> list[strawberry.ID] | None:
        """Which."""

    @property
    def idempotency_key(self) -> str | None:
        """The word for this request."""


class ManyProxies(Many, Protocol):
    """The input of a verb on many proxies, told by their ids or by a filter."""

    @property
    def where(self) -> ProxyFilter | None:
        """What lets them through."""


@strawberry.type
class BulkWritten:
    """What a verb on many things gives back at once."""

    operation: BulkOperation = strawberry.field(
        description="The operation as it was accepted; follow it with the subscription `bulkOperation`."
    )
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log: subscribe after it and miss nothing."
    )


async def payload(kind: type[P], info: Info, written: Written[BulkState]) -> P:
    """What was committed; its items are read in a fresh snapshot."""
    await info.context.renew()
    operation = BulkOperation.from_state(written.value)
    return kind(operation=operation, cursor=await info.context.cursor_at(written.position))


async def begun(
    kind: type[P],
    info: Info,
    bulk_kind: BulkKind,
    what: Many,
    type_name: str,
) -> P:
    """Accept a verb on the things that `what` names."""
    context, ids = info.context, what.ids or []
    context.spend(len(ids))
    keys = given.keys(ids, type_name)
    written = await context.services.bulk.start(context.caller, bulk_kind, keys, what.idempotency_key)
    return await payload(kind, info, written)


async def begun_on_proxies(
    kind: type[P],
    info: Info,
    bulk_kind: BulkKind,
    what: ManyProxies,
) -> P:
    """Accept a verb on proxies, told by their ids or by a filter.

    Raises:
        ValidationFailed: both were given, or neither.
    """
    if bool(what.where) == isinstance(what.ids, list):
        raise ValidationFailed.at(["ids"], "must be given, or else `filter`, and not both")
    if isinstance(what.ids, list):
        return await begun(kind, info, bulk_kind, what, "Proxy")
    context = info.context
    context.spend(MAX_ITEMS)
    wanted, key = (what.where or ProxyFilter()).wanted(), what.idempotency_key
    written = await context.services.bulk.start_filtered(context.caller, bulk_kind, wanted, key)
    return await payload(kind, info, written)


def enabling(able: BulkKind, unable: BulkKind, *, enabled: bool) -> BulkKind:
    """The kind that enables, or the one that disables."""
    return able if enabled else unable


def key(ident: strawberry.ID) -> UUID:
    """The key of a bulk operation."""
    return given.key(ident, "BulkOperation")
