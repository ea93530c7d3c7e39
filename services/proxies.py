"""Verbs on proxies.

A proxy is tested by a worker, through the one shard of work that it has while it is enabled. Whatever makes
the last test meaningless (another address, other credentials) sets the health back to UNKNOWN, takes the shard
from whoever holds it, and makes it due: what an old probe finds is never written to a changed proxy.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from auth.sealing import SealBroken, Sealer
from core.errors import Violation
from core.ids import new_id
from db.models import ProxyRow
from db.repositories import proxies, uses
from db.repositories.proxies import state_of
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.proxy_events import ProxyAdded, ProxyChanged, ProxyHealthChanged, ProxyRemoved
from services.changes import apply, given
from services.once import Once, Request
from services.pool_members import leave_all
from services.refusals import already_exists, found_or_refuse, in_use, invalid_transition, refuse_any
from services.rules_hosts import canonical_host, check_host, check_port
from services.rules_proxies import check_credentials, check_place
from services.rules_text import check_description, check_name
from services.versions import expect_version
from services.written import Written
from vocabulary.access import Role
from vocabulary.proxies import ProxyHealth, ProxyProtocol, ProxyState

CONNECTION = frozenset({"protocol", "host", "port", "username", "password"})
ADDRESS = frozenset({"protocol", "host", "port"})


class ProxyDraft(msgspec.Struct, frozen=True):
    """A proxy to be added. `repr` hides the password."""

    name: str
    protocol: ProxyProtocol
    host: str
    port: int
    description: str | None = None
    username: str | None = None
    password: str | None = None
    enabled: bool = True
    country_code: str | None = None
    city: str | None = None
    provider: str | None = None
    notes: str | None = None

    def __repr__(self) -> str:
        return f"<ProxyDraft {self.name!r} {self.protocol.lower()}://{self.host}:{self.port}>"


class ProxyPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays, None removes. `repr` hides the password."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    protocol: ProxyProtocol | msgspec.UnsetType = msgspec.UNSET
    host: str | msgspec.UnsetType = msgspec.UNSET
    port: int | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    username: str | msgspec.UnsetType | None = msgspec.UNSET
    password: str | msgspec.UnsetType | None = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    country_code: str | msgspec.UnsetType | None = msgspec.UNSET
    city: str | msgspec.UnsetType | None = msgspec.UNSET
    provider: str | msgspec.UnsetType | None = msgspec.UNSET
    notes: str | msgspec.UnsetType | None = msgspec.UNSET

    def __repr__(self) -> str:
        return f"<ProxyPatch of {', '.join(given(self)) or 'nothing'}>"


class Proxies:
    """Adding, changing, removing and testing proxies.

    Every verb raises Forbidden for a viewer and Unavailable if the database does not answer. Somebody else's
    proxy is NotFound.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._once = Once(database, ProxyState)
        self._sealer = sealer

    async def create(
        self, caller: Principal, draft: ProxyDraft, key: str | None = None
    ) -> Written[ProxyState]:
        """Add a proxy, owned by the caller. Its health is UNKNOWN; if it is enabled, a worker tests it now.

        Raises:
            ValidationFailed: with every broken rule.
            Conflict: the caller has a proxy with this name or address (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        refuse_any(_check(draft))
        asked = Request("CREATE_PROXY", told_apart(draft))
        return await self._once.run(caller, asked, key, lambda unit: _add(unit, caller, draft, self._sealer))

    async def update(
        self,
        caller: Principal,
        proxy_id: UUID,
        patch: ProxyPatch,
        expected_version: int | None = None,
        key: str | None = None,
    ) -> Written[ProxyState]:
        """Change a proxy.

        Raises:
            NotFound: there is no such proxy.
            ValidationFailed: with every broken rule.
            Conflict: the owner has a proxy with this name or address (ALREADY_EXISTS), or the proxy is at another
                version (VERSION_MISMATCH), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)

        async def changed(unit: UnitOfWork) -> ProxyState:
            row = await _lock(unit, caller, proxy_id)
            expect_version(row, expected_version)
            refuse_any(_check_patch(row, patch))
            names = await self._apply(unit, row, patch)
            if names:
                await _after_change(unit, caller, row, names)
            return state_of(row)

        asked = Request("UPDATE_PROXY", (proxy_id, patch_told_apart(patch), expected_version))
        return await self._once.run(caller, asked, key, changed)

    async def delete(self, caller: Principal, proxy_id: UUID, key: str | None = None) -> Written[ProxyState]:
        """Remove a proxy; the value is what it was. Campaigns that have ended lose the link.

        Raises:
            NotFound: there is no such proxy.
            Conflict: a campaign that has not ended uses it (IN_USE), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("DELETE_PROXY", proxy_id)
        return await self._once.run(caller, asked, key, lambda unit: _remove(unit, caller, proxy_id))

    async def test(self, caller: Principal, proxy_id: UUID, key: str | None = None) -> Written[ProxyState]:
        """Have a worker test a proxy now; ProxyTestFinished tells what it found.

        A proxy that is being tested already stays so, and nothing is recorded.

        Raises:
            NotFound: there is no such proxy.
            Conflict: the proxy is disabled (INVALID_TRANSITION), or as `Once.run` says.
        """
        require(caller, Role.OPERATOR)
        asked = Request("TEST_PROXY", proxy_id)
        return await self._once.run(caller, asked, key, lambda unit: _test(unit, caller, proxy_id))

    async def _apply(self, unit: UnitOfWork, row: ProxyRow, patch: ProxyPatch) -> tuple[str, ...]:
        values = given(patch)
        values.pop("password", None)
        if patch.name is not msgspec.UNSET:
            values["name"] = patch.name.strip()
        if patch.host is not msgspec.UNSET:
            values["host"] = canonical_host(patch.host)
        if isinstance(patch.country_code, str):
            values["country_code"] = patch.country_code.upper()
        with unit.session.no_autoflush:
            changed = apply(row, values)
            if "name" in changed:
                await _refuse_taken_name(unit, row)
            if not ADDRESS.isdisjoint(changed):
                await _refuse_taken_address(unit, row)
        if patch.password is not msgspec.UNSET and not self._is_password(row, patch.password):
            row.password_sealed = None if patch.password is None else self._sealer.seal(patch.password)
            changed = (*changed, "password")
        return changed

    def _is_password(self, row: ProxyRow, password: str | None) -> bool:
        if row.password_sealed is None:
            return password is None
        try:
            return self._sealer.open(row.password_sealed) == password
        except SealBroken:
            # The key file was lost: a password stored anew is how that is mended.
            return False


def sealed(draft: ProxyDraft, sealer: Sealer) -> bytes | None:
    """The password of a draft as it is stored."""
    return None if draft.password is None else sealer.seal(draft.password)


def told_apart(draft: ProxyDraft) -> tuple[ProxyDraft, bool]:
    """What makes a draft another request than another one, which is that there is a password, and not which.

    What is kept of a request can be compared with guesses, so nothing of a secret may be in it.
    """
    return msgspec.structs.replace(draft, password=None), draft.password is not None


def patch_told_apart(patch: ProxyPatch) -> tuple[ProxyPatch, bool | None]:
    """The same of a patch: whether there shall be a password, and not which; None if it stays."""
    has_password = None if patch.password is msgspec.UNSET else patch.password is not None
    return msgspec.structs.replace(patch, password=msgspec.UNSET), has_password


def new_row(draft: ProxyDraft, owner_id: UUID, now: datetime, password_sealed: bytes | None) -> ProxyRow:
    """The row of a draft that is in order; nobody knows anything of its health."""
    return ProxyRow(
        id=new_id(),
        owner_id=owner_id,
        name=draft.name.strip(),
        description=draft.description,
        protocol=draft.protocol,
        host=canonical_host(draft.host),
        port=draft.port,
        username=draft.username,
        password_sealed=password_sealed,
        enabled=draft.enabled,
        health=ProxyHealth.UNKNOWN,
        success_count=0,
        failure_count=0,
        consecutive_failures=0,
        failed_probes=0,
        country_code=draft.country_code.upper() if draft.country_code else None,
        city=draft.city,
        provider=draft.provider,
        notes=draft.notes,
        pool_ids=(),
        version=1,
        created_at=now,
        updated_at=now,
    )


def _check(draft: ProxyDraft) -> Iterator[Violation]:
    yield from check_name(draft.name)
    yield from check_description(draft.description)
    yield from check_connection(draft)
    yield from check_place(given(draft))


def check_connection(draft: ProxyDraft) -> Iterator[Violation]:
    """Where the proxy is and how it is spoken to."""
    yield from check_host(draft.host)
    yield from check_port(draft.port)
    yield from check_credentials(
        draft.protocol, draft.username, draft.password, has_password=draft.password is not None
    )


def _check_patch(row: ProxyRow, patch: ProxyPatch) -> Iterator[Violation]:
    if patch.name is not msgspec.UNSET:
        yield from check_name(patch.name)
    if patch.description is not msgspec.UNSET:
        yield from check_description(patch.description)
    if patch.host is not msgspec.UNSET:
        yield from check_host(patch.host)
    if patch.port is not msgspec.UNSET:
        yield from check_port(patch.port)
    yield from check_place(given(patch))
    protocol = row.protocol if patch.protocol is msgspec.UNSET else patch.protocol
    username = row.username if patch.username is msgspec.UNSET else patch.username
    if patch.password is msgspec.UNSET:
        password, has_password = None, row.password_sealed is not None
    else:
        password, has_password = patch.password, patch.password is not None
    yield from check_credentials(protocol, username, password, has_password=has_password)


async def _lock(unit: UnitOfWork, caller: Principal, proxy_id: UUID) -> ProxyRow:
    await proxies.lock_probe(unit.session, proxy_id)
    row = await proxies.lock(unit.session, proxy_id, caller.scope)
    return found_or_refuse(row, "proxy", proxy_id)


async def _after_change(unit: UnitOfWork, caller: Principal, row: ProxyRow, changed: tuple[str, ...]) -> None:
    """What follows from a change: the health, the probe, and the events."""
    previous = row.health
    row.updated_at = unit.now
    row.version += 1
    reconnected = not CONNECTION.isdisjoint(changed)
    if reconnected:
        _forget_health(row)
    if "enabled" in changed and not row.enabled:
        await proxies.drop_probe(unit.session, row.id)
        if row.health is ProxyHealth.TESTING:
            row.health = ProxyHealth.UNKNOWN
    elif row.enabled and (reconnected or "enabled" in changed):
        await _probe_now(unit, row)
    event = ProxyChanged(proxy=state_of(row), changed=changed)
    record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    if row.health is not previous:
        change = ProxyHealthChanged(proxy=state_of(row), previous=previous)
        record(unit, change, actor=caller.actor, owner_id=row.owner_id)


async def _add(unit: UnitOfWork, caller: Principal, draft: ProxyDraft, sealer: Sealer) -> ProxyState:
    row = new_row(draft, caller.id, unit.now, sealed(draft, sealer))
    await _refuse_taken_name(unit, row)
    await _refuse_taken_address(unit, row)
    await proxies.add(unit.session, row)
    if row.enabled:
        await _probe_now(unit, row)
    state = state_of(row)
    record(unit, ProxyAdded(proxy=state), actor=caller.actor, owner_id=row.owner_id)
    return state


async def _remove(unit: UnitOfWork, caller: Principal, proxy_id: UUID) -> ProxyState:
    row = await _lock(unit, caller, proxy_id)
    user = await uses.release_proxy(unit.session, proxy_id)
    if user is not None:
        raise in_use("proxy", user, caller.scope)
    await leave_all(unit, caller, [row])
    await proxies.remove(unit.session, proxy_id)
    state = state_of(row)
    record(unit, ProxyRemoved(proxy=state), actor=caller.actor, owner_id=row.owner_id)
    return state


async def _test(unit: UnitOfWork, caller: Principal, proxy_id: UUID) -> ProxyState:
    row = await _lock(unit, caller, proxy_id)
    if not row.enabled:
        raise invalid_transition("proxy", "DISABLED", "TEST")
    if row.health is not ProxyHealth.TESTING:
        previous, row.health = row.health, ProxyHealth.TESTING
        await _probe_now(unit, row)
        event = ProxyHealthChanged(proxy=state_of(row), previous=previous)
        record(unit, event, actor=caller.actor, owner_id=row.owner_id)
    return state_of(row)


def _forget_health(row: ProxyRow) -> None:
    """What is known of the old address or credentials says nothing of the new ones; the totals stay."""
    row.health = ProxyHealth.UNKNOWN
    row.latency_ms = None
    row.last_checked_at = None
    row.last_error = None
    row.consecutive_failures = 0
    row.failed_probes = 0


async def _probe_now(unit: UnitOfWork, row: ProxyRow) -> None:
    await proxies.make_probe_due(unit.session, row.id, unit.now)
    unit.work = True


async def _refuse_taken_name(unit: UnitOfWork, row: ProxyRow) -> None:
    if await proxies.name_taken(unit.session, row.owner_id, row.name):
        raise already_exists("A proxy with this name", ("name",))


async def _refuse_taken_address(unit: UnitOfWork, row: ProxyRow) -> None:
    if await proxies.address_taken(unit.session, row.owner_id, row.protocol, row.host, row.port):
        raise already_exists("A proxy with this protocol, host and port", ("host",))
