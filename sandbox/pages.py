"""What the web hosts say when they answer at all: a pure function from a request to a response.

A page is rendered from the plants of its site, so that it holds the demo's keywords in exactly the zones that the
world says. Around them stands prose without any of the keywords, which differs from name to name. Faults of the
connection, of TLS and of time are no responses; they are in `web`.
"""

import html
from collections.abc import Iterable

import msgspec

from sandbox.behaviours import Web
from sandbox.bodies import WRITERS, Response
from sandbox.keywords import AD_HOC_KEYWORD, BRAND, PANEL, VOLTAIC
from sandbox.lead_pages import BODIES, LANDER, MODIFIED, bare, repeated
from sandbox.world import HUB, MARKETPLACE, NOWHERE, Site
from vocabulary.checks import Zone

_FILLER = "The lamp on the hill was lit at dusk and seen from the other side of the bay. "
_HIDDEN = (
    f'<script>var a = "{PANEL.pattern} 555-0199";</script><style>.b::after {{ content: "{VOLTAIC.pattern}" }}</style>'
    f'<!-- {AD_HOC_KEYWORD} sales@helio.example --><p data-note="{BRAND.pattern}" title="{VOLTAIC.pattern}">Shut.</p>'
)
_CASE_WRONG = "<p>The Sungrid is not the SUNGRID, nor is the sungrid.</p>"
# Keywords count on accepted pages only, so an error page that names some must not match.
_ERROR = "<p>No Solar Panel and no Photovoltaics on an error page.</p>"
_SPECIAL = {
    **BODIES,
    Web.HIDDEN: _HIDDEN,
    Web.CASE_WRONG: _CASE_WRONG,
    Web.FALSE_UTF8: "<p>Un café à côté, déjà fermé.</p>",
    Web.NULS: "<p>Zeros \0 and \0\0 more.</p>",
    Web.SOUP: "<P>One<P>two</div><LI>three</p></table><p class=x y='>four'>five",
}


class Ports(msgspec.Struct, frozen=True):
    """Where the web listens: redirects of the world name their ports."""

    http: int
    https: int


class Request(msgspec.Struct, frozen=True):
    """What a response depends on: the path without its query, and the client's address."""

    path: str = "/"
    peer: str = ""


class Pages:
    """All pages of the world."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def __repr__(self) -> str:
        return f"<Pages http {self._ports.http}, https {self._ports.https}>"

    def respond(self, site: Site, request: Request) -> Response:
        """The response of a site to a request for a path."""
        if site.web is Web.ADDRESS_ECHO or request.path == "/ip":
            return Response(msgspec.json.encode({"origin": request.peer}), content_type="application/json")
        location = self._location(site, request.path)
        if location is not None:
            return Response(b"Moved.", status=302, content_type="text/plain", location=location)
        if request.path not in {"/", "/welcome"}:
            return _not_found(site)
        return self._page(site)

    def _location(self, site: Site, path: str) -> str | None:
        """Where a request for `path` is sent on to, relative or absolute, or None if it is answered here."""
        if site.web is Web.REDIRECT_LOOP:
            return "/" if path == "/round" else "/round"
        redirects = {
            (Web.REDIRECT_PATH, "/"): "/lobby",
            (Web.REDIRECT_PATH, "/lobby"): "welcome?from=lobby",
            (Web.REDIRECT_PLAIN, "/"): f"http://{site.name}:{self._ports.http}/welcome",
            (Web.REDIRECT_LOST, "/"): f"https://{NOWHERE}:{self._ports.https}/",
        }
        if site.name != MARKETPLACE:
            redirects[(Web.MARKET, "/")] = (
                f"https://{MARKETPLACE}:{self._ports.https}/welcome?name={site.name}"
            )
        if site.name != HUB:
            redirects[(Web.REDIRECT_HOST, "/")] = f"https://{HUB}:{self._ports.https}/welcome"
        return redirects.get((site.web, path)) if site.web is not None else None

    def _page(self, site: Site) -> Response:
        text = _document(site)
        write = WRITERS.get(site.web) if site.web is not None else None
        return (
            write(text, site.plants)
            if write is not None
            else Response(text.encode(), status=_status(site.web), age=MODIFIED.get(site.web or Web.PLAIN))
        )


def not_here() -> Response:
    """The response to a host name that the server does not know (RFC 9110 section 15.5.20)."""
    return Response(b"There is no such host here.\n", status=421, content_type="text/plain")


def _not_found(site: Site) -> Response:
    return Response(
        f"There is no such page at {site.name}.\n".encode(), status=404, content_type="text/plain"
    )


def _status(web: Web | None) -> int:
    return int(web.removeprefix("STATUS_")) if web is not None and web.startswith("STATUS_") else 200


def _document(site: Site) -> str:
    """The page as text. A meta charset is written where the header will have none."""
    if site.web is Web.LANDER:
        return LANDER
    if site.web is Web.BARE:
        return bare(html.escape(site.title), _paragraphs(site))
    charset = '<meta charset="windows-1251">' if site.web is Web.WINDOWS_1251 else ""
    description = " ".join(["A page of the sandbox.", *_texts(site, Zone.META)])
    head = (
        f'{charset}<title>{html.escape(site.title)}</title><meta name="description" content="{description}">'
    )
    return f"<!doctype html>\n<html><head>{head}</head>\n<body>\n{_body(site)}\n</body></html>\n"


def _body(site: Site) -> str:
    heading = " ".join([f"Signals from {site.name}", *_texts(site, Zone.HEADING)])
    anchor = " ".join(["More of this", *_texts(site, Zone.ANCHOR)])
    paragraphs = repeated(site.web, _paragraphs(site))
    special = _ERROR if _status(site.web) != 200 else _SPECIAL.get(site.web or Web.PLAIN, "")
    link = f'<p><a href="/welcome">{anchor}</a></p>'
    return f"<h1>{heading}</h1>\n<p>{_FILLER}</p>\n{special}{paragraphs}{link}"


def _paragraphs(site: Site) -> str:
    return "".join(f"<p>We tell of {text} here.</p>\n" for text in _texts(site, Zone.BODY))


def _texts(site: Site, zone: Zone) -> Iterable[str]:
    return (plant.text for plant in site.plants if plant.zone is zone)
