"""Verbs on many proxies at once: importing a list, and cleaning away those that do not work.

Each is one transaction, whatever the list holds: what a dry run shows is what the verb would do to the same state.
An import may be repeated: an address that the owner has already stays as it is, with its credentials and its health.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from auth.sealing import Sealer
from core.errors import Violation
from core.ids import new_id
from db.engine import Session
from db.models import ProxyRow
from db.repositories import event_log, proxy_lists
from db.repositories.proxies import state_of
from db.repositories.proxy_use import lock_with_probes
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.proxy_events import ProxyAdded, ProxyRemoved
from services.once import Once, Request
from services.pool_members import leave_all
from services.proxies import ProxyDraft, new_row, sealed
from services.proxy_lines import Line, check_list, lines_told_apart, read_lines
from services.refusals import in_use, refuse_any
from services.rules_hosts import canonical_host
from services.rules_text import MAX_NAME, check_range
from services.written import Written
from vocabulary.access import Role
from vocabulary.proxies import ImportOutcome, ProxyHealth, ProxyProtocol, ProxyState

MAX_CLEANED = 1000
MAX_FAILURES = 1_000_000

Address = tuple[ProxyProtocol, str, int]


@dataclass(frozen=True)
class ImportedLine:
    """What became of a line. `proxy` is what was added or was there; `first_line` the one that a duplicate repeats.

    `text` and `address` hold no user and no password; `address` is None for a line that is INVALID.
    """

    number: int
    outcome: ImportOutcome
    text: str | None
    address: str | None = None
    proxy: ProxyState | None = None
    first_line: int | None = None
    violations: tuple[Violation, ...] = ()
    draft: ProxyDraft | None = field(default=None, repr=False)


@dataclass(frozen=True)
class KeptProxy:
    """An unhealthy proxy that stays, and the sentence that says why."""

    proxy: ProxyState
    why: str


@dataclass(frozen=True)
class Cleaning:
    """What was, or in a dry run would be, removed; what is kept; and whether another call would remove more."""

    proxies: tuple[ProxyState, ...]
    kept: tuple[KeptProxy, ...]
    has_more: bool


class ProxyLists:
    """Importing and cleaning proxies.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. All of them are about
    the caller's own proxies, an admin's too.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._imports = Once(database, tuple[ImportedLine, ...])
        # It names the campaigns that use what is kept.
        self._cleanings = Once(database, Cleaning, names_things=True)

    async def import_text(
        self,
        caller: Principal,
        text: str,
        protocol: ProxyProtocol,
        *,
        dry_run: bool,
        key: str | None = None,
    ) -> Written[tuple[ImportedLine, ...]]:
        """Add the proxies of a list that the caller does not have; `protocol` is that of lines without a scheme.

        A line that is wrong is told and stops nothing. A dry run looks anew each time, whatever its key.

        Raises:
            ValidationFailed: the list as a whole is too large, or cannot be stored.
            Conflict: somebody added one of them at this moment (ALREADY_EXISTS); nothing was added. Or as `Once.run`
                says of keys.
        """
        require(caller, Role.OPERATOR)
        refuse_any(check_list(text))
        lines = await asyncio.to_thread(read_lines, text, protocol)
        if dry_run:
            async with self._database.engines.reading() as session:
                plan = await _plan(session, caller.id, lines)
                return Written(tuple(plan), (await event_log.head(session)).position)
        # A thousand seals take a while: not on the loop, and not while others wait for the transaction.
        passwords = await asyncio.to_thread(self._seal, lines)

        async def imported(unit: UnitOfWork) -> tuple[ImportedLine, ...]:
            await proxy_lists.take_turn(unit.session, caller.id)
            plan = await _plan(unit.session, caller.id, lines)
            added = await _add(unit, caller, plan, passwords)
            # The answer is kept, and a draft has a password.
            return tuple(replace(added.get(line.number, line), draft=None) for line in plan)

        asked = Request("IMPORT_PROXIES", lines_told_apart(lines))
        return await self._imports.run(caller, asked, key, imported)

    def _seal(self, lines: Sequence[Line]) -> dict[int, bytes | None]:
        return {line.number: sealed(line.draft, self._sealer) for line in lines if line.draft is not None}

    async def clean_unhealthy(
        self, caller: Principal, min_failures: int, *, dry_run: bool, key: str | None = None
    ) -> Written[Cleaning]:
        """Remove the unhealthy proxies with at least so many failures in a row that no unfinished campaign uses.

        A dry run looks anew each time, whatever its key.

        Raises:
            ValidationFailed: `min_failures` is not from 1 to 1,000,000.
            Conflict: as `Once.run` says of keys.
        """
        require(caller, Role.OPERATOR)
        refuse_any(check_range(min_failures, ("minFailures",), 1, MAX_FAILURES))
        if dry_run:
            async with self._database.engines.reading() as session:
                found = await proxy_lists.unhealthy(session, caller.id, min_failures, MAX_CLEANED + 1)
                cleaning = await _sorted_out(session, caller, found)
                return Written(cleaning, (await event_log.head(session)).position)
        asked = Request("CLEAN_UNHEALTHY_PROXIES", min_failures)
        return await self._cleanings.run(caller, asked, key, lambda unit: _clean(unit, caller, min_failures))


async def _add(
    unit: UnitOfWork,
    caller: Principal,
    plan: Sequence[ImportedLine],
    passwords: Mapping[int, bytes | None],
) -> dict[int, ImportedLine]:
    """Add what the plan would add; the lines as they are after that, by number."""
    drafts = {line.number: line.draft for line in plan if line.outcome is ImportOutcome.WOULD_ADD}
    new = {number: draft for number, draft in drafts.items() if draft is not None}
    if not new:
        return {}
    named = await _named(unit, caller, new)
    rows = {number: new_row(draft, caller.id, unit.now, passwords[number]) for number, draft in named.items()}
    await proxy_lists.add(unit.session, [*rows.values()], unit.now)
    unit.work = True
    for row in rows.values():
        record(unit, ProxyAdded(proxy=state_of(row)), actor=caller.actor, owner_id=row.owner_id)
    return {
        line.number: replace(line, outcome=ImportOutcome.ADDED, proxy=state_of(rows[line.number]))
        for line in plan
        if line.number in rows
    }


async def _named(
    unit: UnitOfWork, caller: Principal, drafts: Mapping[int, ProxyDraft]
) -> dict[int, ProxyDraft]:
    """The drafts with names that nothing has."""
    wanted = {name for draft in drafts.values() for name in _names(draft)}
    taken = await proxy_lists.names_taken(unit.session, caller.id, wanted)
    named = {}
    for number, draft in drafts.items():
        name = _free_name(draft, taken)
        taken.add(name)
        named[number] = msgspec.structs.replace(draft, name=name)
    return named


async def _clean(unit: UnitOfWork, caller: Principal, min_failures: int) -> Cleaning:
    found = await proxy_lists.unhealthy(unit.session, caller.id, min_failures, MAX_CLEANED + 1)
    locked = await lock_with_probes(unit.session, [row.id for row in found])
    rows = [row for row, _ in locked if _is_bad(row, min_failures)]
    cleaning = await _sorted_out(unit.session, caller, rows)
    ids = {proxy.id for proxy in cleaning.proxies}
    await leave_all(unit, caller, [row for row in rows if row.id in ids])
    await proxy_lists.remove(unit.session, ids)
    for proxy in cleaning.proxies:
        record(unit, ProxyRemoved(proxy=proxy), actor=caller.actor, owner_id=proxy.owner_id)
    return cleaning


def _is_bad(row: ProxyRow, min_failures: int) -> bool:
    """Whether it still is what it was found to be: a test may have healed it before its row was locked."""
    return row.health is ProxyHealth.UNHEALTHY and row.consecutive_failures >= min_failures


async def _sorted_out(session: Session, caller: Principal, rows: Sequence[ProxyRow]) -> Cleaning:
    users = await proxy_lists.users(session, [row.id for row in rows])
    kept = [
        KeptProxy(state_of(row), str(in_use("proxy", users[row.id], caller.scope)))
        for row in rows
        if row.id in users
    ]
    idle = [state_of(row) for row in rows if row.id not in users]
    return Cleaning(tuple(idle[:MAX_CLEANED]), tuple(kept[:MAX_CLEANED]), len(idle) > MAX_CLEANED)


async def _plan(session: Session, owner_id: UUID, lines: Sequence[Line]) -> list[ImportedLine]:
    """What an import would do, line by line."""
    drafts = [line.draft for line in lines if line.draft is not None]
    hosts, ports = {_address(draft)[1] for draft in drafts}, {draft.port for draft in drafts}
    there = {
        (row.protocol, row.host, row.port): state_of(row)
        for row in await proxy_lists.at(session, owner_id, hosts, ports)
    }
    return [*_judged(lines, there)]


def _judged(lines: Sequence[Line], there: Mapping[Address, ProxyState]) -> Iterator[ImportedLine]:
    first_lines: dict[Address, int] = {}
    for line in lines:
        if line.draft is None:
            yield ImportedLine(line.number, ImportOutcome.INVALID, line.text, violations=line.violations)
            continue
        address = _address(line.draft)
        first = first_lines.setdefault(address, line.number)
        known = ImportedLine(line.number, ImportOutcome.WOULD_ADD, line.text, _url(address), draft=line.draft)
        if first != line.number:
            yield replace(known, outcome=ImportOutcome.DUPLICATE_IN_TEXT, first_line=first)
        elif address in there:
            yield replace(known, outcome=ImportOutcome.ALREADY_EXISTS, proxy=there[address])
        else:
            yield known


def _address(draft: ProxyDraft) -> Address:
    return draft.protocol, canonical_host(draft.host) or draft.host, draft.port


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _url(address: Address) -> str:
    protocol, host, port = address
    return f"{protocol.lower()}://{_place(host, port)}"


def _names(draft: ProxyDraft) -> tuple[str, str]:
    """The names that an imported proxy would best have: where it is, and how it is spoken to if that is not enough."""
    protocol, host, port = _address(draft)
    place = _place(host, port)
    # The longest host and its port are longer than a name may be.
    return place[-MAX_NAME:], f"{protocol.lower()} {place}"[-MAX_NAME:]


def _free_name(draft: ProxyDraft, taken: set[str]) -> str:
    free = (name for name in _names(draft) if name not in taken)
    # An id makes any name unique; it is only needed where somebody gave a proxy the name of another's address.
    return next(free, None) or f"{_names(draft)[0][:200]} {new_id()}"
