"""The finer settings of HTTP personas, each shown to matter over real sockets."""

import ssl
from collections.abc import Sequence

import pytest
from yarl import URL

from probes.cookies import MAX_COOKIE_BYTES, MAX_COOKIES, MAX_DOMAINS, Shelf
from probes.fetch import Fetcher, Ports, both_schemes
from probes.keywords import Matcher
from tests.unit.probes.loopback import (
    LOCAL,
    Authority,
    Request,
    WebServer,
    closed_port,
    page,
    redirect,
    web_server,
)
from vocabulary.checks import CheckStatus, HttpReason
from vocabulary.persona_tests import HttpVisit
from vocabulary.personas import CookieMode, Header, HttpPersonaConfig, TlsVersion

HOME = ("127.0.0.1",)
NOTHING = Matcher([])


def persona(**more: object) -> HttpPersonaConfig:
    values = {"user_agent": "Heliograph test", "rate_per_second": 1e6, "burst": 100} | more
    return HttpPersonaConfig(**values)  # type: ignore[arg-type]


async def here(_: str) -> Sequence[str]:
    return HOME


def cookie_of(request: Request) -> str | None:
    return next((value for name, value in request.headers if name == "Cookie"), None)


def names_of(request: Request) -> list[str]:
    return [name for name, _ in request.headers]


def setting(request: Request) -> bytes:
    """Sets two cookies on the front page and sends the visitor on."""
    if request.line.startswith("GET / "):
        head = redirect("/in").removesuffix(b"\r\n\r\n")
        return head + b'\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b="x y"; Secure\r\n\r\n'
    return page("in")


def taking(*cookies: str) -> bytes:
    lines = "".join(f"\r\nSet-Cookie: {cookie}" for cookie in cookies).encode()
    return page(b"").removesuffix(b"\r\n\r\n") + lines + b"\r\n\r\n"


@pytest.mark.effect("http_persona.cookies")
@pytest.mark.parametrize(
    ("mode", "seen"),
    [
        (CookieMode.NONE, [None, None, None, None]),
        (CookieMode.SESSION, [None, "a=1", None, "a=1"]),
        (CookieMode.PRESERVE, [None, "a=1", "a=1", "a=1"]),
    ],
)
async def test_cookies_go_as_far_as_the_mode_says(mode: CookieMode, seen: list[str | None]) -> None:
    async with web_server(setting) as http, Fetcher(persona(cookies=mode), here, LOCAL) as fetcher:
        for _ in range(2):
            await fetcher.fetch("a.test", HOME, Ports(http.port, closed_port()), NOTHING)
    assert [cookie_of(request) for request in http.requests] == seen


async def test_preserved_cookies_are_of_one_domain_and_one_shelf() -> None:
    shelf = Shelf(CookieMode.PRESERVE)
    async with web_server(setting) as http:
        ports = Ports(http.port, closed_port())
        for name in ("a.test", "b.test", "a.test"):
            async with Fetcher(persona(cookies=CookieMode.PRESERVE), here, LOCAL, shelf=shelf) as fetcher:
                await fetcher.fetch(name, HOME, ports, NOTHING)
    firsts = [cookie_of(request) for request in http.requests if request.line.startswith("GET / ")]
    assert firsts == [None, None, "a=1"]


async def test_a_cookie_stays_with_the_host_that_it_is_for() -> None:
    async with web_server(lambda _: page("other")) as other:

        def leaving(_: Request) -> bytes:
            head = redirect(f"http://other.test:{other.port}/").removesuffix(b"\r\n\r\n")
            return head + b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=1; Domain=test\r\n\r\n"

        async with (
            web_server(leaving) as http,
            Fetcher(persona(cookies=CookieMode.SESSION), here, LOCAL) as fetcher,
        ):
            await fetcher.fetch("a.test", HOME, Ports(http.port, closed_port()), NOTHING)
    assert [cookie_of(request) for request in other.requests] == [None]


async def test_a_jar_holds_so_many_cookies_and_none_that_is_too_long() -> None:
    many = [f"c{number}=1" for number in range(MAX_COOKIES + 20)]

    def generous(_: Request) -> bytes:
        return taking(f"long={'x' * MAX_COOKIE_BYTES}", *many)

    async with (
        web_server(generous) as http,
        Fetcher(persona(cookies=CookieMode.PRESERVE), here, LOCAL) as fetcher,
    ):
        for _ in range(2):
            await fetcher.fetch("a.test", HOME, Ports(http.port, closed_port()), NOTHING)
    sent = cookie_of(http.requests[1]) or ""
    assert len(sent.split("; ")) == MAX_COOKIES
    assert "long" not in sent


async def test_a_shelf_forgets_the_domain_that_waited_longest() -> None:
    shelf = Shelf(CookieMode.PRESERVE)
    first = shelf.jar("a0.test")
    for number in range(MAX_DOMAINS):
        shelf.jar(f"a{number}.test")
    assert shelf.jar("a0.test") is first
    shelf.jar("one-more.test")
    assert repr(shelf) == f"<Shelf PRESERVE, {MAX_DOMAINS} jars>"
    assert shelf.jar("a0.test") is first


@pytest.mark.effect("http_persona.header_order")
async def test_headers_are_sent_in_the_order_that_is_given_and_host_first() -> None:
    usual = ["Host", "User-Agent", "X-One", "X-Two", "Accept", "Accept-Encoding", "Connection"]
    order = ("accept", "X-two", "USER-AGENT")
    async with web_server(lambda _: page("hi")) as http:
        for wanted in ((), order):
            config = persona(headers=(Header("X-One", "1"), Header("X-Two", "2")), header_order=wanted)
            async with Fetcher(config, here, LOCAL) as fetcher:
                await fetcher.fetch("a.test", HOME, Ports(http.port, closed_port()), NOTHING)
    assert names_of(http.requests[0]) == usual
    assert names_of(http.requests[1]) == [
        "Host", "Accept", "X-Two", "User-Agent", "X-One", "Accept-Encoding", "Connection"
    ]  # fmt: skip


def limited(authority: Authority, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = authority.context("a.test")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.effect("http_persona.tls_min_version", "http_persona.tls_max_version")
@pytest.mark.parametrize(
    ("low", "high", "spoken", "status"),
    [
        (TlsVersion.TLS12, TlsVersion.TLS13, ssl.TLSVersion.TLSv1_2, CheckStatus.OK),
        (TlsVersion.TLS12, TlsVersion.TLS13, ssl.TLSVersion.TLSv1_3, CheckStatus.OK),
        (TlsVersion.TLS13, TlsVersion.TLS13, ssl.TLSVersion.TLSv1_2, CheckStatus.ERROR),
        (TlsVersion.TLS12, TlsVersion.TLS12, ssl.TLSVersion.TLSv1_3, CheckStatus.ERROR),
    ],
)
@pytest.mark.parametrize("verify", [True, False])
async def test_a_version_outside_the_range_is_not_spoken(
    authority: Authority,
    low: TlsVersion,
    high: TlsVersion,
    spoken: ssl.TLSVersion,
    status: CheckStatus,
    verify: bool,
) -> None:
    config = persona(tls_min_version=low, tls_max_version=high, verify_tls=verify)
    async with (
        web_server(lambda _: page("hi"), limited(authority, spoken)) as https,
        Fetcher(config, here, LOCAL, authority.file) as fetcher,
    ):
        verdict = await fetcher.fetch("a.test", HOME, Ports(closed_port(), https.port), NOTHING)
    assert verdict.status is status
    # The server's alert and the end of its connection race each other.
    spoke = {None} if status is CheckStatus.OK else {HttpReason.TLS_ERROR, HttpReason.CONNECTION_RESET}
    assert verdict.reason in spoke
    assert len(https.requests) == (1 if status is CheckStatus.OK else 0)


async def test_a_visit_tells_of_every_request(authority: Authority) -> None:
    async with web_server(lambda _: page("<title>In</title>"), authority.context("b.test")) as https:
        there = f"https://b.test:{https.port}/in"
        async with web_server(lambda _: redirect(there)) as http:
            visits = await visited(authority, "a.test", http)
    refused, first, second = visits
    assert (refused.url, refused.status_code) == (f"https://a.test:{PORT_OF_NOBODY}/", None)
    assert (refused.problem or "").startswith("CONNECTION_REFUSED")
    assert (first.status_code, first.location, first.tls_version) == (302, there, None)
    assert (second.url, second.status_code, second.tls_version) == (there, 200, "TLSv1.3")
    assert [header.name for header in second.headers] == [
        "Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"
    ]  # fmt: skip
    assert {visit.address for visit in visits} == {"127.0.0.1"}


PORT_OF_NOBODY = closed_port()


async def visited(authority: Authority, name: str, http: WebServer) -> list[HttpVisit]:
    visits: list[HttpVisit] = []
    async with Fetcher(persona(), here, LOCAL, authority.file) as fetcher:
        starts = both_schemes(name, Ports(http.port, PORT_OF_NOBODY))
        verdict = await fetcher.visit(starts, HOME, NOTHING, visits)
    assert (verdict.status, verdict.title) == (CheckStatus.OK, "In")
    return visits


async def test_a_visit_goes_to_the_path_of_its_url() -> None:
    async with web_server(lambda _: page("hi")) as http, Fetcher(persona(), here, LOCAL) as fetcher:
        url = URL(f"http://a.test:{http.port}/deep?x=1")
        await fetcher.visit([url], HOME, NOTHING, [])
    assert http.requests[0].line == "GET /deep?x=1 HTTP/1.1"
