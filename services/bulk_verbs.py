"""What is done to the items of a bulk operation: the verbs of the other services, each in a transaction of its own.

A worker that dies after a verb and before its result is written leaves the item under way, and another worker does
it again. That is safe because each verb says the same to whoever repeats it:

- enabling and disabling, and an address that was imported already, change nothing the second time;
- what is gone was there when the operation was accepted, so a deletion that finds nothing has reached its end;
- a test that is under way already stays so;
- the verbs on campaigns carry the item's own idempotency key, under which the first answer is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from auth.principal import Principal
from auth.sealing import SealBroken, Sealer
from core.errors import Conflict, Forbidden, HeliographError, NotFound, Unavailable, ValidationFailed
from db.unit_of_work import Database
from services.bulk import NOT_FOUND
from services.bulk_life import ItemOutcome
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.controlling import Control
from services.keyword_sets import KeywordSetPatch, KeywordSets
from services.personas import PersonaPatch, Personas
from services.proxies import Proxies, ProxyPatch
from services.proxy_lists import ImportedLine, ProxyLists
from vocabulary.bulk import BulkKind
from vocabulary.proxies import ImportOutcome, ProxyProtocol

log = structlog.get_logger(__name__)

INTERNAL = "INTERNAL"
IMPORTED_AT_ONCE = 50

Verb = Callable[[Principal, UUID, str], Awaitable[object]]
"""Called with who asks, what it is about, and the idempotency key of the item."""

DELETIONS = frozenset(kind for kind in BulkKind if kind.endswith("_DELETE"))


@dataclass(frozen=True)
class BegunItem:
    """An item that is under way: what it is about, or the sealed line of an import."""

    ordinal: int
    target_id: UUID | None = None
    input_sealed: bytes | None = None


class BulkVerbs:
    """Does items. An item that fails stops no other."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._sealer = sealer
        self._lists = ProxyLists(database, sealer)
        self._verbs = {
            **_campaign_verbs(database),
            **_proxy_verbs(database, sealer),
            **_persona_verbs(database),
            **_keyword_set_verbs(database),
        }

    async def run(
        self, caller: Principal, kind: BulkKind, bulk_id: UUID, items: Sequence[BegunItem]
    ) -> list[ItemOutcome]:
        """Do items in their order; how each ended. One that waits for a test of its proxy is not among them.

        Raises:
            Unavailable: the database does not answer; whoever does the items again does no harm.
        """
        if kind is BulkKind.PROXY_IMPORT:
            return await self._import(caller, items)
        outcomes = [await self._tried(caller, kind, bulk_id, item) for item in items]
        return [one for one in outcomes if kind is not BulkKind.PROXY_TEST or not one.succeeded]

    async def _tried(self, caller: Principal, kind: BulkKind, bulk_id: UUID, item: BegunItem) -> ItemOutcome:
        if item.target_id is None:
            raise ValueError(f"{item} of {kind} is about nothing.")
        try:
            await self._verbs[kind](caller, item.target_id, f"{bulk_id}:{item.ordinal}")
        except Unavailable:
            raise
        except HeliographError as error:
            if isinstance(error, NotFound) and kind in DELETIONS:
                return ItemOutcome(item.ordinal, succeeded=True)
            return _failed(item.ordinal, error)
        except Exception:
            log.exception("bulk_item_failed", kind=kind, target=str(item.target_id))
            message = "An internal error, of which the worker's log has more."
            return ItemOutcome(item.ordinal, succeeded=False, code=INTERNAL, message=message)
        return ItemOutcome(item.ordinal, succeeded=True)

    async def _import(self, caller: Principal, items: Sequence[BegunItem]) -> list[ItemOutcome]:
        """Import lines together: one transaction for all of them, or, if they do not agree, one for each."""
        try:
            return await self._import_together(caller, items)
        except (Conflict, SealBroken) as error:
            if len(items) == 1:
                return [_failed(items[0].ordinal, error)]
        return [outcome for item in items for outcome in await self._import(caller, [item])]

    async def _import_together(self, caller: Principal, items: Sequence[BegunItem]) -> list[ItemOutcome]:
        lines = await asyncio.to_thread(self._opened, items)
        # Every line says its scheme, so the protocol given here is that of none.
        written = await self._lists.import_text(caller, "\n".join(lines), ProxyProtocol.HTTP, dry_run=False)
        return [_imported(items[line.number - 1].ordinal, line) for line in written.value]

    def _opened(self, items: Sequence[BegunItem]) -> list[str]:
        return [self._sealer.open(item.input_sealed or b"") for item in items]


def _campaign_verbs(database: Database) -> dict[BulkKind, Verb]:
    control, campaigns = CampaignControl(database), Campaigns(database)
    return {
        BulkKind.CAMPAIGN_START: lambda who, it, key: control.start(who, it, _keyed(key)),
        BulkKind.CAMPAIGN_PAUSE: lambda who, it, key: control.pause(who, it, _keyed(key)),
        BulkKind.CAMPAIGN_RESUME: lambda who, it, key: control.resume(who, it, _keyed(key)),
        BulkKind.CAMPAIGN_CANCEL: lambda who, it, key: control.cancel(who, it, _keyed(key)),
        BulkKind.CAMPAIGN_ARCHIVE: lambda who, it, key: campaigns.archive(who, it, _keyed(key)),
        BulkKind.CAMPAIGN_DELETE: lambda who, it, _: campaigns.delete(who, it),
    }


def _keyed(key: str) -> Control:
    return Control(idempotency_key=key)


def _proxy_verbs(database: Database, sealer: Sealer) -> dict[BulkKind, Verb]:
    proxies = Proxies(database, sealer)
    return {
        BulkKind.PROXY_ENABLE: lambda who, it, _: proxies.update(who, it, ProxyPatch(enabled=True)),
        BulkKind.PROXY_DISABLE: lambda who, it, _: proxies.update(who, it, ProxyPatch(enabled=False)),
        BulkKind.PROXY_TEST: lambda who, it, _: proxies.test(who, it),
        BulkKind.PROXY_DELETE: lambda who, it, _: proxies.delete(who, it),
    }


def _persona_verbs(database: Database) -> dict[BulkKind, Verb]:
    personas = Personas(database)
    return {
        BulkKind.PERSONA_ENABLE: lambda who, it, _: personas.update(who, it, PersonaPatch(enabled=True)),
        BulkKind.PERSONA_DISABLE: lambda who, it, _: personas.update(who, it, PersonaPatch(enabled=False)),
        BulkKind.PERSONA_DELETE: lambda who, it, _: personas.delete(who, it),
    }


def _keyword_set_verbs(database: Database) -> dict[BulkKind, Verb]:
    sets = KeywordSets(database)
    return {
        BulkKind.KEYWORD_SET_ENABLE: lambda who, it, _: sets.update(who, it, KeywordSetPatch(enabled=True)),
        BulkKind.KEYWORD_SET_DISABLE: lambda who, it, _: sets.update(who, it, KeywordSetPatch(enabled=False)),
        BulkKind.KEYWORD_SET_DELETE: lambda who, it, _: sets.delete(who, it),
    }


def _failed(ordinal: int, error: HeliographError) -> ItemOutcome:
    match error:
        case Conflict():
            code = error.detail.code
        case NotFound():
            code = NOT_FOUND
        case Forbidden():
            code = "FORBIDDEN"
        case ValidationFailed():
            code = "VALIDATION_FAILED"
        case _:
            code = INTERNAL
    return ItemOutcome(ordinal, succeeded=False, code=code, message=str(error))


def _imported(ordinal: int, line: ImportedLine) -> ItemOutcome:
    if line.outcome is ImportOutcome.INVALID:
        return _failed(ordinal, ValidationFailed(line.violations))
    code = None if line.outcome is ImportOutcome.ADDED else line.outcome.value
    return ItemOutcome(ordinal, succeeded=True, code=code)
