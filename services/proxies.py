"""Verbs on proxies."""

from uuid import UUID

import msgspec

from auth.principal import Principal
from auth.sealing import Sealer
from db.unit_of_work import Database
from services.written import Written
from vocabulary.proxies import ProxyProtocol, ProxyState


class ProxyDraft(msgspec.Struct, frozen=True):
    """A proxy to be added."""

    name: str
    protocol: ProxyProtocol
    host: str
    port: int
    description: str | None = None
    username: str | None = None
    password: str | None = None
    enabled: bool = True


class ProxyPatch(msgspec.Struct, frozen=True):
    """What shall be different; what is UNSET stays, None removes."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    protocol: ProxyProtocol | msgspec.UnsetType = msgspec.UNSET
    host: str | msgspec.UnsetType = msgspec.UNSET
    port: int | msgspec.UnsetType = msgspec.UNSET
    description: str | None | msgspec.UnsetType = msgspec.UNSET
    username: str | None | msgspec.UnsetType = msgspec.UNSET
    password: str | None | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class Proxies:
    """Adding, changing, removing and testing proxies."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def create(self, caller: Principal, draft: ProxyDraft) -> Written[ProxyState]:
        """Add a proxy, owned by the caller."""
        raise NotImplementedError

    async def update(self, caller: Principal, proxy_id: UUID, patch: ProxyPatch) -> Written[ProxyState]:
        """Change a proxy."""
        raise NotImplementedError

    async def delete(self, caller: Principal, proxy_id: UUID) -> Written[ProxyState]:
        """Remove a proxy; the value is what it was."""
        raise NotImplementedError

    async def test(self, caller: Principal, proxy_id: UUID) -> Written[ProxyState]:
        """Have a worker test a proxy now."""
        raise NotImplementedError
