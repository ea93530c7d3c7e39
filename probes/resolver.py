"""The stub resolver of one DNS persona, shared by a whole batch so that rotation and limits hold across it.

A lookup asks A and AAAA at once and is OK when either has an address. A try goes to one resolver and lasts
`query_timeout_seconds`; the strategy says which resolver comes next. A further try is made after silence,
an unreachable server, SERVFAIL or REFUSED and after nothing else, and a resolver that did answer is not
asked the same again: a silence may be a lost packet, an answer is an answer. NXDOMAIN ends a lookup at
once, for it speaks of the name and not of the type (RFC 8020); an address ends it with the try in which it
came.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import msgspec

from core.errors import ValidationFailed
from probes.addresses import AddressPolicy
from probes.dns_message import Family, Malformed, Rcode, encode_name, parse, question
from probes.dns_transport import Answer, UdpServer, ask_tcp
from probes.rate import TokenBucket
from probes.servers import Server, parse_server
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict
from vocabulary.personas import DnsPersonaConfig, ResolverStrategy

_REASONS: dict[int, DnsReason] = {
    Rcode.NXDOMAIN: DnsReason.NXDOMAIN,
    Rcode.SERVFAIL: DnsReason.SERVFAIL,
    Rcode.REFUSED: DnsReason.REFUSED,
}
_RETRIED = frozenset({DnsReason.TIMEOUT, DnsReason.SERVFAIL, DnsReason.REFUSED})
# Of two families that failed, the reason that says most about the name. NODATA of one family says nothing
# about the other, so it comes last.
_WEIGHT = (
    DnsReason.NXDOMAIN,
    DnsReason.SERVFAIL,
    DnsReason.REFUSED,
    DnsReason.TIMEOUT,
    DnsReason.ERROR,
    DnsReason.NODATA,
)


class _Finding(msgspec.Struct, frozen=True):
    """What is known of one family. `answered` is False if no server said anything."""

    reason: DnsReason | None
    addresses: tuple[str, ...] = ()
    server: str | None = None
    answered: bool = True

    @property
    def is_open(self) -> bool:
        """Whether another try may find more."""
        return not self.answered or self.reason in _RETRIED


class _Lookup:
    """The state of one lookup: a finding for each family, and who answered what."""

    def __init__(self, name: bytes) -> None:
        self.questions = {family: question(name, family) for family in Family}
        self.findings: dict[Family, _Finding] = {}
        self._answered: set[tuple[Family, str]] = set()
        self.tries = 0

    def record(self, family: Family, finding: _Finding) -> None:
        """Keep a finding, but never let a silence replace an answer."""
        if finding.answered and finding.server is not None:
            self._answered.add((family, finding.server))
        if finding.answered or family not in self.findings:
            self.findings[family] = finding

    def open_at(self, server: Server) -> list[Family]:
        """The families that it makes sense to ask `server` for."""
        if self.is_settled or self.addresses:
            return []
        return [
            family
            for family in Family
            if self._is_open(family) and (family, server.text) not in self._answered
        ]

    def _is_open(self, family: Family) -> bool:
        finding = self.findings.get(family)
        return finding is None or finding.is_open

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those found so far, A before AAAA."""
        return tuple(a for family in Family if (f := self.findings.get(family)) for a in f.addresses)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more can change the verdict."""
        reasons = {finding.reason for finding in self.findings.values()}
        return DnsReason.NXDOMAIN in reasons or not any(self._is_open(family) for family in Family)

    def verdict(self, millis: int) -> DnsVerdict:
        """What it all comes to."""
        found = [finding for finding in self.findings.values() if finding.addresses]
        if found:
            return DnsVerdict(
                CheckStatus.OK, None, self.addresses, found[0].server, attempts=self.tries, millis=millis
            )
        worst = min(
            self.findings.values(), key=lambda finding: _WEIGHT.index(finding.reason or DnsReason.ERROR)
        )
        reason = worst.reason
        status = CheckStatus.TIMEOUT if reason is DnsReason.TIMEOUT else CheckStatus.ERROR
        return DnsVerdict(status, reason, (), worst.server, attempts=self.tries, millis=millis)


class Resolver:
    """Looks names up as one persona does. Use as an async context manager; lookups may run side by side.

    Raises:
        ValidationFailed: a resolver is not `host:port`, or the policy refuses its address.
    """

    def __init__(self, config: DnsPersonaConfig, policy: AddressPolicy | None = None) -> None:
        self._config = config
        self._servers = [UdpServer(server) for server in _checked_servers(config.resolvers, policy)]
        self._slots = asyncio.Semaphore(config.concurrency)
        self._bucket = TokenBucket(config.rate_per_second, config.burst)
        self._turn = 0

    def __repr__(self) -> str:
        return f"<Resolver {self._config.strategy} of {', '.join(s.server.text for s in self._servers)}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()

    async def lookup(self, name: str) -> DnsVerdict:
        """Ask for the addresses of `name` (ASCII). Never raises but on cancellation; `millis` is without the queue."""
        async with self._slots:
            await self._bucket.take()
            started = asyncio.get_running_loop().time()
            try:
                lookup = _Lookup(encode_name(name))
            except ValueError:
                return DnsVerdict(CheckStatus.ERROR, DnsReason.ERROR)
            await self._search(lookup)
            return lookup.verdict(round((asyncio.get_running_loop().time() - started) * 1000))

    async def _search(self, lookup: _Lookup) -> None:
        order = self._order()
        for number in range(self._config.attempts):
            turn = number % len(order)
            for server in order[turn:] + order[:turn]:
                if families := lookup.open_at(server.server):
                    lookup.tries += 1
                    await self._try(server, lookup, families)
                    break
            else:
                return

    def _order(self) -> list[UdpServer]:
        """The resolvers in the order in which this lookup tries them."""
        match self._config.strategy:
            case ResolverStrategy.RANDOM_ROTATION:
                return random.sample(self._servers, len(self._servers))
            case ResolverStrategy.ROUND_ROBIN:
                self._turn = (self._turn + 1) % len(self._servers)
                return self._servers[self._turn - 1 :] + self._servers[: self._turn - 1]
            case ResolverStrategy.SEQUENTIAL_FAILOVER:
                return self._servers

    async def _try(self, server: UdpServer, lookup: _Lookup, families: list[Family]) -> None:
        """Ask one resolver for some families and record what comes within the time of one try."""
        deadline = asyncio.get_running_loop().time() + self._config.query_timeout_seconds
        waiting: dict[Answer, Family] = {}
        silence = DnsReason.TIMEOUT
        try:
            for family in families:
                waiting[server.ask(lookup.questions[family])] = family
            await self._collect(server, lookup, waiting, deadline)
        except OSError:
            # There is no way to the server, and that is known at once.
            silence = DnsReason.ERROR
        finally:
            _forget(waiting)
        for family in families:
            if family not in lookup.findings:
                lookup.record(family, _Finding(silence, server=server.server.text, answered=False))

    async def _collect(
        self, server: UdpServer, lookup: _Lookup, waiting: dict[Answer, Family], deadline: float
    ) -> None:
        """Record answers as they come until none is waited for, the lookup is settled, or time is up."""
        loop = asyncio.get_running_loop()
        while waiting and not lookup.is_settled:
            done, _ = await asyncio.wait(
                waiting, timeout=deadline - loop.time(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                return
            for answer in done:
                family = waiting.pop(answer)
                lookup.record(
                    family, await self._read(server.server, lookup.questions[family], answer, deadline)
                )

    async def _read(self, server: Server, asked: bytes, answer: Answer, deadline: float) -> _Finding:
        try:
            reply = parse(answer.result(), asked)
            if reply.truncated:
                async with asyncio.timeout_at(deadline):
                    reply = parse(await ask_tcp(server, asked), asked)
        except Malformed:
            return _Finding(DnsReason.ERROR, server=server.text)
        except TimeoutError:
            return _Finding(DnsReason.TIMEOUT, server=server.text, answered=False)
        except OSError:
            # Nothing listens there, or the TCP connection broke: a failed try that is known at once.
            return _Finding(DnsReason.ERROR, server=server.text, answered=False)
        if reply.rcode != Rcode.NOERROR:
            return _Finding(_REASONS.get(reply.rcode, DnsReason.ERROR), server=server.text)
        if reply.truncated:
            return _Finding(DnsReason.ERROR, server=server.text)
        reason = None if reply.addresses else DnsReason.NODATA
        return _Finding(reason, reply.addresses, server.text)


def _forget(answers: Iterable[Answer]) -> None:
    """End the waiting, and look at a failure that came meanwhile so that nobody reports it as lost."""
    for answer in answers:
        if not answer.cancel() and not answer.cancelled():
            answer.exception()


def _checked_servers(texts: Sequence[str], policy: AddressPolicy | None) -> list[Server]:
    """Parse the resolvers and judge their addresses."""
    if not texts:
        raise ValidationFailed.at(("resolvers",), "must name at least one resolver", "1..")
    servers = []
    for number, text in enumerate(texts):
        path = ("resolvers", str(number))
        try:
            server = parse_server(text)
        except ValueError as error:
            raise ValidationFailed.at(path, str(error)) from error
        if policy is not None and (kind := policy.refuses(server.host)) is not None:
            raise ValidationFailed.at(path, f"{text} is a {kind} address, which is not allowed")
        servers.append(server)
    return servers
