"""The fetcher of one HTTP persona: GET https first, http if nothing of HTTP was heard, one verdict in the end.

The rule. https://NAME[:port]/ is asked; if no connection or no TLS comes about, http://NAME[:port]/ is.
Silence does not fall back, for the time is spent. Any HTTP status, of either, is final, and so is what a
redirect leads to. If http has no connection either, the first failure is the verdict: it is the one about
the scheme that was meant. A fault of the proxy does not fall back, because it says nothing about the
target.

`request_timeout_seconds` bounds all of it. Failures are values here: `fetch` raises nothing but
cancellation.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
import msgspec
import structlog
from yarl import URL

from probes.addresses import AddressPolicy
from probes.body import read_body
from probes.cookies import Shelf
from probes.dialer import Contexts, Dialer, make_contexts
from probes.extra_pages import ExtraPages, Site
from probes.failures import ProbeFailure
from probes.journey import Hop, Journey, Resolve, Trail
from probes.judge import read_apart, refusal
from probes.keywords import Matcher
from probes.micro_crawl import ROBOTS_BYTES
from probes.rate import TokenBucket
from probes.session import Session
from vocabulary.campaigns import MicroCrawl
from vocabulary.checks import CheckStatus, HttpReason, HttpVerdict
from vocabulary.persona_tests import HttpVisit
from vocabulary.personas import HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint

log = structlog.get_logger(__name__)


class Ports(NamedTuple):
    """The ports of the two schemes."""

    http: int = 80
    https: int = 443


class _Front(NamedTuple):
    """The verdict on a front page, and its links to its own host."""

    verdict: HttpVerdict
    links: tuple[str, ...] = ()


class Errand(NamedTuple):
    """What one fetch is about: URLs of one host to be tried in turn, and what goes along."""

    starts: Sequence[URL]
    addresses: Sequence[str]
    matcher: Matcher
    trail: Trail


class Fetcher:
    """Fetches as one persona does, for a whole batch. Use as an async context manager; fetches may run side by side.

    `resolve` is asked for the hosts of redirects; no address, or an OSError, means that a host does not resolve.
    `shelf` has the cookies of the persona, if they are to outlive this fetcher.
    """

    def __init__(
        self,
        config: HttpPersonaConfig,
        resolve: Resolve,
        policy: AddressPolicy,
        ca_file: Path | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._config = config
        self._resolve = resolve
        self._policy = policy
        self._ca_file = ca_file
        self._slots = asyncio.Semaphore(config.concurrency)
        self._bucket = TokenBucket(config.rate_per_second, config.burst)
        self._shelf = shelf or Shelf(config.cookies)
        self._contexts: Contexts | None = None
        self._sessions: dict[ProxyEndpoint | None, Session] = {}
        self._closing = AsyncExitStack()
        self._extra = ExtraPages(config, resolve, policy, self._bucket)

    def __repr__(self) -> str:
        return f"<Fetcher {self._config.user_agent!r}, {len(self._sessions)} routes>"

    async def __aenter__(self) -> Self:
        """Read the certificate authorities.

        Raises:
            OSError, ssl.SSLError: the CA file cannot be read.
        """
        config = self._config
        self._contexts = await asyncio.to_thread(
            make_contexts,
            verify=config.verify_tls,
            ca_file=self._ca_file,
            versions=(config.tls_min_version, config.tls_max_version),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._contexts = None
        await self._closing.aclose()

    async def fetch(
        self,
        name: str,
        addresses: Sequence[str],
        ports: Ports,
        matcher: Matcher,
        proxy: ProxyEndpoint | None = None,
        micro_crawl: MicroCrawl | None = None,
    ) -> HttpVerdict:
        """Fetch the front page of `name` (ASCII), whose `addresses` were looked up already; through `proxy` if given.

        `millis` is without the time that the fetch waited for its turn. If `micro_crawl` is given, an accepted page is
        followed by more of its site, by the same route; their hits are added and nothing else of the verdict changes.
        """
        try:
            starts = both_schemes(name, ports)
        except ValueError:
            return _failed(ProbeFailure(HttpReason.ERROR, "the name makes no URL"))
        trail = Trail(self._shelf.jar(name))
        return await self._run(Errand(starts, addresses, matcher, trail), proxy, micro_crawl)

    async def visit(
        self, starts: Sequence[URL], addresses: Sequence[str], matcher: Matcher, visits: list[HttpVisit]
    ) -> HttpVerdict:
        """Fetch the first of `starts`, all of one host, that there is a connection for; `visits` gets each request."""
        trail = Trail(self._shelf.jar(starts[0].raw_host or ""), visits)
        return await self._run(Errand(starts, addresses, matcher, trail), None)

    async def _run(
        self, errand: Errand, proxy: ProxyEndpoint | None, micro_crawl: MicroCrawl | None = None
    ) -> HttpVerdict:
        session = self._session(proxy)
        async with self._slots:
            await self._bucket.take()
            started = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(self._config.request_timeout_seconds):
                    front = await self._first_of(session, errand)
            except TimeoutError:
                front = _Front(_failed(ProbeFailure(HttpReason.TIMEOUT, "no answer in time")))
            except Exception as error:
                log.exception("fetch_failed", name=errand.starts[0].raw_host)
                front = _Front(_failed(ProbeFailure(HttpReason.ERROR, type(error).__name__)))
            millis = round((asyncio.get_running_loop().time() - started) * 1000)
            verdict = msgspec.structs.replace(front.verdict, millis=millis)
            if micro_crawl is None or not front.links:
                return verdict
            name = errand.starts[0].raw_host or ""
            site = Site(session, name, errand.addresses, errand.matcher, errand.trail)
            return await self._extra.added(verdict, front.links, site, micro_crawl)

    def _session(self, proxy: ProxyEndpoint | None) -> Session:
        if self._contexts is None:
            raise RuntimeError("A Fetcher is used inside `async with`.")
        session = self._sessions.get(proxy)
        if session is None:
            limit = self._config.request_timeout_seconds / 2
            dialer = Dialer(self._contexts, self._policy, proxy, proxy_timeout=limit)
            session = Session(dialer, max(self._config.max_body_bytes, ROBOTS_BYTES))
            self._sessions[proxy] = session
            self._closing.push_async_callback(session.close)
        return session

    async def _first_of(self, session: Session, errand: Errand) -> _Front:
        first: ProbeFailure | None = None
        for start in errand.starts:
            journey = Journey(self._config, session, self._resolve, self._policy, errand.trail)
            try:
                return await self._judge(*await journey.go(Hop(start, errand.addresses)), errand.matcher)
            except ProbeFailure as failure:
                is_final = journey.has_response or not failure.is_connection_level or failure.proxy_fault
                if is_final:
                    return _Front(_failed(failure))
                first = first or failure
        assert first is not None  # noqa: S101 - the loop ends only after a failure was kept.
        return _Front(_failed(first))

    async def _judge(self, url: URL, response: aiohttp.ClientResponse, matcher: Matcher) -> _Front:
        final_url = str(url)
        try:
            reason = refusal(response.status, self._config.allowed_status_codes)
            if reason is not None:
                return _Front(
                    HttpVerdict(CheckStatus.ERROR, reason, status_code=response.status, final_url=final_url)
                )
            body = await read_body(response, self._config.max_body_bytes)
        except ProbeFailure as failure:
            failed = _failed(failure)
            return _Front(msgspec.structs.replace(failed, status_code=response.status, final_url=final_url))
        finally:
            response.close()
        page = await read_apart(body, response.headers, matcher, url)
        verdict = HttpVerdict(
            CheckStatus.OK,
            status_code=response.status,
            final_url=final_url,
            title=page.snapshot.title,
            charset=page.charset,
            content_hash=page.content_hash,
            bytes_read=len(body.data),
            truncated=body.truncated,
            hits=page.hits,
            page=page.snapshot,
        )
        return _Front(verdict, page.inner)


def both_schemes(name: str, ports: Ports) -> list[URL]:
    """The front page of a host, by https and by http.

    Raises:
        ValueError: the name makes no URL.
    """
    pairs = (("https", ports.https), ("http", ports.http))
    return [URL.build(scheme=scheme, host=name, port=port, path="/") for scheme, port in pairs]


def _failed(failure: ProbeFailure) -> HttpVerdict:
    status = CheckStatus.TIMEOUT if failure.reason is HttpReason.TIMEOUT else CheckStatus.ERROR
    return HttpVerdict(
        status,
        failure.reason,
        status_code=failure.status_code,
        detail=failure.detail,
        proxy_fault=failure.proxy_fault,
    )
