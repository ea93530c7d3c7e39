"""HTTP keyword validation: each domain is fetched as one persona after another, until one is let in.

A campaign that names proxies or a pool goes through them, one taken by the strategy for each fetch, and never past
them. A failure by the fault of a proxy is a strike for it and no verdict on the domain, which is tried with another
one; when every usable proxy has failed a domain, or as many as the pool allows, that is its verdict, unless none is
usable any more: then the phase fails.

Only what may be another the next time (a time-out, a connection that was refused or reset) is tried anew,
`retry_attempts` times through all personas.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import msgspec

from core.settings import Settings
from db.repositories.domains import Candidate
from db.repositories.verdicts import HttpResult
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from services.jobs import HttpJob, Jobs
from services.proxy_accounts import ProxyOutcome
from services.results import Flushed, Results
from services.turns import Standing
from vocabulary.checks import CheckStatus, HttpReason, HttpVerdict
from workers.held import NO_USABLE_PERSONA, NO_USABLE_PROXY, CannotGoOn, Held
from workers.pace import Paces
from workers.personas import FetcherKey, PersonaClients, ResolverKey
from workers.proxy_ring import ProxyRing, ProxyRings
from workers.shard_run import ShardRun

_RETRIED = frozenset({HttpReason.TIMEOUT, HttpReason.CONNECTION_REFUSED, HttpReason.CONNECTION_RESET})
# These say nothing of the proxy, neither for it nor against it.
_SILENT_ON_THE_PROXY = frozenset({HttpReason.TIMEOUT, HttpReason.PROXY_ERROR})


class KeywordValidation:
    """Handles shards of the third phase."""

    def __init__(self, jobs: Jobs, results: Results, clients: PersonaClients, settings: Settings) -> None:
        self._jobs = jobs
        self._results = results
        self._clients = clients
        self._settings = settings
        self._rings = ProxyRings()
        self._paces = Paces()

    async def handle(self, held: Held) -> Standing:
        """Fetch what is left of a shard. See `Handler.handle`."""
        job = await self._jobs.http(held.claim)
        if job is None:
            return Standing.LOST
        if job.left:
            _refuse_hopeless(job)
        matcher = await asyncio.to_thread(Matcher, job.rules)
        async with AsyncExitStack() as stack:
            fetchers = await self._clients.fetchers(stack, _keys(job))
            ring = None
            if job.route is not None:
                settings = await self._jobs.settings(self._settings)
                ring = self._rings.ring(job.route, settings.proxy_strikes)
            checks = HttpChecks(job, fetchers, matcher, ring)
            speed = job.config.speed_per_minute
            pace = stack.enter_context(self._paces.use(held.claim.campaign_id, speed))
            run = ShardRun(held, checks, self._results, self._settings.flush_seconds, pace)
            return await run.run(job.left)


def _refuse_hopeless(job: HttpJob) -> None:
    if not job.personas:
        raise CannotGoOn(NO_USABLE_PERSONA, "none of the campaign's HTTP personas can be used")
    if job.route is not None and job.route.is_blocked:
        raise _no_proxy()


def _no_proxy() -> CannotGoOn:
    return CannotGoOn(
        NO_USABLE_PROXY, "none of the campaign's proxies can be used, and it does not go without"
    )


def _keys(job: HttpJob) -> list[FetcherKey]:
    resolvers = tuple(ResolverKey(ident, config) for ident, config in job.resolvers.items())
    return [FetcherKey(ident, config, resolvers) for ident, config in job.personas.items()]


class HttpChecks:
    """The fetches of one shard. See `workers.shard_run.Checks`."""

    def __init__(
        self, job: HttpJob, fetchers: Mapping[UUID, Fetcher], matcher: Matcher, ring: ProxyRing | None
    ) -> None:
        self._fetchers = fetchers
        self._matcher = matcher
        self._ring = ring
        self._ports = Ports(job.config.http_port, job.config.https_port)
        self._micro_crawl = job.config.micro_crawl
        self._rounds = 1 + job.config.retry_attempts
        self._rotation_seconds = job.config.rotation_interval_seconds
        self.width = max((job.personas[ident].concurrency for ident in fetchers), default=1)

    async def check(self, candidate: Candidate) -> HttpResult:
        """Fetch one domain until there is a verdict that stands."""
        attempts = 0
        result: HttpResult | None = None
        for number in range(self._rounds):
            for place, (persona_id, fetcher) in enumerate(self._fetchers.items()):
                if place or (number and len(self._fetchers) > 1):
                    await self._rotate()
                result = await self._fetch(candidate, persona_id, fetcher)
                attempts += result.verdict.attempts
                if result.verdict.status is CheckStatus.OK:
                    return _with_attempts(result, attempts)
            if result is None or result.verdict.reason not in _RETRIED:
                break
        if result is None:
            raise RuntimeError("There is no persona to fetch as.")
        return _with_attempts(result, attempts)

    async def _fetch(self, candidate: Candidate, persona_id: UUID, fetcher: Fetcher) -> HttpResult:
        """Fetch once, directly or through the first proxy that is not at fault."""
        name, addresses = candidate.name, candidate.addresses
        if self._ring is None:
            verdict = await fetcher.fetch(
                name, addresses, self._ports, self._matcher, micro_crawl=self._micro_crawl
            )
            return HttpResult(candidate.offset, verdict, persona_id)
        failed: dict[UUID, HttpVerdict] = {}
        while (proxy := self._ring.pick(failed)) is not None:
            verdict = await fetcher.fetch(
                name, addresses, self._ports, self._matcher, proxy.endpoint, self._micro_crawl
            )
            self._note(self._ring, proxy.id, verdict)
            if not verdict.proxy_fault:
                attempts = len(failed) + verdict.attempts
                return _with_attempts(HttpResult(candidate.offset, verdict, persona_id, proxy.id), attempts)
            failed[proxy.id] = verdict
        if self._ring.is_empty or not failed:
            raise _no_proxy()
        proxy_id, verdict = list(failed.items())[-1]
        return _with_attempts(HttpResult(candidate.offset, verdict, persona_id, proxy_id), len(failed))

    async def _rotate(self) -> None:
        """Let another persona begin after a while, so that the two do not look like one."""
        if self._rotation_seconds > 0:
            await asyncio.sleep(self._rotation_seconds)

    @staticmethod
    def _note(ring: ProxyRing, proxy_id: UUID, verdict: HttpVerdict) -> None:
        if verdict.proxy_fault:
            ring.note(ProxyOutcome(proxy_id, verdict.detail or "the proxy failed"))
        elif verdict.reason not in _SILENT_ON_THE_PROXY:
            ring.note(ProxyOutcome(proxy_id))

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        """The uses of proxies since the last call."""
        return () if self._ring is None else self._ring.take_outcomes()

    def learn(self, flushed: Flushed) -> None:
        """Take over from the table which proxies are usable."""
        if self._ring is not None and flushed.usable is not None:
            self._ring.refresh(flushed.usable)


def _with_attempts(result: HttpResult, attempts: int) -> HttpResult:
    verdict = msgspec.structs.replace(result.verdict, attempts=attempts)
    return HttpResult(result.offset, verdict, result.persona_id, result.proxy_id)
