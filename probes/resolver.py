"""The stub resolver of one DNS persona, shared by a whole batch so that rotation and limits hold across it.

A lookup asks A and AAAA, at once or one after the other, and is OK when either has an address. A try goes to one
resolver and each of its questions lasts `query_timeout_seconds`; the strategy says which resolver comes next. A
further try is made after silence, an unreachable server, SERVFAIL or REFUSED and after nothing else, and a
resolver that did answer is not asked the same again: a silence may be a lost packet, an answer is an answer.
NXDOMAIN ends a lookup at once, unless the persona wants it confirmed: then the other resolvers are asked, and the
name is there if one of them knows it. An address ends a lookup with the try in which it came.
"""

import asyncio
import random
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import ValidationFailed
from probes.addresses import NOT_AN_ADDRESS, PORT, AddressPolicy, Refused, Way
from probes.dialer import make_contexts
from probes.dns_message import Family, Malformed, Rcode, Reply, parse
from probes.dns_transport import Answer, UdpServer
from probes.doh import DohServer
from probes.lookup import Finding, Lookup
from probes.rate import TokenBucket
from probes.servers import RESOLV_CONF, Doh, Server, parse_resolver, system_servers
from probes.upstreams import Member, Rota, Upstream
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict
from vocabulary.persona_tests import DnsExchange
from vocabulary.personas import DnsPersonaConfig

_REASONS: dict[int, DnsReason] = {
    Rcode.NXDOMAIN: DnsReason.NXDOMAIN,
    Rcode.SERVFAIL: DnsReason.SERVFAIL,
    Rcode.REFUSED: DnsReason.REFUSED,
}


class Resolver:
    """Looks names up as one persona does. Use as an async context manager; lookups may run side by side.

    Raises:
        ValidationFailed: a resolver cannot be read, or the policy refuses its address.
    """

    def __init__(
        self,
        config: DnsPersonaConfig,
        policy: AddressPolicy | None = None,
        ca_file: Path | None = None,
        resolv_conf: Path = RESOLV_CONF,
    ) -> None:
        self._config = config
        self._policy = policy
        self._ca_file = ca_file
        self._resolv_conf = resolv_conf
        self._servers = _checked_servers(config, policy)
        self._slots = asyncio.Semaphore(config.concurrency)
        self._bucket = TokenBucket(config.rate_per_second, config.burst)
        self._closing = AsyncExitStack()
        self._rota: Rota | None = None

    def __repr__(self) -> str:
        return f"<Resolver {self._config.strategy} of {', '.join(server.text for server in self._servers)}>"

    async def __aenter__(self) -> Self:
        """Read what the resolvers need: resolv.conf, and the authorities for those that are asked over HTTPS.

        Raises:
            ValidationFailed: the system has no resolver, or one that the policy refuses.
            OSError, ssl.SSLError: the CA file cannot be read.
        """
        servers = [*self._servers, *await self._system()]
        context = None
        if any(isinstance(server, Doh) for server in servers):
            contexts = await asyncio.to_thread(make_contexts, verify=True, ca_file=self._ca_file)
            context = contexts.proxy
        upstreams: list[Upstream] = []
        for server in servers:
            if isinstance(server, Doh):
                assert context is not None  # noqa: S101 - it was read for the first of them.
                upstreams.append(DohServer(server, self._policy, context))
            else:
                upstreams.append(UdpServer(server))
            self._closing.push_async_callback(upstreams[-1].close)
        self._rota = Rota(upstreams, self._config, asyncio.get_running_loop().time)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rota = None
        await self._closing.aclose()

    async def lookup(self, name: str, trace: list[DnsExchange] | None = None) -> DnsVerdict:
        """Ask for the addresses of `name` (ASCII), and write what was asked to `trace` if it is given.

        Never raises but on cancellation; `millis` is without the queue and the delay.
        """
        if self._rota is None:
            raise RuntimeError("A Resolver is used inside `async with`.")
        loop = asyncio.get_running_loop()
        async with self._slots:
            await self._bucket.take()
            await self._delay()
            started = loop.time()
            try:
                lookup = Lookup(name, trace)
            except ValueError:
                return DnsVerdict(CheckStatus.ERROR, DnsReason.ERROR)
            order = self._rota.order()
            await self._search(lookup, order)
            if self._config.confirm_nxdomain and lookup.denied_by is not None:
                lookup = await self._confirm(lookup, Lookup(name, trace, lookup.tries), order)
            return lookup.verdict(round((loop.time() - started) * 1000))

    async def _system(self) -> list[Server]:
        """The resolvers of this system, if the persona uses them."""
        if not self._config.use_system_resolvers:
            return []
        path = ("useSystemResolvers",)
        try:
            servers = await asyncio.to_thread(system_servers, self._resolv_conf)
        except OSError as error:
            raise ValidationFailed.at(path, "this system has no resolv.conf that can be read") from error
        if not servers:
            raise ValidationFailed.at(path, "this system's resolv.conf names no resolver")
        for server in servers:
            _judge(server, self._policy, path, "this system's resolver")
        known = {server.text for server in self._servers}
        return [server for server in servers if server.text not in known]

    async def _delay(self) -> None:
        low, high = self._config.query_delay_min_ms, self._config.query_delay_max_ms
        if high > 0:
            await asyncio.sleep(random.uniform(low, high) / 1000)  # noqa: S311 - a pause, no secret.

    async def _confirm(self, first: Lookup, second: Lookup, order: Sequence[Member]) -> Lookup:
        """Ask the others for a name that one of them does not know; its word stands if no other has a better."""
        await self._search(second, [one for one in order if one.upstream.text != first.denied_by])
        first.tries = second.tries
        knows = second.findings and second.verdict(0).reason in {None, DnsReason.NODATA}
        return second if knows else first

    async def _search(self, lookup: Lookup, order: Sequence[Member]) -> None:
        for number in range(self._config.attempts):
            turn = number % max(len(order), 1)
            for member in [*order[turn:], *order[:turn]]:
                if families := lookup.open_at(member.upstream.text):
                    lookup.tries += 1
                    await self._try(member, lookup, families)
                    break
            else:
                return

    async def _try(self, member: Member, lookup: Lookup, families: list[Family]) -> None:
        """Ask one resolver for some families, as many at once as the persona does."""
        member.breaker.begin()
        width = self._config.concurrent_queries_per_domain
        answered = False
        for at in range(0, len(families), width):
            if lookup.denied_by is None:
                answered |= await self._ask(member.upstream, lookup, families[at : at + width])
        member.breaker.note(answered=answered)

    async def _ask(self, upstream: Upstream, lookup: Lookup, families: list[Family]) -> bool:
        """Record what comes within the time of one try; whether the resolver said anything."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        waiting: dict[Answer, Family] = {}
        try:
            for family in families:
                waiting[upstream.ask(lookup.questions[family])] = family
            answered = await self._collect(upstream, lookup, waiting, started)
            silence, left = DnsReason.TIMEOUT, [*waiting.values()]
        except OSError:
            # There is no way to the server, and that is known at once.
            silence, left, answered = DnsReason.ERROR, families, False
        finally:
            _forget(waiting)
        if lookup.denied_by is None:
            for family in left:
                finding = Finding(silence, upstream.text, answered=False)
                lookup.record(family, finding, loop.time() - started)
        return answered

    async def _collect(
        self, upstream: Upstream, lookup: Lookup, waiting: dict[Answer, Family], started: float
    ) -> bool:
        """Record answers as they come until none is waited for, the lookup is settled, or time is up."""
        loop = asyncio.get_running_loop()
        deadline = started + self._config.query_timeout_seconds
        answered = False
        while waiting and not lookup.is_settled:
            done, _ = await asyncio.wait(
                waiting, timeout=deadline - loop.time(), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            for answer in done:
                family = waiting.pop(answer)
                finding = await _read(upstream, lookup.questions[family], answer, deadline)
                lookup.record(family, finding, loop.time() - started)
                answered |= finding.answered
        return answered


async def _read(upstream: Upstream, asked: bytes, answer: Answer, deadline: float) -> Finding:
    """What a packet says; one that was cut is asked for again."""
    try:
        reply = parse(answer.result(), asked)
        if reply.truncated:
            async with asyncio.timeout_at(deadline):
                reply = parse(await upstream.ask_whole(asked), asked)
    except Malformed:
        return Finding(DnsReason.ERROR, upstream.text)
    except TimeoutError:
        return Finding(DnsReason.TIMEOUT, upstream.text, answered=False)
    except OSError:
        # Nothing listens there, or the connection broke: a failed try that is known at once.
        return Finding(DnsReason.ERROR, upstream.text, answered=False)
    return Finding(_reason(reply), upstream.text, reply.addresses, reply.cnames)


def _reason(reply: Reply) -> DnsReason | None:
    if reply.rcode != Rcode.NOERROR:
        return _REASONS.get(reply.rcode, DnsReason.ERROR)
    if reply.truncated:
        return DnsReason.ERROR
    return None if reply.addresses else DnsReason.NODATA


def _forget(answers: Iterable[Answer]) -> None:
    """End the waiting, and look at a failure that came meanwhile so that nobody reports it as lost."""
    for answer in answers:
        if not answer.cancel() and not answer.cancelled():
            answer.exception()


def _checked_servers(config: DnsPersonaConfig, policy: AddressPolicy | None) -> list[Server | Doh]:
    """Parse the resolvers and judge their addresses; the host of a DoH server may be a name, which is judged later."""
    if not config.resolvers and not config.use_system_resolvers:
        raise ValidationFailed.at(("resolvers",), "must name at least one resolver", "1..")
    servers = []
    for number, text in enumerate(config.resolvers):
        path = ("resolvers", str(number))
        try:
            server = parse_resolver(text)
        except ValueError as error:
            raise ValidationFailed.at(path, str(error)) from error
        _judge(server, policy, path)
        servers.append(server)
    return servers


def _judge(
    server: Server | Doh, policy: AddressPolicy | None, path: tuple[str, ...], called: str | None = None
) -> None:
    """Refuse what the policy refuses; `called` stands for the text of one that its user did not write."""
    if policy is None:
        return
    way = Way.WEB if isinstance(server, Doh) else Way.RESOLVER
    is_name = isinstance(server, Doh) and policy.refuses(server.host) == NOT_AN_ADDRESS
    try:
        policy.check(() if is_name else [server.host], server.port, way)
    except Refused as error:
        what = "has a port" if error.reason == PORT else f"is a {error.reason} address"
        raise ValidationFailed.at(path, f"{called or server.text} {what}, which is not allowed") from error
