"""The cookies of one persona, as far as it takes any, in memory and within bounds.

Cookies follow RFC 6265 (aiohttp's jar): they go back to the host, path and scheme that they were set for, and a
host that is an address has none. There is no list of public suffixes here, so a Domain of a single label is refused
and that of a longer suffix is not; no jar serves more than one domain's fetches, which is as far as such a cookie
gets. A jar that is full takes no more, and the shelf forgets the domain that was fetched longest ago.
"""

from collections import OrderedDict
from collections.abc import Sequence

import aiohttp
from aiohttp import CookieJar
from yarl import URL

from vocabulary.personas import CookieMode

MAX_COOKIES = 50
MAX_COOKIE_BYTES = 4096
MAX_DOMAINS = 500


class Jar:
    """The cookies of one domain's fetch. Made inside a running loop."""

    def __init__(self) -> None:
        self._jar = CookieJar(quote_cookie=False)

    def __repr__(self) -> str:
        return f"<Jar of {len(self._jar)}>"

    def take(self, response: aiohttp.ClientResponse, url: URL) -> None:
        """Keep what the response to a request for `url` sets, as far as there is room."""
        wanted = [text for text in response.headers.getall("Set-Cookie", ()) if _is_taken(text)]
        self._jar.update_cookies_from_headers(wanted[: MAX_COOKIES - len(self._jar)], url)

    def header(self, url: URL) -> str | None:
        """The Cookie header of a request for `url`; None if no cookie belongs there."""
        pairs = self._jar.filter_cookies(url).items()
        return "; ".join(f"{name}={morsel.coded_value}" for name, morsel in pairs) or None


class Shelf:
    """The jars that outlive a fetch, by domain, if the persona has cookies that do."""

    def __init__(self, mode: CookieMode) -> None:
        self._mode = mode
        self._jars: OrderedDict[str, Jar] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Shelf {self._mode}, {len(self._jars)} jars>"

    def jar(self, domain: str) -> Jar | None:
        """The jar for a fetch of `domain`; None if the persona takes no cookies."""
        match self._mode:
            case CookieMode.NONE:
                return None
            case CookieMode.SESSION:
                return Jar()
            case CookieMode.PRESERVE:
                return self._kept(domain)

    def _kept(self, domain: str) -> Jar:
        jar = self._jars.pop(domain, None) or Jar()
        self._jars[domain] = jar
        if len(self._jars) > MAX_DOMAINS:
            self._jars.popitem(last=False)
        return jar


def _is_taken(text: str) -> bool:
    if len(text) > MAX_COOKIE_BYTES:
        return False
    return all("." in value.strip(". ") for value in _domains(text.split(";")[1:]))


def _domains(attributes: Sequence[str]) -> list[str]:
    pairs = [attribute.partition("=") for attribute in attributes]
    return [value for name, _, value in pairs if name.strip().lower() == "domain" and value.strip()]
