"""Adds extra pages to the verdict on a front page, by the same persona, proxy, address policy and rate."""

import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp
import msgspec
import structlog
from yarl import URL

from probes.addresses import AddressPolicy
from probes.body import read_body
from probes.journey import Hop, Journey, Resolve, Trail
from probes.judge import Page, read_apart
from probes.keywords import Matcher
from probes.micro_crawl import Visits, crawl, merged
from probes.page_links import same_origin
from probes.rate import TokenBucket
from probes.robots import tokens_of
from probes.session import Session
from vocabulary.campaigns import MicroCrawl
from vocabulary.checks import HttpVerdict
from vocabulary.personas import HttpPersonaConfig

log = structlog.get_logger(__name__)

# RFC 9309, 2.3.1.2: at least five in a row are to be followed to a robots.txt.
_ROBOTS_REDIRECTS = 5
_CREDENTIALS = frozenset({"authorization", "cookie"})


class Site(NamedTuple):
    """Whose front page was fetched, by which route, what is looked for, and which cookies there are."""

    session: Session
    name: str
    addresses: Sequence[str]
    matcher: Matcher
    trail: Trail


class ExtraPages:
    """Fetches extra pages as one persona does; its `bucket` is asked for every request."""

    def __init__(
        self, config: HttpPersonaConfig, resolve: Resolve, policy: AddressPolicy, bucket: TokenBucket
    ) -> None:
        self._config = config
        self._resolve = resolve
        self._policy = policy
        self._bucket = bucket
        self._tokens = tokens_of(config.user_agent)

    async def added(
        self, verdict: HttpVerdict, links: Sequence[str], site: Site, limits: MicroCrawl
    ) -> HttpVerdict:
        """`verdict` with the hits of extra pages among `links`. Whatever fails here leaves it as it is."""
        try:
            pages = list(same_origin(links, URL(verdict.final_url or "")))
            extra = await crawl(pages, limits, self._visits(site), self._tokens)
        except Exception:
            log.exception("extra_pages_failed", name=site.name)
            return verdict
        if verdict.page is None or extra.pages == 0:
            return verdict
        hits, gained = merged(verdict.hits, extra.hits)
        page = msgspec.structs.replace(
            verdict.page, extra_pages=extra.pages, extra_bytes=extra.size, gained=gained
        )
        return msgspec.structs.replace(verdict, hits=hits, page=page)

    def _visits(self, site: Site) -> Visits:
        async def go(url: URL, is_following: bool) -> aiohttp.ClientResponse:  # noqa: FBT001 - as Visits has it.
            journey = Journey(
                self._config_for(url, site, is_following=is_following),
                site.session,
                self._resolve,
                self._policy,
                site.trail,
            )
            _, response = await journey.go(Hop(url, await self._addresses(url, site)))
            return response

        async def read(response: aiohttp.ClientResponse, most: int, url: URL) -> Page:
            body = await read_body(response, min(most, self._config.max_body_bytes))
            return await read_apart(body, response.headers, site.matcher, url)

        return Visits(self._bucket.take, go, read)

    def _config_for(self, url: URL, site: Site, *, is_following: bool) -> HttpPersonaConfig:
        """The persona; where the front page led to another host, without the credentials that are not that host's."""
        headers = self._config.headers
        if url.raw_host != site.name:
            headers = tuple(header for header in headers if header.name.lower() not in _CREDENTIALS)
        return msgspec.structs.replace(
            self._config, headers=headers, follow_redirects=is_following, max_redirects=_ROBOTS_REDIRECTS
        )

    async def _addresses(self, url: URL, site: Site) -> Sequence[str]:
        host = url.raw_host or ""
        if host == site.name:
            return site.addresses
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            return await self._resolve(host)
