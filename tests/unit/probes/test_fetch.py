"""Fetches: the rule of the two schemes, redirects, addresses, status codes and bodies, from real servers."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest
import structlog

from probes.addresses import AddressPolicy
from probes.fetch import Fetcher, Ports
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
from vocabulary.checks import CheckStatus, HttpReason, HttpVerdict, KeywordHit, Zone
from vocabulary.keywords import KeywordRule
from vocabulary.pages import PageSnapshot
from vocabulary.personas import Header, HttpPersonaConfig

HOME = ("127.0.0.1",)
NOTHING = Matcher([])
Fetch = Callable[..., Awaitable[HttpVerdict]]


def persona(**more: object) -> HttpPersonaConfig:
    values = {"user_agent": "Heliograph test", "rate_per_second": 1e6, "burst": 100} | more
    return HttpPersonaConfig(**values)  # type: ignore[arg-type]


async def nowhere(_: str) -> Sequence[str]:
    return ()


async def here(_: str) -> Sequence[str]:
    return HOME


@pytest.fixture
def fetch(authority: Authority) -> Fetch:
    """Fetch a.test once; `http` and `https` are servers, ports, or None for a port that is closed."""

    async def once(
        http: WebServer | int | None = None,
        https: WebServer | int | None = None,
        addresses: Sequence[str] = HOME,
        matcher: Matcher = NOTHING,
        policy: AddressPolicy = LOCAL,
        resolve: Callable[[str], Awaitable[Sequence[str]]] = here,
        **more: object,
    ) -> HttpVerdict:
        async with Fetcher(persona(**more), resolve, policy, authority.file) as fetcher:
            return await fetcher.fetch("a.test", addresses, Ports(port(http), port(https)), matcher)

    return once


def port(server: WebServer | int | None) -> int:
    if server is None:
        return closed_port()
    return server if isinstance(server, int) else server.port


def ok(_: Request) -> bytes:
    return page("<title>Hi</title>hello")


def only(verdict: HttpVerdict) -> tuple[CheckStatus, HttpReason | None, int | None]:
    return verdict.status, verdict.reason, verdict.status_code


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.context("a.test", "b.test")


async def test_https_is_asked_first_under_the_name(fetch: Fetch, tls: ssl.SSLContext) -> None:
    async with web_server(ok, tls) as https, web_server(ok) as http:
        verdict = await fetch(http, https)
    assert only(verdict) == (CheckStatus.OK, None, 200)
    assert verdict.final_url == f"https://a.test:{https.port}/"
    assert (verdict.title, verdict.charset, verdict.bytes_read) == ("Hi", "utf-8", 22)
    assert verdict.page == PageSnapshot(22, f"https://a.test:{https.port}/", "hello", title="Hi")
    assert https.requests[0].line == "GET / HTTP/1.1"
    assert https.requests[0]["Host"] == f"a.test:{https.port}"
    assert http.connections == 0


async def test_without_a_connection_http_is_asked(fetch: Fetch) -> None:
    async with web_server(ok) as http:
        verdict = await fetch(http, None)
    assert (only(verdict), verdict.final_url) == ((CheckStatus.OK, None, 200), f"http://a.test:{http.port}/")


async def test_without_tls_http_is_asked(fetch: Fetch) -> None:
    async with web_server(ok) as http, web_server(ok) as plain:
        verdict = await fetch(http, plain)
    assert (verdict.status, verdict.final_url) == (CheckStatus.OK, f"http://a.test:{http.port}/")


@pytest.mark.effect("http_persona.verify_tls")
@pytest.mark.parametrize(
    ("names", "days", "reason"),
    [
        (("a.test",), -1, HttpReason.TLS_EXPIRED),
        (("other.test",), 10, HttpReason.TLS_ERROR),
    ],
)
async def test_a_certificate_that_is_not_right_is_the_verdict_if_http_fails_too(
    fetch: Fetch, authority: Authority, names: tuple[str, ...], days: int, reason: HttpReason
) -> None:
    async with web_server(ok, authority.context(*names, days=days)) as https:
        assert only(await fetch(None, https)) == (CheckStatus.ERROR, reason, None)
        verdict = await fetch(None, https, verify_tls=False)
    assert only(verdict) == (CheckStatus.OK, None, 200)


async def test_an_unknown_authority_is_refused(tls: ssl.SSLContext) -> None:
    async with web_server(ok, tls) as https, Fetcher(persona(), here, LOCAL) as fetcher:
        verdict = await fetcher.fetch("a.test", HOME, Ports(closed_port(), https.port), NOTHING)
    assert verdict.reason is HttpReason.TLS_ERROR


async def test_if_both_fail_the_first_reason_is_the_verdict(fetch: Fetch) -> None:
    async with web_server(lambda _: None) as hangs_up:
        assert (await fetch(hangs_up, None)).reason is HttpReason.CONNECTION_REFUSED
        assert (await fetch(None, hangs_up)).reason is HttpReason.TLS_ERROR


async def test_a_server_that_hangs_up_is_a_reset_and_is_asked_once(fetch: Fetch, tls: ssl.SSLContext) -> None:
    async with web_server(lambda _: None, tls) as https:
        verdict = await fetch(None, https)
    assert verdict.reason is HttpReason.CONNECTION_RESET
    assert https.connections == 1


async def test_any_status_is_final(fetch: Fetch, tls: ssl.SSLContext) -> None:
    async with web_server(lambda _: page(status=500), tls) as https, web_server(ok) as http:
        verdict = await fetch(http, https)
    assert only(verdict) == (CheckStatus.ERROR, HttpReason.UPSTREAM_5XX, 500)
    assert http.connections == 0


async def never(_: Request) -> None:
    await asyncio.Event().wait()


async def test_silence_is_a_timeout_and_does_not_fall_back(fetch: Fetch, tls: ssl.SSLContext) -> None:
    async with web_server(never, tls) as https, web_server(ok) as http:
        verdict = await fetch(http, https, request_timeout_seconds=0.1)
        await https.idle.wait()
    assert only(verdict) == (CheckStatus.TIMEOUT, HttpReason.TIMEOUT, None)
    assert verdict.millis >= 100
    assert http.connections == 0


@pytest.mark.effect("http_persona.request_timeout_seconds")
async def test_the_time_limit_bounds_all_redirects_together(fetch: Fetch) -> None:
    async def slow(_: Request) -> bytes:
        await asyncio.sleep(0.05)
        return redirect("/next")

    async with web_server(slow) as http:
        quick = await fetch(http, request_timeout_seconds=0.12, max_redirects=50)
        patient = await fetch(http, request_timeout_seconds=5, max_redirects=3)
    assert (quick.reason, patient.reason) == (HttpReason.TIMEOUT, HttpReason.TOO_MANY_REDIRECTS)


async def test_a_body_that_never_ends_is_a_timeout(fetch: Fetch) -> None:
    endless = page(b"some", content_length="1000")

    class Endless(WebServer):
        async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(endless)
            await reader.read(1)

    server = Endless(ok)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        verdict = await fetch(listener.sockets[0].getsockname()[1], request_timeout_seconds=0.1)
    assert only(verdict) == (CheckStatus.TIMEOUT, HttpReason.TIMEOUT, None)


@pytest.mark.effect("http_persona.follow_redirects")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(fetch: Fetch, status: int) -> None:
    def site(request: Request) -> bytes:
        return ok(request) if "/end" in request.line else redirect("/end?q=%C3%A4#top", status)

    async with web_server(site) as http:
        verdict = await fetch(http)
        kept = await fetch(http, follow_redirects=False)
        allowed = await fetch(http, follow_redirects=False, allowed_status_codes=(status,))
    assert verdict.final_url == f"http://a.test:{http.port}/end?q=%C3%A4"
    assert only(kept) == (CheckStatus.ERROR, HttpReason.STATUS_CODE_MISMATCH, status)
    assert only(allowed) == (CheckStatus.OK, None, status)


async def test_a_redirect_without_a_location_is_judged_by_its_status(fetch: Fetch) -> None:
    async with web_server(lambda _: page(status=302)) as http:
        assert only(await fetch(http)) == (CheckStatus.ERROR, HttpReason.STATUS_CODE_MISMATCH, 302)


@pytest.mark.effect("http_persona.max_redirects")
async def test_max_redirects_is_how_many_are_followed(fetch: Fetch) -> None:
    def countdown(request: Request) -> bytes:
        left = int(request.line.split()[1].removeprefix("/") or 3)
        return redirect(f"/{left - 1}") if left > 1 else ok(request)

    async with web_server(countdown) as http:
        assert (await fetch(http, max_redirects=2)).status is CheckStatus.OK
        verdict = await fetch(http, max_redirects=1)
        assert only(verdict) == (CheckStatus.ERROR, HttpReason.TOO_MANY_REDIRECTS, 302)
        assert (await fetch(http, max_redirects=0)).reason is HttpReason.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("ftp://b.test/", HttpReason.ERROR),
        ("file:///etc/passwd", HttpReason.ERROR),
        ("javascript:alert(1)", HttpReason.ERROR),
        ("http://[oops/", HttpReason.ERROR),
        ("http://b.test/", HttpReason.DNS_RESOLVE_ERROR),
        ("http://2130706433/", HttpReason.DNS_RESOLVE_ERROR),
        ("http://169.254.169.254/latest/", HttpReason.BLOCKED_ADDRESS),
        ("http://[::ffff:10.0.0.1]/", HttpReason.BLOCKED_ADDRESS),
        ("http://127.0.0.1:25/", HttpReason.BLOCKED_ADDRESS),
    ],
)
async def test_a_redirect_that_must_not_be_followed_ends_the_fetch(
    fetch: Fetch, location: str, reason: HttpReason
) -> None:
    async with web_server(lambda _: redirect(location)) as http:
        verdict = await fetch(http, resolve=nowhere)
    assert only(verdict) == (CheckStatus.ERROR, reason, None)


async def test_the_host_of_a_redirect_is_resolved_and_checked(fetch: Fetch, tls: ssl.SSLContext) -> None:
    asked: list[str] = []

    async def resolve(name: str) -> Sequence[str]:
        asked.append(name)
        return ("10.0.0.1",) if name == "inside.test" else HOME

    async with web_server(ok, tls) as https, web_server(lambda _: redirect(target)) as http:
        target = f"https://user:secret@b.test:{https.port}/"
        verdict = await fetch(http, resolve=resolve)
        assert (verdict.status, verdict.final_url) == (CheckStatus.OK, f"https://b.test:{https.port}/")
        target = "http://inside.test/"
        verdict = await fetch(http, resolve=resolve)
    assert (verdict.reason, verdict.detail) == (HttpReason.BLOCKED_ADDRESS, "inside.test: private")
    assert asked == ["b.test", "inside.test"]


async def test_a_failing_resolver_of_redirects_is_a_resolve_error(fetch: Fetch) -> None:
    async def broken(_: str) -> Sequence[str]:
        raise OSError

    async with web_server(lambda _: redirect("http://b.test/")) as http:
        assert (await fetch(http, resolve=broken)).reason is HttpReason.DNS_RESOLVE_ERROR


async def test_a_refused_address_is_never_connected_to(fetch: Fetch) -> None:
    async with web_server(ok) as http:
        blocked = await fetch(http, policy=AddressPolicy())
        nothing = await fetch(http, addresses=())
        mixed = await fetch(http, addresses=("10.0.0.1", *HOME))
    assert (blocked.reason, blocked.detail) == (HttpReason.BLOCKED_ADDRESS, "a.test: loopback")
    assert nothing.reason is HttpReason.DNS_RESOLVE_ERROR
    assert mixed.status is CheckStatus.OK
    assert http.connections == 1


async def test_addresses_are_tried_in_their_order(fetch: Fetch) -> None:
    async with web_server(ok, host="127.0.0.3") as http:
        verdict = await fetch(http, addresses=("127.0.0.2", "127.0.0.3"))
    assert verdict.status is CheckStatus.OK


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, HttpReason.UNAUTHORIZED),
        (403, HttpReason.FORBIDDEN),
        (404, HttpReason.NOT_FOUND),
        (410, HttpReason.GONE),
        (418, HttpReason.STATUS_CODE_MISMATCH),
        (429, HttpReason.RATE_LIMIT),
        (451, HttpReason.UNAVAILABLE_LEGAL),
        (503, HttpReason.UPSTREAM_5XX),
    ],
)
async def test_a_status_that_is_not_allowed_has_its_reason(
    fetch: Fetch, status: int, reason: HttpReason
) -> None:
    async with web_server(lambda _: page("shop", status)) as http:
        verdict = await fetch(http, matcher=Matcher([KeywordRule("shop")]))
        allowed = await fetch(
            http, matcher=Matcher([KeywordRule("shop")]), allowed_status_codes=(200, status)
        )
    assert (only(verdict), verdict.hits) == ((CheckStatus.ERROR, reason, status), ())
    assert (only(allowed), len(allowed.hits)) == ((CheckStatus.OK, None, status), 1)


@pytest.mark.effect("http_persona.allowed_status_codes")
async def test_allowed_codes_replace_the_2xx(fetch: Fetch) -> None:
    async with web_server(lambda _: page(b"", 204, content_length="")) as http:
        assert (await fetch(http)).status is CheckStatus.OK
        assert (await fetch(http, allowed_status_codes=(200,))).reason is HttpReason.STATUS_CODE_MISMATCH


@pytest.mark.effect("http_persona.headers", "http_persona.user_agent")
async def test_headers_are_sent_as_written_and_in_order(fetch: Fetch) -> None:
    headers = (
        Header("X-second", "2"),
        Header("accept-Language", "de"),
        Header("X-first", "1"),
        Header("Host", "evil.test"),
        Header("User-Agent", "other"),
    )
    async with web_server(ok) as http:
        await fetch(http, headers=headers, user_agent="Agent/1 (+https://example.com)")
    (request,) = http.requests
    assert request.headers == [
        ("Host", f"a.test:{http.port}"),
        ("User-Agent", "Agent/1 (+https://example.com)"),
        ("X-second", "2"),
        ("accept-Language", "de"),
        ("X-first", "1"),
        ("Accept", "text/html,application/xhtml+xml,*/*;q=0.5"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Connection", "close"),
    ]


async def test_credentials_stay_with_their_host(fetch: Fetch) -> None:
    headers = (Header("Authorization", "secret"), Header("X-Other", "1"))
    async with (
        web_server(ok) as other,
        web_server(lambda _: redirect(f"http://b.test:{other.port}/")) as http,
    ):
        await fetch(http, headers=headers)
    assert http.requests[0]["Authorization"] == "secret"
    assert [name for name, _ in other.requests[0].headers if name.startswith(("A", "X"))] == [
        "X-Other",
        "Accept",
        "Accept-Encoding",
    ]


async def test_what_is_not_http_is_an_error(fetch: Fetch) -> None:
    async with web_server(lambda _: b"SSH-2.0-OpenSSH\r\n\r\n") as http:
        assert (await fetch(http)).reason is HttpReason.ERROR


async def test_keywords_are_found_with_zone_count_and_context(fetch: Fetch) -> None:
    rules = [KeywordRule("shop", category="trade", context_chars=3), KeywordRule("absent")]
    async with web_server(lambda _: page("<title>Shop</title><p>my shop, a shop")) as http:
        verdict = await fetch(http, matcher=Matcher(rules))
    assert verdict.hits == (
        KeywordHit("shop", Zone.TITLE, 1, "trade", "Shop"),
        KeywordHit("shop", Zone.BODY, 2, "trade", "my shop, a"),
    )


@pytest.mark.effect("http_persona.concurrency")
@pytest.mark.parametrize("limit", [1, 3])
async def test_concurrency_limits_what_is_under_way(fetch: Fetch, limit: int, authority: Authority) -> None:
    gate = asyncio.Event()

    async def wait(request: Request) -> bytes:
        await gate.wait()
        return ok(request)

    async with web_server(wait) as http, Fetcher(persona(concurrency=limit), here, LOCAL) as fetcher:
        ports = Ports(http.port, closed_port())
        tasks = [asyncio.ensure_future(fetcher.fetch("a.test", HOME, ports, NOTHING)) for _ in range(6)]
        await http.until_open(limit)
        # No more come as long as these are open: most_open says so in the end.
        gate.set()
        assert {(await task).status for task in tasks} == {CheckStatus.OK}
        assert http.most_open == limit


@pytest.mark.effect("http_persona.rate_per_second", "http_persona.burst")
@pytest.mark.parametrize(("rate", "burst", "least"), [(10.0, 1, 0.29), (10.0, 4, 0.0), (1e5, 1, 0.0)])
async def test_rate_and_burst_space_the_fetches(rate: float, burst: int, least: float) -> None:
    loop = asyncio.get_running_loop()
    config = persona(rate_per_second=rate, burst=burst)
    async with web_server(ok) as http, Fetcher(config, here, LOCAL) as fetcher:
        ports = Ports(http.port, closed_port())
        started = loop.time()
        await asyncio.gather(*(fetcher.fetch("a.test", HOME, ports, NOTHING) for _ in range(4)))
        taken = loop.time() - started
    assert taken >= least
    if not least:
        assert taken < 0.29


async def test_a_cancelled_fetch_leaves_no_connection(tls: ssl.SSLContext) -> None:
    async with web_server(never, tls) as https, Fetcher(persona(concurrency=1), here, LOCAL) as fetcher:
        fetcher._contexts.target.check_hostname = False  # type: ignore[union-attr]
        fetcher._contexts.target.verify_mode = ssl.CERT_NONE  # type: ignore[union-attr]
        ports = Ports(closed_port(), https.port)
        task = asyncio.ensure_future(fetcher.fetch("a.test", HOME, ports, NOTHING))
        await https.seen.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(https.idle.wait(), 5)
        https.handler = ok
        assert (await fetcher.fetch("a.test", HOME, ports, NOTHING)).status is CheckStatus.OK


async def test_closing_ends_what_is_open() -> None:
    async with web_server(never) as http:
        async with Fetcher(persona(), here, LOCAL) as fetcher:
            task = asyncio.ensure_future(
                fetcher.fetch("a.test", HOME, Ports(http.port, closed_port()), NOTHING)
            )
            await http.seen.wait()
        await asyncio.wait_for(http.idle.wait(), 5)
        assert (await task).status is CheckStatus.ERROR


async def test_a_defect_of_ours_is_logged_and_costs_one_verdict_only(fetch: Fetch) -> None:
    class Broken(Matcher):
        def hits(self, zones: Mapping[Zone, str]) -> tuple[KeywordHit, ...]:
            raise KeyError(len(zones))

    async with web_server(ok) as http:
        with structlog.testing.capture_logs() as logs:
            verdict = await fetch(http, matcher=Broken([]))
    assert (verdict.reason, verdict.detail) == (HttpReason.ERROR, "KeyError")
    assert [(entry["event"], entry["name"]) for entry in logs] == [("fetch_failed", "a.test")]


async def test_a_redirect_to_a_port_that_is_not_allowed_is_not_even_looked_up(fetch: Fetch) -> None:
    async def nobody(host: str) -> Sequence[str]:
        raise AssertionError(host)

    async with web_server(lambda _: redirect("https://b.test:25/")) as http:
        verdict = await fetch(http, resolve=nobody)
    assert (verdict.reason, verdict.detail) == (HttpReason.BLOCKED_ADDRESS, "port 25 is not allowed")


async def test_a_fetcher_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Fetcher(persona(), here, LOCAL).fetch("a.test", HOME, Ports(), NOTHING)
