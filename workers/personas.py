"""The clients of personas: a resolver for each DNS persona, a fetcher for each HTTP persona.

A fetcher looks up the hosts of redirects as the campaign's DNS personas do, with their limits.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from core.errors import ValidationFailed
from probes.addresses import AddressPolicy
from probes.cookies import Shelf
from probes.fetch import Fetcher
from probes.resolver import Resolver
from vocabulary.checks import CheckStatus
from vocabulary.personas import CookieMode, DnsPersonaConfig, HttpPersonaConfig
from workers.clients import Clients, linger_seconds

MAX_SHELVES = 100

log = structlog.get_logger(__name__)


class ResolverKey(NamedTuple):
    """What a resolver is made from. Two personas never share one, though they be configured alike."""

    persona_id: UUID
    config: DnsPersonaConfig


class FetcherKey(NamedTuple):
    """What a fetcher is made from."""

    persona_id: UUID
    config: HttpPersonaConfig
    resolvers: tuple[ResolverKey, ...]


class Shelves:
    """The cookies of HTTP personas, which outlive the clients that come and go with the work."""

    def __init__(self) -> None:
        self._shelves: OrderedDict[tuple[UUID, CookieMode], Shelf] = OrderedDict()

    def of(self, persona_id: UUID, mode: CookieMode) -> Shelf:
        """The shelf of a persona; that of the persona that worked longest ago makes room for it."""
        shelf = self._shelves.pop((persona_id, mode), None) or Shelf(mode)
        self._shelves[persona_id, mode] = shelf
        if len(self._shelves) > MAX_SHELVES:
            self._shelves.popitem(last=False)
        return shelf


class PersonaClients:
    """All clients of one process."""

    def __init__(self, policy: AddressPolicy, ca_file: Path | None) -> None:
        self._policy = policy
        self._ca_file = ca_file
        self._shelves = Shelves()
        self._resolvers: Clients[ResolverKey, Resolver] = Clients(self._make_resolver, _linger)
        self._fetchers: Clients[FetcherKey, Fetcher] = Clients(self._make_fetcher, _linger)

    def __repr__(self) -> str:
        return f"<PersonaClients {len(self._resolvers)} resolvers, {len(self._fetchers)} fetchers>"

    async def close(self) -> None:
        """Close every client."""
        await self._fetchers.close()
        await self._resolvers.close()

    async def resolvers(self, stack: AsyncExitStack, keys: Sequence[ResolverKey]) -> dict[UUID, Resolver]:
        """The resolvers of those personas that this installation lets work, for as long as `stack` is open.

        Raises:
            OSError: the file with certificate authorities cannot be read.
        """
        opened = {}
        for key in keys:
            try:
                opened[key.persona_id] = await stack.enter_async_context(self._resolvers.use(key))
            except ValidationFailed as error:
                # A resolver in a network that workers may not reach here: the persona is of no use.
                log.warning("persona_unusable", persona=str(key.persona_id), reason=str(error))
        return opened

    async def fetchers(self, stack: AsyncExitStack, keys: Sequence[FetcherKey]) -> dict[UUID, Fetcher]:
        """The fetchers of personas, for as long as `stack` is open.

        Raises:
            OSError: the file with certificate authorities cannot be read.
        """
        return {key.persona_id: await stack.enter_async_context(self._fetchers.use(key)) for key in keys}

    def _make_resolver(self, key: ResolverKey) -> Resolver:
        return Resolver(key.config, self._policy, self._ca_file)

    def _make_fetcher(self, key: FetcherKey) -> Fetcher:
        async def resolve(host: str) -> Sequence[str]:
            return await self._resolve(key.resolvers, host)

        shelf = self._shelves.of(key.persona_id, key.config.cookies)
        return Fetcher(key.config, resolve, self._policy, self._ca_file, shelf)

    async def _resolve(self, keys: Sequence[ResolverKey], host: str) -> Sequence[str]:
        """The addresses of a host, by the first persona that finds any."""
        async with AsyncExitStack() as stack:
            for resolver in (await self.resolvers(stack, keys)).values():
                verdict = await resolver.lookup(host)
                if verdict.status is CheckStatus.OK:
                    return verdict.addresses
        return ()


def _linger(key: ResolverKey | FetcherKey) -> float:
    return linger_seconds(key.config.rate_per_second, key.config.burst)
