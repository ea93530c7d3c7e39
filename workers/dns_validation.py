"""DNS validation: each domain is looked up as one persona after another, until one finds an address.

The verdict is the first address; without one, the first answer that is about the name (NXDOMAIN, NODATA), for a
persona that timed out later says less; else the last failure. Only failures (a time-out, SERVFAIL, REFUSED, an
error) are tried anew, `retry_attempts` times through all personas: a name that does not exist will not exist a
moment later.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import msgspec

from core.settings import Settings
from db.repositories.domains import Candidate
from db.repositories.verdicts import DnsResult
from probes.resolver import Resolver
from services.jobs import DnsJob, Jobs
from services.proxy_accounts import ProxyOutcome
from services.results import Flushed, Results
from services.turns import Standing
from vocabulary.checks import CheckStatus, DnsReason
from workers.held import NO_USABLE_PERSONA, CannotGoOn, Held
from workers.pace import Paces
from workers.personas import PersonaClients, ResolverKey
from workers.shard_run import ShardRun

_ABOUT_THE_NAME = frozenset({DnsReason.NXDOMAIN, DnsReason.NODATA})


class DnsValidation:
    """Handles shards of the second phase."""

    def __init__(self, jobs: Jobs, results: Results, clients: PersonaClients, settings: Settings) -> None:
        self._jobs = jobs
        self._results = results
        self._clients = clients
        self._flush_seconds = settings.flush_seconds
        self._paces = Paces()

    async def handle(self, held: Held) -> Standing:
        """Look up what is left of a shard. See `Handler.handle`."""
        job = await self._jobs.dns(held.claim)
        if job is None:
            return Standing.LOST
        async with AsyncExitStack() as stack:
            keys = [ResolverKey(ident, config) for ident, config in job.personas.items()]
            resolvers = await self._clients.resolvers(stack, keys)
            if job.left and not resolvers:
                raise CannotGoOn(NO_USABLE_PERSONA, "none of the campaign's DNS personas can be used")
            checks = DnsChecks(job, resolvers)
            speed = job.config.speed_per_minute
            pace = stack.enter_context(self._paces.use(held.claim.campaign_id, speed))
            return await ShardRun(held, checks, self._results, self._flush_seconds, pace).run(job.left)


class DnsChecks:
    """The lookups of one shard. See `workers.shard_run.Checks`."""

    def __init__(self, job: DnsJob, resolvers: Mapping[UUID, Resolver]) -> None:
        self._resolvers = resolvers
        self._rounds = 1 + job.config.retry_attempts
        self._rotation_seconds = job.config.rotation_interval_seconds
        self.width = max((job.personas[ident].concurrency for ident in resolvers), default=1)

    async def check(self, candidate: Candidate) -> DnsResult:
        """Look one domain up until there is a verdict that stands."""
        attempts = 0
        result: DnsResult | None = None
        for number in range(self._rounds):
            if number and len(self._resolvers) > 1:
                await self._rotate()
            result, made = await self._round(candidate)
            attempts += made
            if result.verdict.status is CheckStatus.OK or result.verdict.reason in _ABOUT_THE_NAME:
                break
        if result is None:
            raise RuntimeError("A domain is looked up at least once.")
        return DnsResult(
            result.offset, msgspec.structs.replace(result.verdict, attempts=attempts), result.persona_id
        )

    async def _round(self, candidate: Candidate) -> tuple[DnsResult, int]:
        """Ask as each persona in turn until one finds an address; the verdict, and the tries that it took."""
        attempts = 0
        about_the_name: DnsResult | None = None
        result: DnsResult | None = None
        for number, (persona_id, resolver) in enumerate(self._resolvers.items()):
            if number:
                await self._rotate()
            verdict = await resolver.lookup(candidate.name)
            attempts += verdict.attempts
            result = DnsResult(candidate.offset, verdict, persona_id)
            if verdict.status is CheckStatus.OK:
                return result, attempts
            if verdict.reason in _ABOUT_THE_NAME:
                about_the_name = about_the_name or result
        chosen = about_the_name or result
        if chosen is None:
            raise RuntimeError("There is no persona to ask as.")
        return chosen, attempts

    async def _rotate(self) -> None:
        """Let another persona begin after a while, so that the two do not look like one."""
        if self._rotation_seconds > 0:
            await asyncio.sleep(self._rotation_seconds)

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        """DNS goes through no proxy."""
        return ()

    def learn(self, flushed: Flushed) -> None:
        """Nothing to learn."""
