"""Verbs on bulk operations: accepting, cancelling and deleting them. Workers do the rest (`services/bulk_running.py`).

What an operation is about is settled when it is accepted: a filter becomes the items that it lets through at that
moment, an import the lines of its text. What is not there for the caller then, or is no proxy, has failed at once.
The operation acts in the name of its owner and with the role that they had then, and one that acts as an admin is for
admins alone to see.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from auth.policy import require
from auth.principal import Principal
from auth.sealing import Sealer
from core.errors import ValidationFailed, Violation
from core.ids import new_id
from db.models import BulkOperationRow, CampaignRow, KeywordSetRow, PersonaRow, ProxyRow
from db.queries.listing import Wanted
from db.queries.proxies import PROXIES, ProxyFilter, ProxyOrderField
from db.repositories import bulk
from db.repositories.bulk import Target, audience, state_of
from db.unit_of_work import Database, UnitOfWork
from events.bulk_events import BulkOperationDeleted, BulkOperationStarted
from events.outbox import record
from services import bulk_life
from services.once import Once, Request
from services.proxies import ProxyDraft
from services.proxy_lines import Line, lines_told_apart, read_lines
from services.refusals import found_or_refuse, invalid_transition, refuse_any
from services.rules_hosts import canonical_host
from services.rules_text import check_size, is_storable
from services.written import Written
from vocabulary.access import Role
from vocabulary.bulk import BULK_ENDS, BulkItemStatus, BulkKind, BulkState, BulkStatus
from vocabulary.proxies import ProxyProtocol

MAX_IDS = 100
MAX_PROXY_IDS = 1000
MAX_ITEMS = 10_000
MAX_IMPORT_BYTES = 768 * 1024

NOT_FOUND = "NOT_FOUND"

Item = dict[str, Any]


class BulkOperations:
    """Accepting, cancelling and deleting bulk operations.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    operation is NotFound.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._sealer = sealer
        self._once = Once(database, BulkState, names_things=True)

    async def start(
        self, caller: Principal, kind: BulkKind, ids: Sequence[UUID], key: str | None = None
    ) -> Written[BulkState]:
        """Accept a verb on things with these ids, in their order; one that is named twice is done once.

        Raises:
            ValidationFailed: there are none, or too many.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.OPERATOR)
        distinct = [*dict.fromkeys(ids)]
        refuse_any(check_size(distinct, ("ids",), 1, most_of(kind)))
        target = target_of(kind)

        async def accepted(unit: UnitOfWork) -> BulkState:
            names = await bulk.names(unit.session, target, distinct, caller.scope)
            items = [_named(unit, ident, names.get(ident)) for ident in distinct]
            return await _accept(unit, caller, kind, items)

        return await self._once.run(caller, Request(f"BULK_{kind}", distinct), key, accepted)

    async def start_filtered(
        self, caller: Principal, kind: BulkKind, wanted: ProxyFilter, key: str | None = None
    ) -> Written[BulkState]:
        """Accept a verb on the proxies that a filter lets through now, in the order of their names.

        Raises:
            ValidationFailed: there are too many.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.OPERATOR)
        page = Wanted(filter=wanted, order=ProxyOrderField.NAME, descending=False, limit=MAX_ITEMS + 1)

        async def accepted(unit: UnitOfWork) -> BulkState:
            [rows] = await PROXIES.pages(unit.session, caller.scope, [page])
            if len(rows) > MAX_ITEMS:
                message = f"lets more than {MAX_ITEMS} proxies through"
                raise ValidationFailed.at(["filter"], message, f"0..{MAX_ITEMS}")
            items = [_named(unit, row.id, row.name) for row in rows]
            return await _accept(unit, caller, kind, items)

        return await self._once.run(caller, Request(f"BULK_{kind}", wanted), key, accepted)

    async def import_proxies(
        self, caller: Principal, text: str, protocol: ProxyProtocol, key: str | None = None
    ) -> Written[BulkState]:
        """Accept a list of proxies to be added, one item for each line that is no comment.

        Its lines are sealed, for they may hold passwords; `protocol` is that of lines without a scheme.

        Raises:
            ValidationFailed: the list as a whole is too large, or cannot be stored.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.OPERATOR)
        refuse_any(_check_text(text))
        lines = await asyncio.to_thread(read_lines, text, protocol)
        refuse_any(_check_lines(lines))
        sealed = await asyncio.to_thread(self._seal, lines)

        async def accepted(unit: UnitOfWork) -> BulkState:
            items = [_line(unit, line, secret) for line, secret in zip(lines, sealed, strict=True)]
            return await _accept(unit, caller, BulkKind.PROXY_IMPORT, items)

        asked = Request("BULK_PROXY_IMPORT", lines_told_apart(lines))
        return await self._once.run(caller, asked, key, accepted)

    def _seal(self, lines: Sequence[Line]) -> list[bytes | None]:
        return [None if line.draft is None else self._sealer.seal(_spelled(line.draft)) for line in lines]

    async def cancel(self, caller: Principal, bulk_id: UUID, key: str | None = None) -> Written[BulkState]:
        """Begin no more items; those under way end by themselves, and with them the operation.

        Raises:
            NotFound: there is no such operation.
            Conflict: it has completed or failed (INVALID_TRANSITION), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)

        async def cancelled(unit: UnitOfWork) -> BulkState:
            row = await _lock(unit, caller, bulk_id)
            if row.status in {BulkStatus.COMPLETED, BulkStatus.FAILED}:
                raise invalid_transition("bulk operation", row.status, "CANCEL")
            if row.status in {BulkStatus.QUEUED, BulkStatus.RUNNING}:
                await _cancel(unit, caller, row)
            return state_of(row)

        return await self._once.run(caller, Request("CANCEL_BULK_OPERATION", bulk_id), key, cancelled)

    async def delete(self, caller: Principal, bulk_id: UUID, key: str | None = None) -> Written[BulkState]:
        """Delete the record of an operation that has ended; the value is what it was.

        Raises:
            NotFound: there is no such operation.
            Conflict: it has not ended (INVALID_TRANSITION), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_BULK_OPERATION", bulk_id)
        return await self._once.run(caller, asked, key, lambda unit: _remove(unit, caller, bulk_id))


def target_of(kind: BulkKind) -> Target:
    """The table of the things that an operation of this kind is about."""
    match kind.partition("_")[0]:
        case "CAMPAIGN":
            return CampaignRow
        case "PROXY":
            return ProxyRow
        case "PERSONA":
            return PersonaRow
        case _:
            return KeywordSetRow


def most_of(kind: BulkKind) -> int:
    """How many things may be named by their ids."""
    return MAX_PROXY_IDS if target_of(kind) is ProxyRow else MAX_IDS


async def _lock(unit: UnitOfWork, caller: Principal, bulk_id: UUID) -> BulkOperationRow:
    return found_or_refuse(await bulk.lock(unit.session, bulk_id, caller.scope), "bulk operation", bulk_id)


async def _accept(unit: UnitOfWork, caller: Principal, kind: BulkKind, items: Sequence[Item]) -> BulkState:
    row = BulkOperationRow(
        id=new_id(),
        owner_id=caller.id,
        role=caller.role,
        kind=kind,
        status=BulkStatus.QUEUED,
        total=len(items),
        succeeded=0,
        failed=sum(item["status"] is BulkItemStatus.FAILED for item in items),
        created_at=unit.now,
    )
    await bulk.add(unit.session, row, items)
    event = BulkOperationStarted(operation=state_of(row))
    record(unit, event, actor=caller.actor, owner_id=audience(row))
    if not await bulk_life.end_if_over(unit, row, caller.actor):
        await bulk.add_shard(unit.session, row.id, unit.now)
        unit.work = True
    return state_of(row)


async def _cancel(unit: UnitOfWork, caller: Principal, row: BulkOperationRow) -> None:
    row.status = BulkStatus.CANCELLING
    await bulk.settle_all(
        unit.session,
        row.id,
        [BulkItemStatus.PENDING],
        status=BulkItemStatus.SKIPPED,
        finished_at=unit.now,
        input_sealed=None,
    )
    if not await bulk_life.end_if_over(unit, row, caller.actor):
        bulk_life.tell_progress(unit, row, caller.actor)


async def _remove(unit: UnitOfWork, caller: Principal, bulk_id: UUID) -> BulkState:
    row = await _lock(unit, caller, bulk_id)
    if row.status not in BULK_ENDS:
        raise invalid_transition("bulk operation", row.status, "DELETE")
    state = state_of(row)
    await bulk.remove(unit.session, bulk_id)
    event = BulkOperationDeleted(operation=state)
    record(unit, event, actor=caller.actor, owner_id=audience(row))
    return state


def _named(unit: UnitOfWork, ident: UUID, name: str | None) -> Item:
    """The item of a thing; without a name it is not there for the caller."""
    if name is None:
        return _item(target_id=ident, label="") | {
            "status": BulkItemStatus.FAILED,
            "code": NOT_FOUND,
            "message": "Nothing with this id is visible to you.",
            "finished_at": unit.now,
        }
    return _item(target_id=ident, label=name)


def _line(unit: UnitOfWork, line: Line, sealed: bytes | None) -> Item:
    item = _item(label=line.text or f"line {line.number}", input_sealed=sealed)
    if sealed is None:
        item |= {
            "status": BulkItemStatus.FAILED,
            "code": "VALIDATION_FAILED",
            "message": str(ValidationFailed(line.violations)),
            "finished_at": unit.now,
        }
    return item


def _item(**values: object) -> Item:
    empty: Item = dict.fromkeys(("target_id", "label", "input_sealed", "code", "message", "finished_at"))
    return empty | {"status": BulkItemStatus.PENDING} | values


def _check_text(text: str) -> Iterator[Violation]:
    if len(text.encode(errors="replace")) > MAX_IMPORT_BYTES:
        limit = f"0..{MAX_IMPORT_BYTES}"
        yield Violation(("text",), f"must have at most {MAX_IMPORT_BYTES} bytes in UTF-8", limit)
    elif not is_storable(text):
        yield Violation(("text",), "must not contain U+0000 or lone surrogates")


def _check_lines(lines: Sequence[Line]) -> Iterator[Violation]:
    if not 1 <= len(lines) <= MAX_ITEMS:
        yield Violation(("text",), f"must hold 1 to {MAX_ITEMS} proxies", f"1..{MAX_ITEMS}")


def _spelled(draft: ProxyDraft) -> str:
    """A draft as a line that can be read in one way only, whatever its user and password hold."""
    # An IPv6 address has its brackets already where it was written as a line.
    host = canonical_host(draft.host) or draft.host
    if ":" in host:
        host = f"[{host}]"
    secrets = "" if draft.username is None else quote(draft.username, safe="")
    if draft.password is not None:
        secrets += ":" + quote(draft.password, safe="")
    at = "" if draft.username is None else "@"
    return f"{draft.protocol.lower()}://{secrets}{at}{host}:{draft.port}"
