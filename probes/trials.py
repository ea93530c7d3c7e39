"""Trying a persona out: one real lookup or fetch with its settings, which tells everything that it did.

Each trial has clients of its own, which are closed with it, so that it neither waits for a campaign's limits nor
spends them. What bounds it is how many run at once, and a deadline for all of it that begins when its turn has come.
"""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from yarl import URL

from core.port_list import PortList
from probes.addresses import AddressPolicy, Way
from probes.dialer import system_addresses
from probes.fetch import Fetcher
from probes.keywords import Matcher
from probes.resolver import Resolver
from vocabulary.checks import (
    CheckStatus,
    DnsReason,
    DnsVerdict,
    HttpReason,
    HttpVerdict,
    KeywordHit,
    Zone,
)
from vocabulary.persona_tests import DnsExchange, DnsTest, HttpTest, HttpVisit
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig

TRIAL_SECONDS = 30.0
MAX_AT_ONCE = 8
MAX_URL = 2000


class Errand(NamedTuple):
    """What to fetch: as it was given, the host, and URLs of that host to be tried in turn."""

    target: str
    host: str
    starts: Sequence[URL]


def read_url(text: str, ports: PortList | None = None) -> URL:
    """An address that may be fetched, without user, password and fragment.

    Raises:
        ValueError: it is none, or its port is none of `ports`, if they are given.
    """
    try:
        url = URL(text.strip()).with_fragment(None)
        is_plain = url.scheme in {"http", "https"} and bool(url.raw_host) and url.user is None
        port = url.port or 0
    except ValueError:
        raise ValueError("must be an address such as https://example.com/path") from None
    if not is_plain or len(text) > MAX_URL:
        raise ValueError(
            f"must be an http or https address without a user name, of at most {MAX_URL} characters"
        )
    if ports is not None and port not in ports:
        raise ValueError(f"must have a port that is allowed here: {ports}")
    return url


def is_address(host: str) -> bool:
    """Whether a host is an IP address, which needs no lookup."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Zones(Matcher):
    """Finds nothing, and keeps the text that it was to search."""

    def __init__(self) -> None:
        super().__init__([])
        self.seen: Mapping[Zone, str] = {}

    def hits(self, zones: Mapping[Zone, str]) -> tuple[KeywordHit, ...]:
        """Keep the zones."""
        self.seen = dict(zones)
        return ()


class Trials:
    """Looks up and fetches as personas do, one thing each. `seconds` is the deadline of one trial.

    How long somebody waits for their turn is up to whoever asks.
    """

    def __init__(
        self, policy: AddressPolicy, ca_file: Path | None = None, seconds: float = TRIAL_SECONDS
    ) -> None:
        self._policy = policy
        self._ca_file = ca_file
        self._seconds = seconds
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    @property
    def ports(self) -> PortList:
        """The ports of pages that may be fetched."""
        return self._policy.ports(Way.WEB)

    async def look_up(self, config: DnsPersonaConfig, name: str) -> DnsTest:
        """Look a name (ASCII) up.

        Raises:
            ValidationFailed: a resolver of the persona may not be reached here.
            OSError: the CA file cannot be read.
        """
        exchanges: list[DnsExchange] = []
        try:
            async with (
                self._slots,
                asyncio.timeout(self._seconds),
                Resolver(config, self._policy, self._ca_file) as resolver,
            ):
                verdict = await resolver.lookup(name, exchanges)
        except TimeoutError:
            verdict = DnsVerdict(CheckStatus.TIMEOUT, DnsReason.TIMEOUT, millis=round(self._seconds * 1000))
        return DnsTest(name, verdict, tuple(exchanges))

    async def fetch(
        self,
        config: HttpPersonaConfig,
        errand: Errand,
        dns: DnsPersonaConfig | None,
        matcher: Matcher | None = None,
        *,
        by_system: bool = False,
    ) -> HttpTest:
        """Fetch a page; hosts that are names are looked up as `dns`, else by this system if it may be asked.

        Raises:
            ValidationFailed: a resolver of `dns` may not be reached here.
            OSError: the CA file cannot be read.
        """
        run = _Run(errand, by_system=by_system)
        try:
            async with self._slots, asyncio.timeout(self._seconds), AsyncExitStack() as stack:
                resolver = None
                if dns is not None:
                    resolver = await stack.enter_async_context(Resolver(dns, self._policy, self._ca_file))
                run.resolver = resolver
                fetcher = Fetcher(config, run.resolve, self._policy, self._ca_file)
                await run.go(await stack.enter_async_context(fetcher), matcher or Matcher([]))
        except TimeoutError:
            limit = f"the test's own limit of {self._seconds:g} s"
            run.verdict = HttpVerdict(
                CheckStatus.TIMEOUT, HttpReason.TIMEOUT, millis=round(self._seconds * 1000), detail=limit
            )
        return HttpTest(errand.target, run.verdict, tuple(run.visits), run.dns)


class _Run:
    """One fetch under way, and what is known of it when its time is up."""

    def __init__(self, errand: Errand, *, by_system: bool) -> None:
        self._errand = errand
        self._by_system = by_system
        self.resolver: Resolver | None = None
        self.visits: list[HttpVisit] = []
        self.dns: DnsTest | None = None
        self.verdict = HttpVerdict(CheckStatus.ERROR, HttpReason.DNS_RESOLVE_ERROR)

    async def go(self, fetcher: Fetcher, matcher: Matcher) -> None:
        """Look the host up and fetch the page."""
        host = self._errand.host
        addresses: Sequence[str] = [host] if is_address(host) else await self._look_up(host)
        if addresses:
            self.verdict = await fetcher.visit(self._errand.starts, addresses, matcher, self.visits)
        elif self.dns is not None:
            detail = f"{host}: {self.dns.verdict.reason}"
            self.verdict = HttpVerdict(CheckStatus.ERROR, HttpReason.DNS_RESOLVE_ERROR, detail=detail)

    async def resolve(self, host: str) -> Sequence[str]:
        """The addresses of a redirect's host."""
        if self.resolver is not None:
            return (await self.resolver.lookup(host)).addresses
        return await system_addresses(host) if self._by_system else ()

    async def _look_up(self, host: str) -> Sequence[str]:
        if self.resolver is None:
            with suppress(OSError):
                return await self.resolve(host)
            return ()
        exchanges: list[DnsExchange] = []
        verdict = await self.resolver.lookup(host, exchanges)
        self.dns = DnsTest(host, verdict, tuple(exchanges))
        return verdict.addresses
