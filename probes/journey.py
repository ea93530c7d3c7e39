"""One fetch by one route: the first request, each redirect judged anew, and the body of the last response.

Every hop is a URL and the addresses that its host has; the addresses pass the policy or the journey ends. A
redirect is followed by status 301, 302, 303, 307 and 308 with a Location, always as GET (nothing else was
sent). Credentials that a persona's headers carry stay with the host that they were meant for.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from core.content_codings import ACCEPTED
from probes.addresses import AddressPolicy, Refused, Way
from probes.cookies import Jar
from probes.failures import ProbeFailure
from probes.session import Session
from probes.visits import visit_of
from vocabulary.checks import HttpReason
from vocabulary.persona_tests import HttpVisit
from vocabulary.personas import HttpPersonaConfig

Resolve = Callable[[str], Awaitable[Sequence[str]]]

# What the connection itself decides; a persona's headers of these names are not sent.
FIXED_HEADERS = frozenset(
    {"host", "user-agent", "connection", "content-length", "transfer-encoding", "te", "upgrade"}
)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie"})


class Trail(NamedTuple):
    """What a journey takes along and leaves behind: its cookies, and what it visited, each if it is wanted."""

    jar: Jar | None = None
    visits: list[HttpVisit] | None = None


class Hop(NamedTuple):
    """Where a request goes: the URL as the world writes it, and the addresses of its host."""

    url: URL
    addresses: Sequence[str]


class Journey:
    """Follows one start to its last response."""

    def __init__(
        self,
        config: HttpPersonaConfig,
        session: Session,
        resolve: Resolve,
        policy: AddressPolicy,
        trail: Trail | None = None,
    ) -> None:
        self._config = config
        self._trail = trail or Trail()
        self._session = session
        self._resolve = resolve
        self._policy = policy
        # Whether any response was heard; from then on there is no falling back to http.
        self.has_response = False

    async def go(self, start: Hop) -> tuple[URL, aiohttp.ClientResponse]:
        """The last URL and its response, of which the body is still to be read and which is still to be closed.

        Raises:
            ProbeFailure: it ends before that.
        """
        hop, followed = start, 0
        while True:
            response = await self._visit(hop, start.url)
            self.has_response = True
            location = self._location(response)
            if location is None:
                return hop.url, response
            response.close()
            if followed == self._config.max_redirects:
                detail = f"more than {followed}"
                raise ProbeFailure(HttpReason.TOO_MANY_REDIRECTS, detail, status_code=response.status)
            hop = await self._next(hop.url, location)
            followed += 1

    async def _visit(self, hop: Hop, start: URL) -> aiohttp.ClientResponse:
        """The response of the first address that takes a connection."""
        headers = self._headers(hop.url, is_home=hop.url.raw_host == start.raw_host)
        failure: ProbeFailure | None = None
        for address in self._checked(hop):
            try:
                return await self._get(hop.url, address, headers)
            except ProbeFailure as error:
                if not error.is_connection_level or error.proxy_fault:
                    raise
                failure = failure or error
        raise failure or ProbeFailure(HttpReason.DNS_RESOLVE_ERROR, f"{hop.url.raw_host} has no address")

    async def _get(self, url: URL, address: str, headers: CIMultiDict[str]) -> aiohttp.ClientResponse:
        """Ask, take the cookies, and note the visit if that is wanted."""
        started = asyncio.get_running_loop().time()
        try:
            response = await self._session.get(url, address, headers)
        except ProbeFailure as error:
            if self._trail.visits is not None:
                self._trail.visits.append(visit_of(url, address, headers, started, error))
            raise
        if self._trail.jar is not None:
            self._trail.jar.take(response, url)
        if self._trail.visits is not None:
            self._trail.visits.append(
                visit_of(url, address, response.request_info.headers, started, response)
            )
        return response

    def _checked(self, hop: Hop) -> list[str]:
        try:
            return self._policy.check(hop.addresses, hop.url.port or 0, Way.WEB)
        except Refused as error:
            detail = error.told_of(hop.url.raw_host or "")
            raise ProbeFailure(HttpReason.BLOCKED_ADDRESS, detail) from error

    def _headers(self, url: URL, *, is_home: bool) -> CIMultiDict[str]:
        """Host, User-Agent, then the persona's own in their order, then ours; or as it orders them."""
        headers: CIMultiDict[str] = CIMultiDict()
        headers["Host"] = url.host_port_subcomponent or ""
        headers["User-Agent"] = self._config.user_agent
        for header in self._config.headers:
            name = header.name.lower()
            if name not in FIXED_HEADERS and (is_home or name not in _CREDENTIALS):
                headers.add(header.name, header.value)
        headers.setdefault("Accept", "text/html,application/xhtml+xml,*/*;q=0.5")
        headers.setdefault("Accept-Encoding", ACCEPTED)
        if self._trail.jar is not None and (cookie := self._trail.jar.header(url)) is not None:
            headers["Cookie"] = cookie
        return in_order(headers, self._config.header_order)

    def _location(self, response: aiohttp.ClientResponse) -> str | None:
        if not self._config.follow_redirects or response.status not in _REDIRECTS:
            return None
        return response.headers.get("Location")

    async def _next(self, current: URL, location: str) -> Hop:
        url = _target(current, location)
        # The port first: a host that is not asked for anything need not be looked up.
        self._checked(Hop(url, ()))
        return Hop(url, await self._addresses(url.raw_host or ""))

    async def _addresses(self, host: str) -> Sequence[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        try:
            return await self._resolve(host)
        except OSError as error:
            raise ProbeFailure(HttpReason.DNS_RESOLVE_ERROR, f"{host} does not resolve") from error


def in_order(headers: CIMultiDict[str], order: Sequence[str]) -> CIMultiDict[str]:
    """Host, as servers expect it (RFC 9110, 7.2), then those of `order`, then the others as they stand."""
    place = {name.lower(): number for number, name in enumerate(("Host", *order))}
    items = sorted(headers.items(), key=lambda item: place.get(item[0].lower(), len(place)))
    return CIMultiDict(items)


def _target(current: URL, location: str) -> URL:
    """Where a Location leads, without the user name, password and fragment that it may have."""
    try:
        url = current.join(URL(location)).with_fragment(None)
        scheme, host = url.scheme, url.raw_host
        clean = url.with_user(None) if host else url
    except ValueError as error:
        raise ProbeFailure(HttpReason.ERROR, "the Location of a redirect cannot be read") from error
    if scheme not in {"http", "https"} or not host:
        raise ProbeFailure(HttpReason.ERROR, f"redirect to {scheme[:20]!r}, which is not http or https")
    return clean
